"""Strike units from people's work: the rows about them go, every other row stays as it is, byte for byte in CSV.

A row that stays but names a unit by an id that has changed, or holds the name of somebody forgotten, has just these
replaced.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from pipeline.readers.delimited import find_separator
from pipeline.wording import fold

Place = tuple[str, str, str]
_MAX_CELL = 10_000_000
_LINE = re.compile(r"[^\n]*\n|[^\n]+")
_ID = re.compile(r"\b[pu][0-9a-f]{16}\b")
# What stands in these columns are people at work, files and codes, not what was said.
_NOT_WORDS = frozenset({"coder", "auditor", "author", "signed_off", "file", "round", "codes", "purpose", "stratum"})


@dataclass(frozen=True, slots=True)
class Struck:
    """What goes (ids of units, passages and voices; places; folded texts) and what changes.

    Attributes:
        ids: of units, passages and voices that go.
        places: file, start and end of units that go.
        texts: folded texts of units and passages that go, and of nothing that stays.
        renamed: new ids by old ones.
        cleaned: takes a text and returns it with blocks for the names of who is forgotten.
    """

    ids: frozenset[str]
    places: frozenset[Place]
    texts: frozenset[str]
    renamed: Mapping[str, str]
    cleaned: Callable[[str], str]

    def has(self, cells: Sequence[str], header: Sequence[str]) -> bool:
        """Whether a row is about something that goes."""
        values = [cell.strip().lstrip("'") for cell in cells]
        if any(value.lower() in self.ids for value in values):
            return True
        if any(_ID.fullmatch(value.lower()) for value in values):
            return False
        named = dict(zip(header, values, strict=False))
        place = named.get("file", ""), named.get("start", ""), named.get("end", "")
        return place in self.places or any(fold(value) in self.texts for value in values if value)

    def edited(self, cells: Sequence[str], header: Sequence[str]) -> list[str]:
        """Return the cells of a row that stays."""
        names = [*header, *[""] * (len(cells) - len(header))]
        renamed = [_ID.sub(lambda m: self.renamed.get(m[0], m[0]), cell) for cell in cells]
        return [cell if name in _NOT_WORDS else self.cleaned(cell) for cell, name in zip(renamed, names, strict=False)]


class Done(NamedTuple):
    """A file's new content, how many rows went, and how many were changed."""

    content: bytes
    gone: int
    changed: int


class _Row(NamedTuple):
    raw: str
    cells: list[str]


def table(content: bytes, struck: Struck) -> Done | None:
    """Strike rows from a CSV file; None where it is no table in UTF-8 (or Windows-1252)."""
    csv.field_size_limit(_MAX_CELL)
    for codec in ("utf-8", "cp1252"):
        try:
            text = content.decode(codec)
        except UnicodeDecodeError:
            continue
        break
    else:
        return None
    separator = find_separator(text.removeprefix("\ufeff"))
    out, gone, changed, header = list[str](), 0, 0, list[str]()
    for row in _rows(text, separator):
        header = header or [cell.strip().strip("\ufeff").lower() for cell in row.cells]
        cells = struck.edited(row.cells, header)
        if struck.has(row.cells, header):
            gone += 1
        elif cells != row.cells:
            changed += 1
            out.append(_written(cells, separator, "\r\n" if row.raw.endswith("\r\n") else "\n"))
        else:
            out.append(row.raw)
    return Done("".join(out).encode(codec, "xmlcharrefreplace"), gone, changed)


def workbook(content: bytes, struck: Struck) -> Done:
    """Strike rows from an XLSX workbook; drop-downs, widths and formats stay."""
    import openpyxl

    book = openpyxl.load_workbook(io.BytesIO(content))
    gone = changed = 0
    for sheet in book.worksheets:
        rows = [[str(cell.value or "") for cell in row] for row in sheet.iter_rows()]
        header = [cell.strip().lower() for cell in rows[0]] if rows else []
        for number in range(len(rows), 0, -1):
            cells = rows[number - 1]
            if struck.has(cells, header):
                sheet.delete_rows(number)
                gone += 1
                continue
            edited = struck.edited(cells, header)
            changed += edited != cells
            for column, (old, new) in enumerate(zip(cells, edited, strict=True), 1):
                if new != old:
                    sheet.cell(number, column).value = new
    out = io.BytesIO()
    book.save(out)
    return Done(out.getvalue() if gone or changed else content, gone, changed)


def journal(content: bytes, struck: Struck) -> Done:
    """Strike changes from a journal, and count anew how many of the others its sheet holds."""
    out, kept, gone = list[bytes](), list[bool](), 0
    for line in content.splitlines(keepends=True):
        try:
            value = json.loads(line)
        except ValueError:
            value = None
        if not isinstance(value, dict):
            out.append(line)
        elif "in_sheet" in value:
            held = sum(kept[: int(value["in_sheet"])])
            out.append(json.dumps({"in_sheet": held}).encode() + b"\n")
        else:
            goes = value.get("unit") in struck.ids
            kept.append(not goes)
            gone += goes
            if not goes:
                renamed = _ID.sub(lambda m: struck.renamed.get(m[0], m[0]), line.decode())
                out.append(struck.cleaned(renamed).encode())
    new = b"".join(out)
    return Done(new if gone or new != content else content, gone, 0)


def _rows(text: str, separator: str) -> Iterator[_Row]:
    """Yield the rows of a table with the letters they are written in."""
    lines = _LINE.findall(text)
    reader, first = csv.reader(lines, delimiter=separator), 0
    for cells in reader:
        yield _Row("".join(lines[first : reader.line_num]), cells)
        first = reader.line_num


def _written(cells: Sequence[str], separator: str, end: str) -> str:
    out = io.StringIO()
    csv.writer(out, delimiter=separator, lineterminator=end).writerow(cells)
    return out.getvalue()
