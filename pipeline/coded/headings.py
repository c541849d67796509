"""Which column of a table is which: by the sheet's own names, themes' labels in any language, or what people say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from pipeline.coded import words
from pipeline.coded.problems import Problem
from pipeline.coded.tables import Grid
from pipeline.estimates import OTHER
from pipeline.readers.columns import fold_name
from pipeline.study import Codebook

GIVEN = ("unit_id", "file", "start", "end", "language", "before", "text", "after")
RECOMMENDATION, NOTE = "recommendation", "note"
RECORD = ("unit_id", "file", "start", "end", "text", "coder", "codes", "round")
_FIXED = (*GIVEN, RECOMMENDATION, OTHER, NOTE)
_UNIT = frozenset({"unit_id", "text", "start"})
_ABOVE = 20

Names = Sequence[Mapping[str, set[str]]]


@dataclass(frozen=True, slots=True)
class Header:
    """Where a table's header stands, and in which column each field is."""

    row: int
    places: Mapping[str, int]
    names: Mapping[str, str]
    unused: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = field(default=())

    def name(self, what: str) -> str:
        """Return a field's column as it is called in the file."""
        return self.names.get(what, what)


def theme_column(theme_id: str) -> str:
    """Return the name of a theme's column: its id, with `theme:` before it where a fixed column is called so."""
    return f"theme:{theme_id}" if theme_id in _FIXED else theme_id


def of_sheet(grid: Grid, codebook: Codebook) -> Header | None:
    """Find the header of a filled sheet and its columns; None where no row has a unit's column and a mark's."""
    names = _sheet_names(codebook)
    return _best(grid, names, {RECOMMENDATION, OTHER, *map(theme_column, codebook.ids)}, _UNIT)


def of_record(grid: Grid) -> Header | None:
    """Find the header of codings with one row per unit and coder; None where there is no column of codes."""
    names = [{name: {name} for name in RECORD}, _folded({name: words.synonyms(name) for name in RECORD})]
    return _best(grid, names, {"codes"}, _UNIT)


def mark_names(codebook: Codebook) -> dict[str, frozenset[str]]:
    """Return, for every column of marks, the folded names it goes by."""
    themes = {
        theme_column(theme.id): frozenset(map(fold_name, (theme.id, *theme.label.values())))
        for theme in codebook.themes
    }
    return {RECOMMENDATION: words.synonyms(RECOMMENDATION), **themes, OTHER: words.synonyms(OTHER)}


def _sheet_names(codebook: Codebook) -> Names:
    """Return what columns are called, from the surest kind of name to the least sure: name to fields."""
    columns = [theme_column(theme_id) for theme_id in codebook.ids]
    fixed = (*_FIXED, *columns)
    themes = {
        theme_column(theme.id): {fold_name(name) for name in (theme_column(theme.id), *theme.label.values())}
        for theme in codebook.themes
    }
    return [
        {name: {name} for name in fixed},
        _folded({name: {fold_name(name)} for name in fixed}),
        _folded(themes),
        _folded({name: words.synonyms(name) for name in _FIXED}),
    ]


def _folded(names: Mapping[str, set[str] | frozenset[str]]) -> dict[str, set[str]]:
    """Turn field to names into name to fields."""
    fields: dict[str, set[str]] = {}
    for what, called in names.items():
        for name in called:
            fields.setdefault(name, set()).add(what)
    return fields


def _best(grid: Grid, names: Names, marks: set[str], units: frozenset[str]) -> Header | None:
    """Return the header among the first rows that names the most fields, one of `marks` and of `units` among them."""
    best: Header | None = None
    for row in range(min(_ABOVE, len(grid.rows))):
        header = _header(grid, row, names, marks)
        fits = marks & header.places.keys() and units & header.places.keys()
        if fits and (best is None or len(header.places) > len(best.places)):
            best = header
    return best


def _header(grid: Grid, row: int, names: Names, marks: set[str]) -> Header:
    called = [grid.cell(row, column) for column in range(len(grid.rows[row]))]
    found: dict[str, list[tuple[int, int]]] = {}
    for column, name in enumerate(called):
        for rank, what in _fields(name, names):
            found.setdefault(what, []).append((rank, column))
    problems = [p for what in sorted(marks & found.keys()) for p in _twice(grid, row, what, found[what])]
    places = {what: _first(grid, row, columns) for what, columns in found.items()}
    unused = tuple(name for column, name in enumerate(called) if name and column not in places.values())
    return Header(row, places, {w: called[c] for w, c in places.items()}, unused, tuple(problems))


def _fields(name: str, names: Names) -> Iterator[tuple[int, str]]:
    """Yield (rank, field) for the surest reading of a name, if it has but one."""
    for rank, known in enumerate(names):
        fields = known.get(name if rank == 0 else fold_name(name), set())
        if len(fields) == 1:
            yield rank, next(iter(fields))
            return


def _filled(grid: Grid, header: int, column: int) -> bool:
    return any(grid.cell(row, column) for row in range(header + 1, len(grid.rows)))


def _first(grid: Grid, row: int, columns: Sequence[tuple[int, int]]) -> int:
    """Return the column with the surest name among those that hold anything."""
    return min(columns, key=lambda found: (not _filled(grid, row, found[1]), *found))[1]


def _twice(grid: Grid, row: int, what: str, columns: Sequence[tuple[int, int]]) -> Iterator[Problem]:
    """Yield a problem where two columns hold the same field, both filled and not alike."""
    filled = [column for _, column in sorted(columns) if _filled(grid, row, column)]
    distinct = {tuple(grid.cell(r, column) for r in range(row + 1, len(grid.rows))) for column in filled}
    if len(distinct) > 1:
        letters = " and ".join(grid.letter(column) for column in filled)
        yield Problem(grid.number(row), letters, f"both columns hold {what}, and they differ")
