"""Delimited text to rows: the separator is found from the cells it makes, and no quotation mark swallows the file."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from pipeline.readers.columns import MAX_NAME, is_known
from pipeline.readers.document import UnreadableError

NO_SEPARATOR = "\x1f"
_USUAL = ",;\t|"
_RARE = "^~:"
_SAMPLE = 65_536
_SAMPLE_ROWS = 100
_SAMPLE_CELLS = 1_000
_STEADY = 0.8
_MAX_CELL = 10_000_000
_DECLARED = re.compile(r"sep=(.)\n", re.IGNORECASE)
_PUNCTUATION = re.compile(r"[,;:]\s")


class _Fit(NamedTuple):
    """How well a separator explains a text: known names in one row, share of rows of the usual width, that width."""

    names: int
    steady: float
    width: int


def split(text: str, prefer: str = "") -> tuple[list[list[str]], str]:
    """Return the rows of a CSV or TSV text, and its separator."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").removeprefix("\ufeff")
    declared = _DECLARED.match(text)
    if declared:
        separator, text = declared[1], text[declared.end() :]
    else:
        separator = prefer if prefer and prefer in text[:_SAMPLE] else find_separator(text)
    csv.field_size_limit(_MAX_CELL)
    try:
        return list(_rows(text, separator)), separator
    except csv.Error as error:
        raise UnreadableError("unreadable", f"no table of separated values: {error}") from None


def find_separator(text: str) -> str:
    """Return the separator whose cells make the best table, `NO_SEPARATOR` where the text has one column."""
    sample = text[:_SAMPLE]
    if len(text) > _SAMPLE:
        sample = sample[: sample.rfind("\n") + 1] or sample
    fits = {separator: _fit(sample, separator) for separator in _USUAL + _RARE if separator in sample}
    able = {separator: fit for separator, fit in fits.items() if _is_able(separator, fit, sample)}
    return max(able, key=lambda separator: able[separator], default=NO_SEPARATOR)


def _is_able(separator: str, fit: _Fit, sample: str) -> bool:
    if fit.width < 2:
        return False
    if separator == ":":
        return fit.names >= 2 and fit.steady >= _STEADY
    if separator in ",;" and not fit.names:
        spaced = len(re.findall(f"{separator} ", sample))
        return fit.steady >= _STEADY and spaced < 0.8 * sample.count(separator)
    return fit.names >= 1 or fit.steady >= _STEADY


def _fit(sample: str, separator: str) -> _Fit:
    csv.field_size_limit(_MAX_CELL)
    rows = []
    try:
        for row in csv.reader(sample.splitlines(keepends=True), delimiter=separator, skipinitialspace=True):
            if len(row) > 1 or any(cell.strip() for cell in row):
                rows.append(row)
            if len(rows) == _SAMPLE_ROWS:
                break
    except csv.Error:
        return _Fit(0, 0.0, 0)
    widths = Counter(map(len, rows))
    width, count = max(widths.items(), key=lambda item: (item[1], item[0]), default=(0, 0))
    names = max((_names(row) for row in rows[:20] if len(row) > 1), default=0)
    return _Fit(min(names, 3), round(count / max(len(rows), 1), 2), width)


def _names(row: list[str]) -> int:
    return sum(is_known(cell) for cell in row[:_SAMPLE_CELLS] if len(cell) <= MAX_NAME)


def _rows(text: str, separator: str) -> Iterator[list[str]]:
    """Yield the rows; a quotation mark that no other one closes is a character, not the beginning of a cell."""
    lines = text.split("\n")
    start = 0
    while start < len(lines):
        below = (lines[i] + "\n" for i in range(start, len(lines)))
        reader = csv.reader(below, delimiter=separator, skipinitialspace=True)
        first = start
        for row in reader:
            end = start + reader.line_num
            if (end - first > 1 or end == len(lines)) and not _is_closed(lines[first:end], separator):
                yield lines[first].split(separator)
                break
            yield row
            first = end
        else:
            return
        start = first + 1


def _is_closed(lines: list[str], separator: str) -> bool:
    """Whether these lines are one row by the letter: every cell that is opened is closed, and ends there."""
    try:
        list(csv.reader(["\n".join(lines)], delimiter=separator, skipinitialspace=True, strict=True))
    except csv.Error:
        return False
    return True
