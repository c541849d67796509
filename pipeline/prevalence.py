"""Prevalence corrected for the machine's errors, from a probability sample that people coded.

The rule stands in the design ("Numbers"). With at least 10 gold positives and 5 errors of each kind: the difference
estimator, known as prediction-powered inference too. With fewer: people's codes alone. Under 5 gold positives, or
from fewer than 5 voices: not estimable. Without human coding: the machine's share, labelled, without an interval.

The population. An interval speaks of the voices that such pages draw, of which a corpus is one sample, so it has a
width even where people coded everything; for the corpus' own share it is wider than it need be. Strata are left out
of the resampling, which widens it a little more (`benchmarks/coverage.py` prints how often it holds either share).

Two shares. The share of units can be corrected from any such sample. The share of voices can where voices were
drawn, each with all of its units; else it stays the machine's, since no model guesses what nobody read.

Among what. A share may be one of some units only, those that recommend something. Whether a unit does is the machine's
guess as well, so both counts are corrected and divided: a ratio of two difference estimates (Särndal, Swensson &
Wretman 1992, ch. 5.6).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.intervals import wilson
from pipeline.manifest import SEED

DIFFERENCE = "difference"
GOLD_ONLY = "gold only"
NOT_ESTIMABLE = "not estimable"
UNCORRECTED = "machine-coded, uncorrected"

MIN_POSITIVES = 5  # gold positives without which nothing is estimated
MIN_POSITIVES_DIFFERENCE = 10
MIN_ERRORS = 5  # of each kind, for the difference estimator
MIN_VOICES = 5  # voices in the sample without which an interval would be a guess
DRAWS = 2000
_TAIL = 0.025
_DIGITS = 6

Flags = NDArray[np.bool_]
Numbers = NDArray[np.float64]
Places = NDArray[np.intp]


@dataclass(frozen=True)
class Estimate:
    """A share with its 95 % interval, how it was estimated, and the counts that decided how.

    `share` is None where it is not estimable; `low` and `high` are None there and on uncorrected shares. The
    counts are of sampled units, or of sampled voices for a share of voices. Shares are rounded to six digits.
    """

    share: float | None
    low: float | None
    high: float | None
    estimator: str
    n_gold: int = 0
    gold_positives: int = 0
    false_positives: int = 0
    false_negatives: int = 0
    gold_voices: int = 0

    @property
    def corrected(self) -> bool:
        """Say whether people's codes stand behind the share."""
        return self.estimator in (DIFFERENCE, GOLD_ONLY)


@dataclass(frozen=True, eq=False)
class Coded:
    """One theme in N units that the machine coded, n of which people coded too.

    Attributes:
        machine: (N,) whether the machine assigned the theme.
        voices: (N,) who speaks, as a number.
        rows: (n,) the places, in the N units, of those drawn with known probability and coded by people.
        gold: (n,) whether people assigned the theme, from 0 to 1: the share of them where they split.
        inclusion: (n,) the probability with which each was drawn, over 0 up to 1.
        whole_voices: whether the draw was of voices, each with all of its units.
        base: (N,) whether the machine counts the unit among those that the share is one of; all where not given.
        gold_base: (n,) whether people do, from 0 to 1; all where not given.

    Raises:
        ValueError: shapes that differ, a place that is outside or drawn twice, an impossible probability.
    """

    machine: Flags
    voices: Places
    rows: Places
    gold: Numbers
    inclusion: Numbers
    whole_voices: bool = False
    base: Flags | None = None
    gold_base: Numbers | None = None

    def __post_init__(self) -> None:
        n, sampled = len(self.machine), len(self.rows)
        if any(len(units) != n for units in (self.voices, self.bases)) or any(
            len(units) != sampled for units in (self.gold, self.inclusion, self.gold_bases)
        ):
            raise ValueError("machine, voices and base have one length, rows, gold, inclusion and gold_base another.")
        if len(np.unique(self.rows)) != sampled or not all(0 <= row < n for row in self.rows):
            raise ValueError(f"rows must be different places from 0 to {n - 1}.")
        if not np.all((self.inclusion > 0) & (self.inclusion <= 1)):
            raise ValueError("a probability of inclusion is over 0 and at most 1.")

    @property
    def bases(self) -> Flags:
        """(N,) whether the machine counts the unit among those that the share is one of."""
        return np.ones(len(self.machine), dtype=np.bool_) if self.base is None else self.base

    @property
    def gold_bases(self) -> Numbers:
        """(n,) whether people do, from 0 to 1."""
        return np.ones(len(self.rows)) if self.gold_base is None else self.gold_base

    def inside(self, chosen: Flags) -> Coded:
        """Return the units of a group, given as (N,) flags, with the sample that fell into it."""
        place = np.cumsum(chosen) - 1
        kept = chosen[self.rows]
        rows = place[self.rows[kept]].astype(np.intp)
        sample = (rows, self.gold[kept], self.inclusion[kept])
        bases = (self.bases[chosen], self.gold_bases[kept])
        return Coded(self.machine[chosen], self.voices[chosen], *sample, self.whole_voices, *bases)

    def by_voice(self) -> Coded | None:
        """Return the voices as rows, positive where any unit is; None unless the sample is one of whole voices.

        It is where voices were drawn and no unit of theirs is left out, where all units are coded, and where no voice
        has a second unit. That units drawn singly happen to make up whole voices does not count: voices of many
        units then had less of a chance than their probabilities say.
        """
        names, voice, units = np.unique(self.voices, return_inverse=True, return_counts=True)
        drawn = voice[self.rows]
        sampled, first, coded_units = np.unique(drawn, return_index=True, return_counts=True)
        designed = self.whole_voices or len(self.rows) == len(self.machine) or bool(np.all(units == 1))
        alike = np.array_equal(self.inclusion, self.inclusion[first][np.searchsorted(sampled, drawn)])
        if not (designed and alike and np.array_equal(coded_units, units[sampled])):
            return None
        machine, base = (np.bincount(voice, units, len(names)) > 0 for units in (self.machine, self.bases))
        gold, gold_base = (_largest(drawn, units, len(names))[sampled] for units in (self.gold, self.gold_bases))
        return Coded(machine, names, sampled, gold, self.inclusion[first], True, base, gold_base)


def coded(
    machine: Sequence[bool] | Flags,
    voices: Sequence[str],
    rows: Sequence[int] | Places = (),
    gold: Sequence[bool] | Sequence[float] | Flags | Numbers = (),
    inclusion: Sequence[float] | Numbers = (),
    *,
    whole_voices: bool = False,
    base: Sequence[bool] | Flags | None = None,
    gold_base: Sequence[float] | Numbers | None = None,
) -> Coded:
    """Return `Coded` from any sequences; with the first two alone, a corpus that nobody has coded.

    Another theme of the same units is `dataclasses.replace(corpus, machine=…, gold=…)`.
    """
    return Coded(
        np.asarray(machine, dtype=np.bool_),
        np.unique(np.asarray(voices, dtype=np.str_), return_inverse=True)[1].astype(np.intp),
        np.asarray(rows, dtype=np.intp),
        np.asarray(gold, dtype=np.float64),
        np.asarray(inclusion, dtype=np.float64),
        whole_voices,
        None if base is None else np.asarray(base, dtype=np.bool_),
        None if gold_base is None else np.asarray(gold_base, dtype=np.float64),
    )


def unit_share(corpus: Coded, draws: int = DRAWS, seed: int = SEED) -> Estimate:
    """Estimate the share of units with the theme, by the rule above.

    The difference estimator is the machine's share of all units plus the mean of human minus machine over the
    sample, weighted by the inverse of the inclusion probability and divided by the sum of weights (Särndal, Swensson &
    Wretman 1992, ch. 6 and 8; Angelopoulos et al., Science 2023), clipped to [0, 1]. Alone, people's codes give the
    weighted share.
    """
    if not len(corpus.rows):
        return _raw(corpus)
    machine, gold = corpus.machine[corpus.rows], corpus.gold
    positives, false_positives = int(gold.sum()), int((machine * (1 - gold)).sum())
    false_negatives, voices = int((gold * ~machine).sum()), len(np.unique(corpus.voices[corpus.rows]))
    if positives < MIN_POSITIVES or voices < MIN_VOICES:
        estimator, (share, low, high) = NOT_ESTIMABLE, (None, None, None)
    elif positives >= MIN_POSITIVES_DIFFERENCE and min(false_positives, false_negatives) >= MIN_ERRORS:
        estimator, (share, low, high) = DIFFERENCE, _rounded(*_difference(corpus, draws, seed))
    else:
        estimator, (share, low, high) = GOLD_ONLY, _rounded(*_gold_only(corpus))
    counts = (len(gold), positives, false_positives, false_negatives, voices)
    return Estimate(share, low, high, estimator, *counts)


def voice_share(corpus: Coded, draws: int = DRAWS, seed: int = SEED) -> Estimate:
    """Estimate the share of voices with at least one unit with the theme, by the same rule on voices.

    It is the machine's, and labelled so, unless every voice of the sample was drawn and coded whole.
    """
    voices = corpus.by_voice()
    if voices is not None:
        return unit_share(voices, draws, seed)
    said, everyone = np.unique(corpus.voices[corpus.machine]), np.unique(corpus.voices[corpus.bases])
    share = round(len(said) / len(everyone), _DIGITS) if len(everyone) else None
    return Estimate(share, None, None, UNCORRECTED)


def effective_size(gold: Numbers | Flags, weights: Numbers, voices: Places) -> float:
    """Return how many units drawn singly, with equal weights, would tell as much as this sample does.

    Kish's design effect under weights and clusters in the form of Gabler, Häder & Lahiri (Survey Methodology 1999):
    (Σw)² / ((1 - ρ) Σw² + ρ Σ_voice (Σw)²). ρ is the correlation of two units of a voice, from the weighted products of
    their residuals. Residuals about the sample's own share hide up to 1/G of it, G being the effective number of
    voices; that is put back.
    """
    _, voice = np.unique(voices, return_inverse=True)
    total, single, clustered = weights.sum(), (weights**2).sum(), (np.bincount(voice, weights) ** 2).sum()
    share = (weights @ gold) / total
    residuals = weights * (gold - share)
    pairs = (np.bincount(voice, residuals) ** 2).sum() - (residuals**2).sum()
    spread = (clustered / single - 1) * (residuals**2).sum()
    seen = min(1.0, max(0.0, pairs / spread)) if spread > 0 else float(clustered > single)
    rho = seen + (1 - seen) * clustered / total**2
    return float(total**2 / ((1 - rho) * single + rho * clustered))


def _raw(corpus: Coded) -> Estimate:
    units = int(corpus.bases.sum())
    share = round(int(corpus.machine.sum()) / units, _DIGITS) if units else None
    return Estimate(share, None, None, UNCORRECTED)


def _largest(places: Places, values: Numbers, n: int) -> Numbers:
    """Return, per place from 0 to n - 1, the largest of its values."""
    largest = np.zeros(n)
    np.maximum.at(largest, places, values)
    return largest


def _rounded(share: float, low: float, high: float) -> tuple[float, float, float]:
    share, low, high = (round(min(1.0, max(0.0, float(value))), _DIGITS) for value in (share, low, high))
    return share, min(share, low), max(share, high)


def _gold_only(corpus: Coded) -> tuple[float, float, float]:
    """Weighted share, and Wilson's interval with the effective size and Student's t in place of z."""
    among = corpus.gold_bases > 0
    weights, voices = (corpus.gold_bases / corpus.inclusion)[among], corpus.voices[corpus.rows][among]
    gold = np.minimum(1.0, corpus.gold[among] / corpus.gold_bases[among])
    share = float(weights @ gold / weights.sum())
    size = effective_size(gold, weights, voices)
    return share, *wilson(share, size, _student(_effective_voices(weights, voices)))


def _difference(corpus: Coded, draws: int, seed: int) -> tuple[float, float, float]:
    """Difference estimate with the expanded percentile interval of a bootstrap over voices.

    Percentiles of few voices lie too close together; Hesterberg (The American Statistician 2015) sets them apart as
    Student's t is from the normal.
    """
    from scipy.special import ndtr

    totals = _voice_totals(corpus)
    weights = 1 / corpus.inclusion
    g = _effective_voices(weights, corpus.voices[corpus.rows])
    tail = float(ndtr(-_student(g) * (g / (g - 1)) ** 0.5))
    resampled = _resample(totals, draws, seed)
    low, high = np.nanquantile(_corrected(resampled[resampled[:, 2] > 0]), [tail, 1 - tail])
    return float(_corrected(totals.sum(axis=0))), float(low), float(high)


def _voice_totals(corpus: Coded) -> Numbers:
    """Return (voices, 6): units, machine positives, weights, weighted errors; then positives and errors of the base.

    An error is human minus machine.
    """
    names, voice = np.unique(corpus.voices, return_inverse=True)
    drawn, weights = voice[corpus.rows], 1 / corpus.inclusion
    errors = weights * (corpus.gold - corpus.machine[corpus.rows])
    base_errors = weights * (corpus.gold_bases - corpus.bases[corpus.rows])
    columns = (
        (voice, None), (voice, corpus.machine), (drawn, weights), (drawn, errors),
        (voice, corpus.bases), (drawn, base_errors),
    )  # fmt: skip
    return np.stack([np.bincount(who, what, len(names)) for who, what in columns], axis=1)


def _corrected(totals: Numbers) -> Numbers:
    """Return (the machine's share plus the mean error) of theme over base, for totals in the last axis."""
    units, positives, weights, errors, bases, base_errors = np.moveaxis(totals, -1, 0)
    theme, base = positives / units + errors / weights, bases / units + base_errors / weights
    corrected: Numbers = np.divide(theme, base, out=np.full(np.shape(base), np.nan), where=base > 0)
    return corrected


def _resample(totals: Numbers, draws: int, seed: int) -> Numbers:
    """Return (draws, 6) totals over voices drawn with replacement.

    Voices with equal totals are exchangeable, so it draws how often each kind comes up: exact, a hundred times
    cheaper, and the same whatever the order of the rows.
    """
    kinds, times = np.unique(totals.round(9), axis=0, return_counts=True)
    picked = np.random.default_rng(seed).multinomial(len(totals), times / len(totals), size=draws)
    resampled: Numbers = picked @ kinds
    return resampled


def _effective_voices(weights: Numbers, voices: Places) -> float:
    """Return how many voices of equal weight the sample amounts to (Kish), at least a little over one."""
    _, voice = np.unique(voices, return_inverse=True)
    total = np.bincount(voice, weights)
    return max(1.1, float(total.sum() ** 2 / (total**2).sum()))


def _student(voices: float) -> float:
    """Return the upper quantile of Student's t with one degree of freedom fewer than voices."""
    from scipy.special import stdtrit

    return float(-stdtrit(voices - 1, _TAIL))
