"""What people wrote in place of a unit, so that its sense can be published and its words can't be searched for.

`data/quotes/paraphrases.csv` has the columns `unit_id, text, language, author, signed_off`. A row counts once somebody
has signed it off: with a name, and a date as 2026-03-31.
"""

from __future__ import annotations

import csv
import datetime
import io
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import NamedTuple

from pipeline.errors import GlosaError
from pipeline.wordruns import LENGTH, Forbidden

COLUMNS = ("unit_id", "text", "language", "author", "signed_off")


class Paraphrase(NamedTuple):
    """A text that a person has signed off, and its language (empty: that of the unit)."""

    text: str
    language: str


def read(file: Path, units: Collection[str], forbidden: Forbidden) -> tuple[dict[str, Paraphrase], dict[str, int]]:
    """Return the paraphrases that may be used, by unit id, and how many rows were used, unsigned or of no unit.

    Raises `GlosaError` where the file isn't such a table, a date is none, a unit has two, or a paraphrase quotes.
    """
    found: dict[str, Paraphrase] = {}
    counts = {"used": 0, "unsigned": 0, "without_unit": 0}
    for line, row in enumerate(_rows(file), start=2):
        text, author, date = row["text"], row["author"], row["signed_off"]
        if date and not _is_date(date):
            raise GlosaError(
                f"{file}, line {line}", f"signed_off is {date!r}.", "a date as 2026-03-31.", "Write it so, or empty it."
            )
        if not (text and author and date):
            counts["unsigned"] += 1
        elif row["unit_id"] not in units:
            counts["without_unit"] += 1
        elif row["unit_id"] in found:
            raise GlosaError(
                f"{file}, line {line}",
                f"unit {row['unit_id']} has two paraphrases that are signed off.",
                "one.",
                "Empty signed_off in the other.",
            )
        elif quoted := forbidden.first([text]):
            raise GlosaError(
                f"{file}, line {line}",
                f"the paraphrase of {row['unit_id']} repeats words of {forbidden.whose(quoted[1])}: “{quoted[1]}”.",
                f"fewer than {LENGTH} words in a row of anything that may not be quoted.",
                "Say it in other words: these can be searched for.",
            )
        else:
            found[row["unit_id"]] = Paraphrase(text, row["language"])
            counts["used"] += 1
    return found, counts


def _rows(file: Path) -> list[Mapping[str, str]]:
    if not file.is_file():
        return []
    try:
        table = csv.DictReader(io.StringIO(file.read_text(encoding="utf-8-sig")))
        missing = [column for column in COLUMNS if column not in (table.fieldnames or ())]
        rows: list[Mapping[str, str]] = [
            {column: (row.get(column) or "").strip() for column in COLUMNS} for row in table
        ]
    except (UnicodeDecodeError, csv.Error) as error:
        raise GlosaError(file, f"it can't be read: {error}.", "a CSV file in UTF-8.", "Save it so.") from None
    if missing:
        raise GlosaError(
            file, f"there is no column {missing[0]}.", f"the columns {', '.join(COLUMNS)}.", "Add it, even if empty."
        )
    return rows


def _is_date(text: str) -> bool:
    try:
        datetime.date.fromisoformat(text)
    except ValueError:
        return False
    return True
