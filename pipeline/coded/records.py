"""Every human coding there is: what came back from sheets, and files that researchers have put beside it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from pipeline.coded import headings, rounds, tables
from pipeline.coded.headings import Header
from pipeline.coded.matching import Units, UnknownUnitError
from pipeline.coded.problems import Problem, refuse
from pipeline.errors import GlosaError
from pipeline.estimates import OTHER
from pipeline.readers.columns import fold_name
from pipeline.study import Codebook, Study

COLUMNS = ("unit_id", "coder", "codes", "round", "purpose", "inclusion_probability")
_EXPECTED = (
    "a unit (unit_id; or file, start and end; or text), a coder, and codes: ids of themes or other joined by |, "
    "or nothing where nothing applies."
)
_REMEDY = "Correct these cells, or move the file out of data/coded."


class Record(NamedTuple):
    """One unit coded by one person, and where it says so."""

    unit_id: str
    coder: str
    codes: tuple[str, ...]
    round: str
    file: Path
    row: int


def files(study: Study) -> list[Path]:
    """Return the files of codings, by name."""
    return sorted(rounds.folder(study).glob("[!.~]*.csv"))


def load(study: Study, units: pd.DataFrame, sources: pd.DataFrame) -> pd.DataFrame:
    """Return every human coding, by unit, coder and round; empty where nobody has coded anything.

    Columns: `unit_id`, `coder`, `codes` (a tuple of theme ids or `other` in the codebook's order; empty: coded, nothing
    applies), `round` (empty in a file without one), `purpose` (`validate`, `train` or `unknown`) and
    `inclusion_probability` (of the unit in its round's sample; null unless it validates). One row per unit, coder and
    round. Raises `GlosaError` with file, row and column of everything that is wrong.
    """
    found = list[Record]()
    if given := files(study):
        known = Units(units, sources)  # folds every unit of the corpus: only where somebody has coded
        for file in given:
            found += _read(file, study.codebook, known)
    records = _distinct(found)
    samples = {name: _drawn(study, name) for name in rounds.known(study) if any(r.round == name for r in records)}
    rows = [
        (r.unit_id, r.coder, r.codes, r.round, *samples.get(r.round, {}).get(r.unit_id, (rounds.UNKNOWN, float("nan"))))
        for r in sorted(records, key=lambda r: (r.unit_id, r.coder, r.round))
    ]
    frame = pd.DataFrame(rows, columns=list(COLUMNS))
    return frame.astype(
        {"inclusion_probability": "float64", **dict.fromkeys(("unit_id", "coder", "round", "purpose"), "str")}
    )


def parse_codes(cell: str, codebook: Codebook) -> tuple[str, ...]:
    """Return the codes of a cell in the codebook's order; ids or labels in any language, joined by `|` (or `;` or `,`).

    Raises `KeyError` with the first code that is none.
    """
    names = _code_names(codebook)
    separator = next((s for s in "|;," if s in cell), "|")
    given = [code.strip() for code in cell.split(separator) if code.strip()]
    ids = {names.get(code) or names.get(fold_name(code)) or code for code in given}
    order = (*codebook.ids, OTHER)
    unknown = next((code for code in given if (names.get(code) or names.get(fold_name(code))) not in order), None)
    if unknown is not None:
        raise KeyError(unknown)
    return tuple(code for code in order if code in ids)


def _code_names(codebook: Codebook) -> dict[str, str]:
    """Return id by name: ids as they are, then folded names that belong to one theme alone."""
    folded: dict[str, set[str]] = {}
    for theme in codebook.themes:
        for name in (theme.id, *theme.label.values()):
            folded.setdefault(fold_name(name), set()).add(theme.id)
    clear = {name: next(iter(ids)) for name, ids in folded.items() if len(ids) == 1}
    return {**clear, fold_name(OTHER): OTHER, **{theme_id: theme_id for theme_id in codebook.ids}}


def _read(file: Path, codebook: Codebook, known: Units) -> list[Record]:
    grid = tables.read(file)[0]
    header = headings.of_record(grid)
    if header is None or "coder" not in header.places:
        lacking = "codes" if header is None else "coder"
        raise GlosaError(
            file, f"no columns for units and codes (looked for {lacking} among others).", _EXPECTED,
            "Name the columns as in README, or move the file out of data/coded.",
        )  # fmt: skip
    problems, found = list(header.problems), list[Record]()
    for row in range(header.row + 1, len(grid.rows)):
        cells = {what: grid.cell(row, column) for what, column in header.places.items()}
        if any(cells.values()):
            found += _record(file, grid.number(row), cells, header, codebook, known, problems)
    refuse(file, problems, _EXPECTED, _REMEDY)
    return found


def _record(
    file: Path,
    number: int,
    cells: Mapping[str, str],
    header: Header,
    codebook: Codebook,
    known: Units,
    problems: list[Problem],
) -> Iterable[Record]:
    """Yield the record of a row, or nothing and a problem."""
    place = cells.get("file", ""), cells.get("start", ""), cells.get("end", "")
    try:
        unit = known.find(cells.get("unit_id", "").lower(), place, cells.get("text", ""))
        codes = parse_codes(cells["codes"], codebook)
    except UnknownUnitError as error:
        problems.append(Problem(number, header.name(error.column), error.what))
    except KeyError as error:
        problems.append(Problem(number, header.name("codes"), f"{error.args[0]!r} is no theme of the codebook"))
    else:
        if cells["coder"]:
            yield Record(unit, cells["coder"], codes, cells.get("round", ""), file, number)
        else:
            problems.append(Problem(number, header.name("coder"), "nobody is named"))


def _distinct(found: Iterable[Record]) -> Collection[Record]:
    """Return one record per unit, coder and round; raise `GlosaError` where two of them differ."""
    kept: dict[tuple[str, str, str], Record] = {}
    for record in found:
        earlier = kept.setdefault((record.unit_id, record.coder, record.round), record)
        if earlier.codes != record.codes:
            said = [", ".join(r.codes) or "nothing" for r in (earlier, record)]
            where = f"row {earlier.row}" + (f" of {earlier.file.name}" if earlier.file != record.file else "")
            what = f"{record.coder} codes unit {record.unit_id} as {said[1]}, and in {where} as {said[0]}"
            refuse(record.file, [Problem(record.row, "codes", what)], _EXPECTED, "Leave one of the two rows.")
    return kept.values()


def _drawn(study: Study, name: str) -> dict[str, tuple[str, float]]:
    """Return purpose and inclusion probability of a round's units."""
    sample = rounds.read_sample(study, name)
    columns = (sample[column] for column in ("unit_id", "purpose", "inclusion_probability"))
    return {unit: (purpose, probability) for unit, purpose, probability in zip(*columns, strict=True)}
