"""A sheet that is being coded: its cells stay as they stand in the file, except where a change says otherwise."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from pipeline.coded import headings, words
from pipeline.coded.headings import NOTE, RECOMMENDATION, theme_column
from pipeline.coded.problems import Problem, refuse
from pipeline.coded.tables import Grid
from pipeline.errors import GlosaError
from pipeline.estimates import OTHER
from pipeline.readers import delimited
from pipeline.readers.decoding import decode
from pipeline.readers.document import UnreadableError
from pipeline.study import Codebook

_BOM = b"\xef\xbb\xbf"
_GUARDED = re.compile(r"'+[=+\-@\t\r]")
_FORMULA = re.compile(r"'*[=+\-@\t\r]")


class Sheet:
    """A coder's sheet as it stands in its file: cells stay as they are, except where a change says otherwise."""

    def __init__(self, rows: list[list[str]], header: headings.Header, separator: str, line_end: str) -> None:
        self._rows, self._header, self._separator, self._line_end = rows, header, separator, line_end
        width, column = len(rows[header.row]), header.places["unit_id"]
        below = range(header.row + 1, len(rows))
        for row in below:
            rows[row].extend([""] * (width - len(rows[row])))
        self._row_of = {cell: row for row in below if (cell := rows[row][column].strip())}

    @property
    def units(self) -> tuple[str, ...]:
        """The units in the order of the rows."""
        return tuple(self._row_of)

    def cell(self, unit: str, what: str) -> str:
        """Return a cell, without its guard against formulas; empty where the sheet has no such column."""
        place = self._header.places.get(what)
        cell = self._rows[self._row_of[unit]][place] if place is not None else ""
        return cell[1:] if what not in (RECOMMENDATION, OTHER) and _GUARDED.match(cell) else cell

    def put(self, unit: str, what: str, value: str) -> None:
        """Set a cell; a note that a spreadsheet would run as a formula is guarded by an apostrophe."""
        guarded = f"'{value}" if _FORMULA.match(value) else value
        self._rows[self._row_of[unit]][self._header.places[what]] = guarded

    def has(self, unit: str, what: str) -> bool:
        """Whether there are such a row and such a column."""
        return unit in self._row_of and what in self._header.places

    def to_bytes(self) -> bytes:
        """Return the file: UTF-8 with a byte-order mark, separator and line ends as they were read."""
        lines = (self._separator.join(map(self._field, row)) + self._line_end for row in self._rows)
        return _BOM + "".join(lines).encode("utf-8", "replace")

    def _field(self, cell: str) -> str:
        """Quote a cell where it must be, and where it starts with a space, which readers else skip."""
        plain = not cell.startswith(" ") and not any(char in cell for char in (self._separator, '"', "\n", "\r"))
        return cell if plain else '"' + cell.replace('"', '""') + '"'


def read_sheet(file: Path, codebook: Codebook) -> Sheet:
    """Read a sheet; raise `GlosaError` with every row and column that can't be understood."""
    content = _content(file)
    try:
        rows, separator = delimited.split(decode(content)[0])
    except UnreadableError as error:
        raise GlosaError(
            file, f"it can't be read: {error.detail}.", "a sheet as `glosa code sheet` writes it.",
            "Put the file back, or save it as CSV in UTF-8.",
        ) from None  # fmt: skip
    while rows and not any(rows[-1]):
        rows.pop()
    header = headings.of_sheet(Grid(rows), codebook)
    needed = ("unit_id", "text", *fillable(codebook))
    missing = [name for name in needed if header is None or name not in header.places]
    if header is None or missing:
        raise GlosaError(
            file, f"no column is called {', '.join(missing)}.", f"the columns {', '.join(needed)}.",
            "Put the header back as `glosa code sheet` wrote it.",
        )  # fmt: skip
    sheet = Sheet(rows, header, separator, "\r\n" if b"\r\n" in content else "\n")
    found = [*header.problems, *_unclear(Grid(rows), header, codebook)]
    refuse(file, found, "one row per unit; marks such as x, 1, yes, or nothing.", "Correct these cells in the sheet.")
    return sheet


def fillable(codebook: Codebook) -> tuple[str, ...]:
    """Return the columns that a coder fills in."""
    return (RECOMMENDATION, *map(theme_column, codebook.ids), OTHER, NOTE)


def _content(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except FileNotFoundError:
        raise GlosaError(
            file, "there is no such sheet.", "a sheet that `glosa code sheet` has written.", "Check the name."
        ) from None
    except OSError as error:
        raise GlosaError(
            file, f"it can't be opened ({error.strerror}).", "a sheet that can be read and written.",
            "Close it in other programs, or check its permissions.",
        ) from None  # fmt: skip


def _unclear(grid: Grid, header: headings.Header, codebook: Codebook) -> Iterator[Problem]:
    """Yield rows that name no unit or one that stood before, and cells that say neither yes nor no."""
    seen: dict[str, int] = {}
    marked = headings.mark_names(codebook)
    for row in range(header.row + 1, len(grid.rows)):
        unit, number = grid.cell(row, header.places["unit_id"]), grid.number(row)
        if not any(grid.rows[row]):
            continue
        if not unit or unit in seen:
            what = f"the unit stands in row {seen[unit]} as well" if unit else "no unit_id"
            yield Problem(number, header.name("unit_id"), what)
        seen.setdefault(unit, number)
        for name, called in marked.items():
            cell = grid.cell(row, header.places[name])
            try:
                words.mark(cell, called)
            except words.NoMarkError:
                yield Problem(number, header.name(name), f"{cell[:40]!r} is neither a yes nor a no")
