"""Tables of records: CSV, TSV, workbooks, JSON and JSONL. Each text of a record is one block."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Any

from pipeline.readers import delimited, headers, trees, workbook
from pipeline.readers.columns import Column, Head, Wanted, choose, fold_name, is_known, known_names
from pipeline.readers.decoding import decode
from pipeline.readers.document import Builder, Document, SetAside, UnreadableError, normalize

RecordReader = Callable[..., list[Document]]

FIND = Wanted()
_NULLS = frozenset({"", "nan", "null", "none", "n/a", "na", "-", "--", "s/r", "#n/a"})


@dataclass(frozen=True, slots=True)
class Record:
    """A row: its cells by column (None: it has no such key), what merged cells cover, cells beyond the last column.

    A row may be shorter than the header: the cells that are missing are empty.
    `problem` says why there are no cells.
    """

    locator: str
    cells: Sequence[str | None]
    covered: Mapping[int, str] = field(default_factory=dict)
    excess: Sequence[str] = ()
    problem: str = ""

    def has(self, column: Column) -> bool:
        """Whether the record has such a key; the rows of a table have every column."""
        return column.place >= len(self.cells) or self.cells[column.place] is not None

    def text(self, column: Column) -> str:
        """Return the record's own cell."""
        return (self.cells[column.place] if column.place < len(self.cells) else "") or ""

    def first(self, columns: Sequence[Column], role: str) -> str:
        """Return the first filled cell of a role, or of those that are merged with it."""
        cells = (self.text(c) or self.covered.get(c.place, "") for c in columns if c.role == role)
        return next((cell.strip() for cell in cells if cell.strip()), "")


@dataclass(frozen=True, slots=True)
class Table:
    """Columns, records, and what is set aside before they are looked at."""

    heads: Sequence[Head]
    records: Sequence[Record]
    set_aside: tuple[SetAside, ...] = ()
    separator: str = ""


def read_delimited(content: bytes, path: PurePath, wanted: Wanted = FIND) -> list[Document]:
    """Read a CSV or TSV export."""
    decoded, encoding = decode(content)
    rows, separator = delimited.split(decoded, prefer="\t" if path.suffix.lower() == ".tsv" else "")
    return [_document(_table(rows, wanted, separator=separator), wanted, path, encoding)]


def read_workbook(content: bytes, path: PurePath, wanted: Wanted = FIND) -> list[Document]:
    """Read every sheet of a workbook that holds anything; a sheet without text doesn't keep the others out."""
    sheets = workbook.sheets(content)
    if not sheets:
        raise UnreadableError("empty_file", "the workbook has no filled sheet")
    documents, problems = [], []
    for sheet in sheets:
        try:
            table = _table(sheet.rows, wanted, sheet.covered)
            documents.append(_document(table, wanted, path, "utf-8", sheet.name))
        except UnreadableError as error:
            problems.append(error)
            aside = (SetAside("file", error.reason, error.detail),)
            documents.append(Document(_format(path), "utf-8", sheet.name, "", (), aside, sheet.name, is_page=False))
    if len(problems) == len(sheets):
        raise problems[0]
    return documents


def read_json(content: bytes, path: PurePath, wanted: Wanted = FIND) -> list[Document]:
    """Read the longest list of records that has texts; other such lists are set aside."""
    decoded, encoding = decode(content)
    text = _unmarked(decoded)
    try:
        found = trees.lists(trees.parse(text))
    except UnreadableError:
        if not any(_json_object(line) for line in text.split("\n", 2)[:2]):
            raise
        return read_jsonl(content, path, wanted)
    if not found:
        raise UnreadableError("empty_file", "no record")
    return [_document(_longest(found, wanted), wanted, path, encoding)]


def read_jsonl(content: bytes, path: PurePath, wanted: Wanted = FIND) -> list[Document]:
    """Read one JSON object per line; `{"text": "…"}` is enough."""
    decoded, encoding = decode(content)
    records: list[trees.Record | Record] = []
    for number, line in enumerate(_unmarked(decoded).split("\n"), start=1):
        if not line.strip():
            continue
        value = _json_object(line)
        if value is None:
            records.append(Record(f"line {number}", (), problem="not a JSON object"))
            continue
        nested = trees.lists([value])["/*"]
        records += [trees.Record(f"line {number}{r.pointer.removeprefix('/0')}", r.values) for r in nested]
    if not any(isinstance(record, trees.Record) for record in records):
        raise UnreadableError("unreadable" if records else "empty_file", "no line is a JSON object")
    return [_document(_keyed(records), wanted, path, encoding)]


def _unmarked(text: str) -> str:
    """Drop the byte-order mark that an encoding may have left."""
    return text.removeprefix("\ufeff")


def _table(
    rows: Sequence[Sequence[str]],
    wanted: Wanted,
    covered: Mapping[tuple[int, int], str] | None = None,
    separator: str = "",
) -> Table:
    """Return the columns and records of rows, wherever the header stands, if there is one."""
    if not any(cell.strip() for row in rows for cell in row):
        raise UnreadableError("empty_file", "no filled row")
    header = headers.find(rows, (*wanted.text, *wanted.voice, *wanted.language))
    place, first = header or (-1, 0)
    names = rows[place] if header else [""] * _usual_width(rows)
    aside = [
        SetAside(f"row {i + 1}", "before_header", "a row above the first record that is no record")
        for i, row in enumerate(rows[:first])
        if i != place and any(cell.strip() for cell in row)
    ]
    by_row: dict[int, dict[int, str]] = {}
    for (row, column), value in (covered or {}).items():
        by_row.setdefault(row, {})[column] = value
    records = [
        Record(
            f"record {i - first + 1}",
            row[: len(names)],
            by_row.get(i, {}),
            row[len(names) :],
        )
        for i, row in enumerate(rows[first:], start=first)
        if any(cell.strip() for cell in row)
    ]
    return Table(_heads(names), records, tuple(aside), separator)


def _heads(names: Sequence[str]) -> list[Head]:
    """Name the columns, each by a name of its own; the only one holds the text, whatever it is called."""
    filled = [name for name in names if name.strip()]
    sole = filled[0] if len(filled) == 1 and not is_known(filled[0]) else "" if len(names) == 1 else None
    heads: list[Head] = []
    taken: set[str] = set()
    for i, name in enumerate(names, start=1):
        plain = " ".join(normalize(name).split()) or f"column {i}"
        shown, times = plain, 1
        while shown in taken:
            times += 1
            shown = f"{plain} ({times})"
        taken.add(shown)
        heads.append(Head(shown, "text" if name == sole else fold_name(name)))
    return heads


def _usual_width(rows: Sequence[Sequence[str]]) -> int:
    widths = Counter(len(row) for row in rows if any(cell.strip() for cell in row))
    return max(widths.items(), key=lambda item: (item[1], item[0]))[0]


def _keyed(records: Sequence[trees.Record | Record]) -> Table:
    """Return a table of records that bring their own keys."""
    heads = trees.heads([record for record in records if isinstance(record, trees.Record)])
    return Table(
        heads,
        [
            Record(record.pointer, [record.values.get(head.name) for head in heads])
            if isinstance(record, trees.Record)
            else record
            for record in records
        ],
    )


def _longest(found: Mapping[str, list[trees.Record]], wanted: Wanted) -> Table:
    """Return the longest list that has texts; the others are set aside."""
    able, problems = {}, []
    for path, records in found.items():
        try:
            table = _keyed(records)
            choose(table.heads, [record.cells for record in table.records], wanted)
        except UnreadableError as error:
            problems.append((path, error))
        else:
            able[path] = table
    if not able:
        raise max(problems, key=lambda problem: len(found[problem[0]]))[1]
    best = max(able, key=lambda path: len(able[path].records))
    aside = [SetAside(path or "/", error.reason, error.detail) for path, error in problems]
    aside += [SetAside(path, "other_list", f"{len(able[path].records)} records") for path in able if path != best]
    return Table(able[best].heads, able[best].records, tuple(aside))


def _document(table: Table, wanted: Wanted, path: PurePath, encoding: str, part: str = "") -> Document:
    columns = choose(table.heads, [record.cells for record in table.records], wanted)
    roles = tuple((column.name, column.role) for column in columns)
    builder, set_aside = Builder(), list(table.set_aside)
    for record in table.records:
        set_aside += _add(builder, record, columns, table.separator)
    pieces = builder.text, builder.blocks, tuple(set_aside)
    return Document(_format(path), encoding, part, *pieces, part, is_page=False, columns=roles)


def _add(builder: Builder, record: Record, columns: Sequence[Column], separator: str) -> list[SetAside]:
    """Add one record's texts; return what of it is set aside."""
    if record.problem:
        return [SetAside(record.locator, "bad_record", record.problem)]
    texts = [c for c in columns if c.role == "text" and record.has(c)]
    if not texts:
        keys = [column.name for column in columns if record.has(column)]
        return [SetAside(record.locator, "no_text_column", f"keys: {', '.join(keys)[:200]}")]
    excess = [cell for cell in record.excess if cell.strip()]
    is_cut = bool(excess) and texts[-1].place == len(columns) - 1
    aside = [] if is_cut else _beyond(record, len(columns))
    voice, tag = _voice(record.first(columns, "voice")), record.first(columns, "language")
    for column in texts:
        locator = f'{record.locator}, column "{column.name}"' if len(texts) > 1 else record.locator
        text = record.text(column)
        if is_cut and column is texts[-1]:
            text = separator.join([text, *record.excess])
        bare = normalize(text).strip()
        if bare.lower() in _NULLS:
            aside.append(SetAside(locator, "empty_cell", f"the text is {bare!r}" if bare else "the text is empty"))
        else:
            builder.add(text, locator, "comment", voice, tag or None)
    return aside


def _beyond(record: Record, width: int) -> list[SetAside]:
    """Set aside the cells of a row that is longer than the header."""
    return [
        SetAside(f"{record.locator}, cell {place}", "bad_record", "a cell beyond the last column")
        for place, cell in enumerate(record.excess, start=width + 1)
        if cell.strip()
    ]


def _voice(name: str) -> str | None:
    """Return a contributor's name, None where it names nobody ("anonymous")."""
    return None if name.lower() in _NULLS or fold_name(name) in known_names("nobody") else name


def _format(path: PurePath) -> str:
    return path.suffix[1:].lower()


def _json_object(line: str) -> dict[str, Any] | None:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None
