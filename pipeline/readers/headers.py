"""Where the header of a table stands, if it has one: by known names, else by contrast with the rows below."""

from __future__ import annotations

import re
from collections.abc import Sequence
from statistics import median_low

from pipeline.readers.columns import (
    MAX_COLUMNS,
    MAX_NAME,
    Profile,
    extent,
    fold_name,
    is_known,
    is_partly_known,
    is_typed,
    known_names,
    profile,
)

Rows = Sequence[Sequence[str]]

_MAX_ABOVE = 20
_SAMPLE = 200
_CODE = re.compile(r"[^\W\d_]{1,12}[_\d]\w*")
_SENTENCE_END = (".", "!", "…", ";", ",")
_RULE = re.compile(r":?-{2,}:?")
_QUALTRICS = '{"ImportId"'


def find(rows: Rows, named: Sequence[str] = ()) -> tuple[int, int] | None:
    """Return the row of the header and the first row below it, or None where the first row is a record already.

    Args:
        rows: every row of the table.
        named: column names that study.toml gives.
    """
    filled = [i for i, row in enumerate(rows[: _MAX_ABOVE * 5]) if any(cell.strip() for cell in row)][:_MAX_ABOVE]
    mark = next((i for i in filled[1:] if any(cell.startswith(_QUALTRICS) for cell in rows[i])), None)
    if mark is not None:
        return max(i for i in filled if i < mark), mark + 1
    usual = median_low([_filled(row) for row in rows[:_SAMPLE] if _filled(row)] or [0])
    wide = [i for i in filled if 2 * _filled(rows[i]) > usual or _filled(rows[i]) >= usual]
    known = {fold_name(name) for name in named}
    best = max(wide, key=lambda i: (_names(rows[i], known), _filled(rows[i]), -i), default=None)
    if best is not None and _names(rows[best], known) >= max(_typed(rows[best]), 1):
        return best, best + 1 + _is_second_header(rows[best + 1 : best + 3])
    first = next((i for i in wide if not rows[i][0].startswith("#")), None)
    if first is None or not _contrasts(rows[first], rows[first + 1 :]):
        return None
    return first, first + 1 + _is_second_header(rows[first + 1 : first + 3])


def _is_second_header(rows: Rows) -> bool:
    """Whether the first of two rows belongs to the header above: a rule, or kinds of answers below the questions."""
    if len(rows) < 2 or not _filled(rows[0]):
        return False
    is_rule = all(_RULE.fullmatch(cell.strip()) for cell in rows[0])
    is_below = not rows[0][0].strip() and bool(rows[1][:1] and rows[1][0].strip())
    return is_rule or (is_below and any(fold_name(cell) in known_names("text") for cell in rows[0]))


def _filled(row: Sequence[str]) -> int:
    return sum(bool(cell.strip()) for cell in row)


def _names(row: Sequence[str], known: set[str]) -> int:
    cells = [cell for cell in row[:MAX_COLUMNS] if cell.strip() and len(cell) <= MAX_NAME]
    return sum(is_known(cell) or fold_name(cell) in known for cell in cells)


def _typed(row: Sequence[str]) -> int:
    return sum(is_typed(cell) for cell in row if cell.strip())


def _contrasts(row: Sequence[str], rows: Rows) -> bool:
    """Whether a row is of another kind than those below: the names or questions of their columns."""
    below = [r for r in rows[:_SAMPLE] if _filled(r)]
    if not below or _typed(row):
        return False
    columns = [
        (cell.strip(), [r[i].strip() for r in below if i < len(r) and r[i].strip()])
        for i, cell in enumerate(row[:MAX_COLUMNS])
        if cell.strip()
    ]
    if len(columns) == 1:
        return _heads_one(*columns[0])
    partly = sum(_is_label(cell) and is_partly_known(cell) for cell, _ in columns)
    is_asked = any(cell.endswith("?") and cells and not any(c.endswith("?") for c in cells) for cell, cells in columns)
    profiles = [profile(cells) for _, cells in columns]
    is_typed_below = any(p.kind in {"number", "date", "link"} for p in profiles)
    return 2 * partly >= len(columns) or is_asked or is_typed_below or _is_short_above_prose(columns, profiles)


def _heads_one(cell: str, cells: Sequence[str]) -> bool:
    """Whether a cell is the header of the only column: a name, a code such as `Q1`, the one question of many rows."""
    if _is_label(cell) and (is_partly_known(cell) or _CODE.fullmatch(cell)):
        return True
    return len(cells) >= 3 and cell.endswith("?") and not any(c.endswith("?") for c in cells)


def _is_label(cell: str) -> bool:
    return extent(cell) <= 4 and not cell.endswith(_SENTENCE_END)


def _is_short_above_prose(columns: Sequence[tuple[str, list[str]]], profiles: Sequence[Profile]) -> bool:
    """Whether every cell is a label that doesn't come again, one of them above prose where short cells are rare."""
    if not all(_is_label(cell) and cell not in cells for cell, cells in columns):
        return False
    return any(
        p.is_prose and sum(extent(c) <= 4 for c in cells) <= 0.1 * len(cells)
        for p, (_, cells) in zip(profiles, columns, strict=True)
    )
