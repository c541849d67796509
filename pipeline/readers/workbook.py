"""Workbooks (XLSX, ODS) to sheets of text cells, as people see them."""

from __future__ import annotations

import datetime as dt
import io
import re
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pipeline.readers.document import UnreadableError

MAX_ODS_CELLS = 10_000_000
_ODS_TAG = re.compile(rb"<(?:[\w-]+:)?(table|table-row|table-cell|covered-table-cell)\b(?!-)([^>]*)>")
_REPEATED = re.compile(rb"number-(?:rows|columns)-repeated\s*=\s*[\"'](\d{1,9})")


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet's rows, and what merged cells show in the places they cover, by row and column."""

    name: str
    rows: list[list[str]]
    covered: Mapping[tuple[int, int], str] = field(default_factory=dict)


def sheets(content: bytes) -> list[Sheet]:
    """Return every sheet that has a filled cell, hidden ones as well."""
    import python_calamine as calamine

    _check_repeats(content)
    try:
        book = calamine.load_workbook(io.BytesIO(content))
        kinds = {meta.name: meta.typ for meta in book.sheets_metadata}
        tables = [n for n in book.sheet_names if kinds.get(n) == calamine.SheetTypeEnum.WorkSheet]
        found = [_sheet(book.get_sheet_by_name(name)) for name in tables]
    except Exception as error:  # the parser's own errors have no common base
        raise UnreadableError("unreadable", f"a damaged file, or no workbook: {error}") from None
    return [sheet for sheet in found if sheet.rows]


def _sheet(sheet: Any) -> Sheet:
    rows = [[_shown(value) for value in row] for row in sheet.to_python()]
    covered: dict[tuple[int, int], str] = {}
    top, left = sheet.start or (0, 0)
    for (first, column), (last, end) in sheet.merged_cell_ranges or ():
        if column == end and 0 <= first - top < len(rows) and 0 <= column - left < len(rows[first - top]):
            value = rows[first - top][column - left]
            covered |= {(row - top, column - left): value for row in range(first + 1, min(last, top + len(rows)) + 1)}
    return Sheet(sheet.name, rows, covered)


def _shown(value: object) -> str:
    """Return a cell as people see it: no `3.0`, no midnight behind a date."""
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, float):
        return f"{value:.15g}"
    if isinstance(value, dt.datetime):
        return value.isoformat(" ").removesuffix(" 00:00:00")
    return "" if value is None else str(value)


def _check_repeats(content: bytes) -> None:
    """Refuse an ODS sheet in which one cell, said to repeat, makes a grid of thousands of millions."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as package:
            xml = package.read("content.xml") if "content.xml" in package.namelist() else b""
    except Exception as error:  # zipfile, zlib, lzma and struct errors have no common base
        raise UnreadableError("unreadable", f"a damaged file, or no workbook: {error}") from None
    if (cells := _grid(xml)) > MAX_ODS_CELLS:
        raise UnreadableError("too_large", f"a sheet of {cells:,} cells; at most {MAX_ODS_CELLS:,}")


def _grid(xml: bytes) -> int:
    """Return how many cells the largest sheet spans, from its corner to its last filled row and column."""
    largest = rows = repeat = columns = width = 0
    for match in _ODS_TAG.finditer(xml):
        found = _REPEATED.search(match[2])
        times = int(found[1]) if found else 1
        if match[1] == b"table":
            rows = repeat = width = 0
        elif match[1] == b"table-row":
            rows, repeat, columns = rows + repeat, times, 0
        else:
            columns += times
            if not match[2].endswith(b"/"):
                width = max(width, columns)
                largest = max(largest, (rows + repeat) * width)
    return largest
