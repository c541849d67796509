"""How far the people who coded agree with one another, and the machine with them, theme by theme."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from pipeline import agreement, estimates
from pipeline.agreement import Reliability, Validity
from pipeline.coded import records, rounds
from pipeline.store import read_table
from pipeline.study import Study

RECOMMENDATION = "recommendation"


class Compared(NamedTuple):
    """What was coded: per target (a theme, or whether a unit recommends) agreement of people, then of the machine.

    `reliability` is empty where nobody shares units with another coder, `validity` where no probability sample was
    coded. The machine is no second coder: it is measured against what most people said, ties left out.
    """

    coders: tuple[str, ...]
    reliability: dict[str, Reliability]
    validity: dict[str, Validity]


def compare(study: Study) -> Compared:
    """Return the comparison for a study with a finished run."""
    names = ("units", "sources", "passages", "codings")
    units, sources, passages, codings = (read_table(study.processed / f"{n}.parquet", n) for n in names)
    coded = records.load(study, units, sources)
    spoken = units.set_index("unit_id")["passage_id"].map(estimates.voices(passages))
    assigned = codings[codings["assigned"]].groupby("unit_id")["theme_id"].agg(frozenset)
    machine = {unit: assigned.get(unit, frozenset()) for unit in units["unit_id"]}
    advised = set(units.loc[units["is_recommendation"], "unit_id"])
    found = {unit: codes | {RECOMMENDATION} if unit in advised else codes for unit, codes in machine.items()}
    return compared(coded, spoken, found, (RECOMMENDATION, *study.codebook.ids))


def compared(
    coded: pd.DataFrame, voices: pd.Series, machine: dict[str, frozenset[str]], targets: tuple[str, ...]
) -> Compared:
    """Compare codings.

    Args:
        coded: as `records.load` gives them.
        voices: who speaks, per unit id.
        machine: per unit id, the targets that the machine found there.
        targets: the themes, and `recommendation`.
    """
    coders = tuple(sorted(set(coded["coder"])))
    reliability, validity = {}, {}
    sample = coded[coded["purpose"] == rounds.VALIDATE].groupby("unit_id")["inclusion_probability"].min()
    for target in targets:
        marks = coded.assign(mark=[_holds(codes, target) for codes in coded["codes"]])
        table = marks.groupby(["unit_id", "coder"])["mark"].last().unstack().astype("float64")
        if (table.notna().sum(axis=1) >= 2).any():
            reliability[target] = agreement.reliability(table.to_numpy(), list(voices.loc[table.index]))
        share = table.reindex(sample.index).mean(axis=1)
        settled = share[share.notna() & (share != 0.5)]
        if len(settled):
            validity[target] = agreement.validity(
                np.array([float(target in machine[unit]) for unit in settled.index]),
                (settled > 0.5).astype("float64").to_numpy(),
                list(voices.loc[settled.index]),
                weights=1 / sample.loc[settled.index].to_numpy(),
            )
    return Compared(coders, reliability, validity)


def _holds(codes: tuple[str, ...], target: str) -> float:
    return float(bool(codes) if target == RECOMMENDATION else target in codes)
