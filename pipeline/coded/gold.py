"""What people said of each unit, taken together, and how many units each of them stands for.

Gold is the share of coders who marked a target: 1 and 0 where they agree, between where they split. A coder called
`settled` speaks for all: that is where disagreements go that people have talked over.

Weights say how many units of the corpus a coded unit of a probability sample stands for: the size of its stratum over
the number of its units that were coded, so that a sheet left half done weighs as much as a full one (its units missing
at random within a stratum). Later rounds leave out what earlier ones drew. Each round alone, with the units it left
out counted once, gives an unbiased sum over the corpus (`sampling`); so does their mean, weighted by units coded.
"""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from pipeline import estimates
from pipeline.coded import records, rounds, sampling
from pipeline.estimates import RECOMMENDATION
from pipeline.study import Study

SETTLED = "settled"


@dataclass(frozen=True, eq=False)
class Gold:
    """All human codings of a study.

    Attributes:
        coded: one row per unit, coder and round, as `records.load` gives them.
        shares: unit ids × targets (`recommendation`, the themes, `other`): share of coders who marked it, 0 to 1.
        weights: per unit of the probability samples, how many units it stands for.
        whole_voices: whether the samples drew voices, each with all of its units.
        has_negatives: whether they drew from units that the machine takes for no recommendation.
    """

    coded: pd.DataFrame
    shares: pd.DataFrame
    weights: pd.Series
    whole_voices: bool = False
    has_negatives: bool = False

    @property
    def coders(self) -> tuple[str, ...]:
        """Who coded, `settled` left out."""
        return tuple(sorted(set(self.coded["coder"]) - {SETTLED}))


@dataclass(frozen=True, eq=False)
class _Round:
    """A probability sample and which of its units were coded."""

    sample: pd.DataFrame
    coded: frozenset[str]

    @property
    def units(self) -> frozenset[str]:
        return frozenset(self.sample["unit_id"])

    @property
    def population(self) -> int:
        return int(self.sample.drop_duplicates("stratum")["stratum_size"].sum())

    @property
    def has_negatives(self) -> bool:
        return bool(self.sample["stratum"].str.startswith(sampling.NO_RECOMMENDATION).any())

    @property
    def draws_voices(self) -> bool:
        return bool((self.sample["drawn_as"] == rounds.VOICE).all())

    def weights(self, of: str = "stratum_size") -> pd.Series:
        """Return, per coded unit, the units of its stratum (or, of `drawn`, those drawn) over those that were coded."""
        there = self.sample[self.sample["unit_id"].isin(self.coded)].set_index("unit_id")
        return there[of] / there.groupby("stratum")["stratum_size"].transform("size")

    def left_out(self, other: _Round) -> bool:
        """Whether this round was drawn from what another one had left."""
        return not self.units & other.units and self.population <= other.population - len(other.units)


def load(study: Study, units: pd.DataFrame, sources: pd.DataFrame) -> Gold:
    """Return the human codings of a study; empty tables where nobody has coded. Raises `GlosaError` as `records`."""
    coded = records.load(study, units, sources)
    by_round = coded.groupby("round")["unit_id"].agg(frozenset).to_dict()
    drawn = [
        _Round(sample, by_round[name] & frozenset(sample["unit_id"]))
        for name in rounds.known(study)
        if name in by_round and ((sample := rounds.read_sample(study, name))["purpose"] == rounds.VALIDATE).all()
    ]
    fullest = max((r.has_negatives for r in drawn), default=False)
    drawn = [r for r in drawn if r.coded and r.has_negatives == fullest]
    whole = bool(drawn) and all(r.draws_voices for r in drawn)
    return Gold(coded, shares(coded, study.codebook.ids), combined(drawn), whole, fullest)


def shares(coded: pd.DataFrame, theme_ids: tuple[str, ...]) -> pd.DataFrame:
    """Return units × targets: the share of coders who marked each; where `settled` coded a unit, what it says."""
    settled = set(coded.loc[coded["coder"] == SETTLED, "unit_id"])
    deciding = coded[(coded["coder"] == SETTLED) | ~coded["unit_id"].isin(settled)]
    deciding = deciding.drop_duplicates(["unit_id", "coder"], keep="last")
    columns = {target: [holds(c, target) for c in deciding["codes"]] for target in targets(theme_ids)}
    marks = pd.DataFrame(columns, index=pd.Index(deciding["unit_id"], dtype="str"), dtype="float64")
    return marks.groupby(level=0).mean()


def targets(theme_ids: tuple[str, ...]) -> tuple[str, ...]:
    """Return what coders decide of a unit: whether it recommends something, each theme, and `other`."""
    return (RECOMMENDATION, *theme_ids, estimates.OTHER)


def holds(codes: tuple[str, ...], target: str) -> float:
    """Return 1 where a coder's codes hold the target, else 0; who codes anything takes it for a recommendation."""
    return float(bool(codes) if target == RECOMMENDATION else target in codes)


def combined(drawn: list[_Round]) -> pd.Series:
    """Return, per coded unit of the rounds, how many units it stands for."""
    total = sum(len(r.coded) for r in drawn)
    found: dict[str, float] = {}
    for one in drawn:
        part = len(one.coded) / total
        for unit, weight in one.weights().items():
            found[str(unit)] = found.get(str(unit), 0.0) + part * weight
        for other in drawn:
            for unit, weight in other.weights("drawn").items() if one.left_out(other) else ():
                found[str(unit)] = found.get(str(unit), 0.0) + part * weight
    series = pd.Series(found, dtype="float64", name="weight").sort_index()
    return series.round(9)
