"""What a filled sheet says, row by row: which unit, which codes, what is wrong, and what was taken kindly."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from pipeline.coded import headings, words
from pipeline.coded.headings import NOTE, RECOMMENDATION, Header, theme_column
from pipeline.coded.matching import Units, UnknownUnitError
from pipeline.coded.problems import Problem
from pipeline.coded.tables import Grid
from pipeline.estimates import OTHER
from pipeline.study import Codebook

Codes = tuple[str, ...]
Marks = Mapping[str, bool | None]


class Row(NamedTuple):
    """One row: its number, its unit, the codes (None: not coded yet), and the coder's note."""

    number: int
    unit_id: str
    codes: Codes | None
    note: str


@dataclass(frozen=True, slots=True)
class Filled:
    """A filled sheet: one row per unit, what is wrong, and what was taken in another way than it stands."""

    rows: dict[str, Row] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


class _Line(NamedTuple):
    """A row of a grid whose columns are known."""

    grid: Grid
    header: Header
    row: int

    @property
    def number(self) -> int:
        """Number of the row as a spreadsheet shows it."""
        return self.grid.number(self.row)

    def cell(self, what: str) -> str:
        """Return a field's cell, empty where the table has no such column."""
        return self.grid.cell(self.row, self.header.places[what]) if what in self.header.places else ""

    def mark(self, what: str, marked: Collection[int]) -> str:
        """Return a mark's cell, or the mark that was merged over it."""
        place = self.row, self.header.places[what]
        over = self.grid.merged.get(place, place)
        return self.grid.cell(*(over if over[1] in marked and over[0] > self.header.row else place))

    def problem(self, what: str, found: str) -> Problem:
        """Return a problem with one of the row's cells."""
        return Problem(self.number, self.header.name(what), found)


def read(
    grid: Grid, header: Header, codebook: Codebook, units: Units, among: Collection[str] = (), implies: bool = True
) -> Filled:
    """Read every row below the header; where the same unit comes twice, both rows must say the same.

    Args:
        grid: the cells.
        header: which column is which.
        codebook: the themes.
        units: the units of the study.
        among: units that words are first looked for among (those that were drawn).
        implies: whether a theme implies a recommendation.
    """
    filled = Filled(problems=[*header.problems, *_absent(grid, header, codebook)])
    names = {what: called for what, called in headings.mark_names(codebook).items() if what in header.places}
    for row in range(header.row + 1, len(grid.rows)):
        line = _Line(grid, header, row)
        if not any(grid.cell(row, column) for column in range(len(grid.rows[row]))):
            continue
        marks = _marks(line, names, filled.problems)
        unit = _unit(line, marks, units, among, filled)
        if unit is not None and marks is not None:
            found = Row(line.number, unit, _codes(line, marks, codebook, implies, filled), line.cell(NOTE))
            filled.rows[unit] = _one(filled.rows.get(unit), found, filled)
    return filled


def _absent(grid: Grid, header: Header, codebook: Codebook) -> list[Problem]:
    """A theme without a column can't be told from one that never applies."""
    gone = [name for name in map(theme_column, codebook.ids) if name not in header.places]
    unused = f"; not recognised: {', '.join(header.unused)[:120]}" if header.unused else ""
    return [Problem(grid.number(header.row), "", f"no column is called {name}{unused}") for name in gone]


def _marks(line: _Line, names: Mapping[str, frozenset[str]], problems: list[Problem]) -> Marks | None:
    """Return what the row's cells say, None where one of them says neither yes nor no."""
    places = [line.header.places[what] for what in names]
    marks: dict[str, bool | None] = {}
    for what, called in names.items():
        cell = line.mark(what, places)
        try:
            marks[what] = words.mark(cell, called)
        except words.NoMarkError:
            problems.append(line.problem(what, f"{cell[:40]!r} is neither a yes nor a no"))
    return marks if len(marks) == len(names) else None


def _unit(line: _Line, marks: Marks | None, units: Units, among: Collection[str], filled: Filled) -> str | None:
    """Return the unit of a row, None where it has none; that is a problem only where the row has marks."""
    unit_id, text = line.cell("unit_id").lower(), line.cell("text")
    place = line.cell("file"), line.cell("start"), line.cell("end")
    try:
        unit = units.find(unit_id, place, text, among)
    except UnknownUnitError as error:
        if marks is None or any(marks.values()):
            filled.problems.append(line.problem(error.column, error.what))
        elif unit_id or text:
            filled.notes.append(f"row {line.number} has no marks and was passed over: {error.what}")
        return None
    if units.is_edited(unit, text):
        filled.notes.append(f"row {line.number}: the text was edited; it counts as unit {unit}")
    elif unit != unit_id:
        filled.notes.append(f"row {line.number}: found by its {'words' if text else 'place'} as unit {unit}")
    return unit


def _codes(line: _Line, marks: Marks, codebook: Codebook, implies: bool, filled: Filled) -> Codes | None:
    """Return the codes of a row in the codebook's order, None where it isn't coded yet.

    A row is coded where `recommendation` says yes or no, where anything is marked, or where every column says no.
    """
    columns = {**{theme_column(theme_id): theme_id for theme_id in codebook.ids}, OTHER: OTHER}
    chosen = [column for column in columns if marks.get(column)]
    advises = marks.get(RECOMMENDATION)
    if chosen and advises is False and implies:
        what = f"marked, but {line.header.name(RECOMMENDATION)} says no; a theme is a recommendation's"
        filled.problems.append(line.problem(chosen[0], what))
    if chosen:
        return tuple(columns[column] for column in chosen)
    if advises:
        filled.notes.append(f"row {line.number}: a recommendation without a theme counts as {OTHER}")
        return (OTHER,)
    all_no = all(marks.get(column) is False for column in columns)
    return () if advises is False or all_no else None


def _one(earlier: Row | None, found: Row, filled: Filled) -> Row:
    """Keep the one of two rows about a unit that is coded; they may not be coded differently."""
    if earlier is None:
        return found
    if None not in (earlier.codes, found.codes) and found.codes != earlier.codes:
        said = [" and ".join(row.codes or ("nothing",)) for row in (earlier, found)]
        what = f"unit {found.unit_id} stands in row {earlier.number} as well: there {said[0]}, here {said[1]}"
        filled.problems.append(Problem(found.number, "", what))
    filled.notes.append(f"rows {earlier.number} and {found.number} are about the same unit; it counts once")
    return found if earlier.codes is None else earlier
