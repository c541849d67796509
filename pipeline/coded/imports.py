"""A filled sheet comes back: refused as a whole with every place that is wrong, or written as codings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from pipeline.coded import filled, headings, rounds, sheets, tables
from pipeline.coded.headings import NOTE, Header
from pipeline.coded.matching import Units
from pipeline.coded.problems import Problem, refuse
from pipeline.coded.rounds import Sheet
from pipeline.coded.tables import Grid
from pipeline.errors import GlosaError
from pipeline.estimates import ALL
from pipeline.store import read_table, to_csv
from pipeline.study import Codebook, Study

COLUMNS = ("unit_id", "file", "start", "end", "text", "coder", "codes", "round", NOTE)
_EXPECTED = "marks such as x, 1, yes, sí, TRUE, or nothing; in recommendation yes or no."
_REMEDY = "Correct these cells in the sheet and import it again. Nothing was imported."

Samples = Mapping[str, frozenset[str]]


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import did: the file written, how many units are coded, which are still to be coded, what to know."""

    file: Path
    sheet: Sheet
    coded: int
    missing: tuple[str, ...]
    notes: tuple[str, ...]


def import_sheet(study: Study, file: Path, coder: str | None = None, name: str | None = None) -> Imported:
    """Read a filled sheet and write its codings; raise `GlosaError` with every wrong place and write nothing.

    `name` is the round. Round and coder are known by the file's name where it is that of a sheet.
    """
    units, passages, sources = (
        read_table(study.processed / f"{table}.parquet", table) for table in ("units", "passages", "sources")
    )
    samples = {n: frozenset(rounds.read_sample(study, n)["unit_id"]) for n in rounds.known(study)}
    grid, header = _table(file, study.codebook)
    implies = study.settings.units.eligible != ALL
    every = frozenset().union(*samples.values())
    found = filled.read(grid, header, study.codebook, Units(units, sources), every, implies)
    sheet = _whose(study, file, frozenset(found.rows), samples, coder, name)
    refuse(file, [*found.problems, *_outside(found, header, sheet, samples)], _EXPECTED, _REMEDY)
    coded = {unit: row for unit, row in found.rows.items() if row.codes is not None}
    if not coded:
        raise GlosaError(file, "no row is coded yet.", _EXPECTED, "Fill in the sheet, save it, and import it again.")
    frame = _frame(coded, sheets.placed(units, passages, sources), sheet)
    target = rounds.coded_file(study, sheet)
    notes = (*found.notes, *_unused(header), *_unsampled(sheet, samples), *_replaced(target, frame))
    rounds.write({target: to_csv(frame)})
    missing = sorted(samples.get(sheet.round, found.rows.keys()) - coded.keys())
    return Imported(target, sheet, len(coded), tuple(missing), notes)


def _table(file: Path, codebook: Codebook) -> tuple[Grid, Header]:
    """Return the table of a file that has the columns of a sheet."""
    grids = tables.read(file)
    fits = [(grid, header) for grid in grids if (header := headings.of_sheet(grid, codebook))]
    if not fits:
        names = ", ".join(cell.strip() for cell in grids[0].rows[0] if cell.strip())
        raise GlosaError(
            file, f"no row has the names of a sheet's columns; the first one is: {names[:200]}.",
            f"the columns {', '.join(sheets.columns(codebook))}.", "Put the header of the sheet back.",
        )  # fmt: skip
    return max(fits, key=lambda fit: len(fit[1].places))


def _whose(
    study: Study, file: Path, units: frozenset[str], samples: Samples, coder: str | None, name: str | None
) -> Sheet:
    """Return whose sheet a file is: as said, else by the file's name, else by the units in it."""
    by_name = rounds.of_stem(study, file.stem)
    holding = [n for n, sample in samples.items() if units and units <= sample]
    chosen = name or (by_name.round if by_name else None) or (holding[0] if len(holding) == 1 else None)
    if chosen is None or (chosen not in samples and holding):
        found = f"no round of that name has a sample ({name})" if name else "the name of the file names no round"
        raise GlosaError(
            file, f"{found}; its units are those of {' and '.join(holding) or 'no sample'}.",
            f"a sheet of one round ({', '.join(samples) or 'there is none yet'}).", "Say which: --round NAME.",
        )  # fmt: skip
    who = coder or (by_name.coder if by_name else None)
    if who is None:
        raise GlosaError(
            file, "the name of the file doesn't say who coded it.", f"a name such as {chosen}-ana{file.suffix}.",
            "Say who: --coder NAME.",
        )  # fmt: skip
    return Sheet(rounds.checked([chosen], "round")[0], rounds.checked([who], "coder")[0])


def _outside(found: filled.Filled, header: Header, sheet: Sheet, samples: Samples) -> Sequence[Problem]:
    """A coded unit that was never drawn would count as if it had been."""
    sample = samples.get(sheet.round, found.rows.keys())
    return [
        Problem(row.number, header.name("unit_id"), f"{unit} is not in the sample of {sheet.round}")
        for unit, row in found.rows.items()
        if row.codes is not None and unit not in sample
    ]


def _frame(coded: Mapping[str, filled.Row], units: pd.DataFrame, sheet: Sheet) -> pd.DataFrame:
    """Return the codings by unit id; texts and places are those of the study, never the sheet's."""
    chosen = units[units["unit_id"].isin(set(coded))].sort_values("unit_id")
    rows = [coded[unit_id] for unit_id in chosen["unit_id"]]
    added = {
        "coder": sheet.coder,
        "codes": ["|".join(row.codes or ()) for row in rows],
        "round": sheet.round,
        NOTE: [row.note for row in rows],
    }
    return chosen.assign(**added)[list(COLUMNS)]


def _unused(header: Header) -> Sequence[str]:
    return [f"columns passed over: {', '.join(header.unused)[:200]}"] if header.unused else []


def _unsampled(sheet: Sheet, samples: Samples) -> Sequence[str]:
    if sheet.round in samples:
        return []
    return [f"{sheet.round} has no sample: how likely its units were to be drawn is unknown, so they can't validate"]


def _replaced(file: Path, frame: pd.DataFrame) -> Sequence[str]:
    """Say how an earlier import of the same sheet differs from what replaces it."""
    if not file.exists():
        return []
    try:
        old = pd.read_csv(file, dtype="str", keep_default_na=False).set_index("unit_id")["codes"].to_dict()
    except (OSError, ValueError, KeyError):
        return ["replaces a file that could not be read"]
    new = frame.set_index("unit_id")["codes"].to_dict()
    changed = sum(new[unit] != old[unit] for unit in old.keys() & new.keys())
    return [
        f"replaces an earlier import: {len(new.keys() - old.keys())} units new, {changed} changed, "
        f"{len(old.keys() - new.keys())} gone"
    ]
