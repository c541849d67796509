"""Everything that is wrong with a file, collected row by row and told at once."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from pipeline.errors import GlosaError

SHOWN = 20


class Problem(NamedTuple):
    """One thing that is wrong: the row as a spreadsheet numbers it (0: the whole file), the column, and what."""

    row: int
    column: str
    what: str

    def __str__(self) -> str:
        place = [f"row {self.row}"] if self.row else []
        place += [f"column {self.column}"] if self.column else []
        return f"{', '.join(place)}: {self.what}" if place else self.what


def refuse(file: Path, found: list[Problem], expected: str, remedy: str) -> None:
    """Raise one `GlosaError` that lists the first problems in the order of the rows, if there are any."""
    if not found:
        return
    shown = [str(problem) for problem in sorted(found, key=lambda problem: problem.row)[:SHOWN]]
    if len(found) > SHOWN:
        shown.append(f"… and {len(found) - SHOWN} more")
    raise GlosaError(file, "\n            ".join(shown), expected, remedy)
