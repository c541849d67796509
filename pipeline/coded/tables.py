"""A filled file to cells, with the rows and columns numbered as a spreadsheet shows them."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pipeline.captures import MAX_BYTES
from pipeline.errors import GlosaError
from pipeline.readers import archive, delimited, workbook
from pipeline.readers.decoding import decode
from pipeline.readers.document import UnreadableError, normalize

Place = tuple[int, int]
Rows = list[list[str]]

TEXTS, WORKBOOK = (".csv", ".tsv", ".txt"), ".xlsx"


@dataclass(frozen=True, slots=True)
class Grid:
    """The cells of a table; `top` and `left` are how many empty rows and columns stand before the first cell.

    `merged` leads from a covered place to the one whose value it shows, both counted from the first cell.
    """

    rows: Rows
    top: int = 0
    left: int = 0
    merged: Mapping[Place, Place] = field(default_factory=dict)

    def cell(self, row: int, column: int) -> str:
        """Return a cell's own text, NFC and trimmed; empty beyond the last one."""
        cells = self.rows[row] if row < len(self.rows) else []
        return normalize(cells[column]).strip() if column < len(cells) else ""

    def number(self, row: int) -> int:
        """Return the row's number as a spreadsheet shows it."""
        return row + self.top + 1

    def letter(self, column: int) -> str:
        """Return the column's letters as a spreadsheet shows them."""
        letters, rest = "", column + self.left + 1
        while rest:
            rest, place = divmod(rest - 1, 26)
            letters = chr(ord("A") + place) + letters
        return letters

    def column(self, column: int) -> Iterator[str]:
        """Yield the cells of a column."""
        return (self.cell(row, column) for row in range(len(self.rows)))


def read(file: Path) -> list[Grid]:
    """Return the filled tables of a CSV file (any separator and encoding) or of a workbook; else raise `GlosaError`."""
    suffix = file.suffix.lower()
    if suffix not in (*TEXTS, WORKBOOK):
        raise GlosaError(
            file, f"a file of the kind {suffix or 'without suffix'}.", f"one of {', '.join((*TEXTS, WORKBOOK))}.",
            "Save the sheet as .xlsx or .csv and name that file.",
        )  # fmt: skip
    try:
        if file.stat().st_size > MAX_BYTES:
            raise UnreadableError("too_large", f"more than {MAX_BYTES:,} bytes")
        content = file.read_bytes()
        grids = _workbook(content) if suffix == WORKBOOK else [_text(content)]
    except FileNotFoundError:
        raise GlosaError(file, "there is no such file.", "a filled sheet.", "Check the name.") from None
    except OSError as error:
        raise GlosaError(
            file, f"it can't be opened ({error.strerror}).", "a file.", "Close it elsewhere, or check it."
        ) from None
    except UnreadableError as error:
        raise GlosaError(
            file, f"it can't be read: {error.detail}.", "a table as CSV, or a workbook.",
            "Open it in a spreadsheet and save it as .xlsx or .csv.",
        ) from None  # fmt: skip
    if not grids:
        raise GlosaError(file, "no filled cell.", "a sheet with its header.", "Name the file that was filled in.")
    return grids


def _text(content: bytes) -> Grid:
    text, _ = decode(content)
    return Grid(delimited.split(text)[0])


def _workbook(content: bytes) -> list[Grid]:
    """Return the filled pages of an XLSX; of OpenDocument, the parser doesn't say which cells are merged."""
    import python_calamine as calamine

    archive.check(content, WORKBOOK)
    filled = {sheet.name: sheet.rows for sheet in workbook.sheets(content)}
    book = calamine.load_workbook(io.BytesIO(content))
    grids = []
    for name, rows in filled.items():
        sheet = book.get_sheet_by_name(name)
        top, left = sheet.start or (0, 0)
        merged = {
            (row - top, column - left): (first - top, start - left)
            for (first, start), (last, end) in sheet.merged_cell_ranges or ()
            for row in range(first, min(last, top + len(rows) - 1) + 1)
            for column in range(start, min(end, left + len(rows[0]) - 1) + 1)
            if (row, column) != (first, start)
        }
        grids.append(Grid(rows, top, left, merged))
    return grids
