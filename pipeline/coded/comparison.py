"""How far the people who coded agree with one another, and the machine with them, theme by theme."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pandas as pd

from pipeline import agreement, estimates
from pipeline.agreement import Reliability, Validity
from pipeline.coded import gold, machine
from pipeline.coded.gold import SETTLED, Gold
from pipeline.estimates import ALL, RECOMMENDATION
from pipeline.store import read_table
from pipeline.study import Study
from pipeline.suppression import suppress

Cell = tuple[str, str, str]  # target, group, level


class Compared(NamedTuple):
    """What was coded: per target (a theme, or whether a unit recommends), for all units and by language.

    `reliability` is agreement of people, empty where nobody shares units with another coder. `validity` is the
    machine's, empty where no probability sample was coded. The machine is no second coder: it is measured against what
    people said; a unit on which they split counts on either side by their shares.
    """

    coders: tuple[str, ...]
    reliability: dict[Cell, Reliability]
    validity: dict[Cell, Validity]


def compare(study: Study) -> Compared:
    """Return the comparison for a study with a finished run, with all that has been imported since."""
    names = ("units", "sources", "passages", "codings", "machine_codings")
    units, sources, passages, codings, blind = (read_table(study.processed / f"{n}.parquet", n) for n in names)
    people = gold.load(study, units, sources)
    decided = machine.decisions(units, codings, blind, study.codebook.ids, study.settings.units)
    spoken = estimates.spoken_units(units, passages, study.settings.units.eligible).set_index("unit_id", drop=False)
    return compared(people, spoken, decided, targets(study))


def targets(study: Study) -> tuple[str, ...]:
    """Return what is compared: the themes, before them whether a unit recommends where that decides what is coded."""
    return study.codebook.ids if study.settings.units.eligible == ALL else (RECOMMENDATION, *study.codebook.ids)


def compared(people: Gold, units: pd.DataFrame, decided: pd.DataFrame, targets: Sequence[str]) -> Compared:
    """Compare codings.

    Args:
        people: their codings.
        units: by unit id, `voice` and `language`.
        decided: by unit id, what the machine decides of each target.
        targets: the themes, and `recommendation`.
    """
    levels = [(ALL, ALL), *(("language", code) for code in sorted(set(units["language"])))]
    reliability: dict[Cell, Reliability] = {}
    validity: dict[Cell, Validity] = {}
    for target in targets:
        marks = _marks(people.coded, target)
        for group, level in levels:
            inside = units.index if group == ALL else units.index[units[group] == level]
            table = marks[marks.index.isin(inside)]
            if (table.notna().sum(axis=1) >= 2).any():
                spoken = list(units.loc[table.index, "voice"])
                reliability[target, group, level] = agreement.reliability(table.to_numpy(), spoken)
            sample = people.weights[people.weights.index.isin(inside)]
            if len(sample):
                validity[target, group, level] = _validity(people, units, decided[target], target, sample)
    return Compared(people.coders, reliability, validity)


def rows(
    figures: dict[Cell, Reliability] | dict[Cell, Validity], min_voices: int, hidden: Collection[str] = ()
) -> Iterator[dict[str, object]]:
    """Yield the figures as flat rows of a table; languages of too few voices are suppressed, and those `hidden`."""
    for (target, group, level), found in figures.items():
        voices = {lev: f.n_voices for (name, grp, lev), f in figures.items() if name == target and grp == group}
        unshown = group != ALL and level in suppress(voices, min_voices, hidden)
        flat = agreement.row(found)
        counts = flat["positives"] if isinstance(flat["positives"], tuple) else (flat["positives"],)
        flat |= {"n_assigned": flat.get("assigned"), "grade": flat.get("verdict")}
        flat |= {"positives": "|".join(map(str, counts))}
        yield {"theme_id": target, "group": group, "level": level, **flat, "suppressed": unshown}


def _marks(coded: pd.DataFrame, target: str) -> pd.DataFrame:
    """Return units × coders: 1, 0, or NaN where not coded; what was settled afterwards is nobody's own coding."""
    own = coded[coded["coder"] != SETTLED]
    marked = own.assign(mark=[gold.holds(codes, target) for codes in own["codes"]])
    return marked.groupby(["unit_id", "coder"])["mark"].last().unstack().astype("float64")


def _validity(people: Gold, units: pd.DataFrame, decided: pd.Series, target: str, sample: pd.Series) -> Validity:
    """Return the machine's validity on coded units; one of which coders marked a share counts as two parts of one."""
    share = people.shares.loc[sample.index, target].to_numpy()
    human = np.repeat([1.0, 0.0], len(share))
    parts = np.concatenate([share, 1 - share]) * np.tile(sample.to_numpy(), 2)
    said = np.tile(decided.loc[sample.index].to_numpy(dtype=np.float64), 2)
    voices = np.tile(units.loc[sample.index, "voice"].to_numpy(dtype=object), 2)
    there = parts > 0
    found = agreement.validity(said[there], human[there], list(voices[there]), weights=parts[there])
    return replace(found, n_units=len(share), positives=int(share.sum()), assigned=int(decided.loc[sample.index].sum()))
