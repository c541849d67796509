"""How far coders agree on one theme, and how far a machine's codes are borne out by people's.

Codes are a matrix, units × coders: 1 marked, 0 not marked, NaN (or None) not coded. A unit counts for agreement when
at least two have coded it. All that the coefficients need of a unit is how many coded it and how many of these
marked it, so a theme shrinks to a small table of counts: a bootstrap draw is a sum of such tables. Intervals are
95 % percentile intervals; voices are drawn, not units, since one voice's sentences resemble each other.
What can't be computed is None: alpha where all codes are the same, an interval where there is but one voice.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import NormalDist

import krippendorff
import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from pipeline.manifest import SEED

RELIABLE, TENTATIVE, DESCRIPTIVE = "reliable", "tentative", "descriptive"
INSUFFICIENT, UNDEFINED = "insufficient", "undefined"
ALPHA_RELIABLE, ALPHA_TENTATIVE = 0.800, 0.667
MIN_POSITIVES = 10
DRAWS = 1000

_TAIL = 0.025
_DIGITS = 6

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]


@dataclass(frozen=True)
class Estimate:
    """A figure and the ends of its 95 % interval; None is undefined."""

    value: float | None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Reliability:
    """Agreement of coders on one theme; counts are of the units that at least two have coded."""

    n_units: int
    n_voices: int
    positives: tuple[int, ...]  # units marked, per coder
    n_marked: int  # units that at least one coder marked
    percent: Estimate
    positive: Estimate
    alpha: Estimate
    ac1: Estimate
    verdict: str


@dataclass(frozen=True)
class Validity:
    """A machine's codes of one theme against people's; counts are of the units that have both, unweighted."""

    n_units: int
    n_voices: int
    positives: int  # units people marked
    assigned: int  # units the machine marked
    precision: Estimate
    recall: Estimate
    f1: Estimate


def reliability(codes: ArrayLike, voices: Sequence[object], *, draws: int = DRAWS, seed: int = SEED) -> Reliability:
    """Return how far the coders of one theme agree.

    `codes` is units × coders (1, 0, NaN for not coded), `voices` names the speaker of each unit. Order of units,
    order of coders and names of voices change nothing. Voices whose units at most one person coded are drawn
    apart from the rest: they only tell AC1 how common the theme is. Raises ValueError for other codes or shapes.
    """
    matrix = _codes(codes)
    coded, marks = _coded_and_marks(matrix)
    places = _places(voices, len(matrix))
    tables = _tables(places, (coded, marks), matrix.shape[1] + 1, np.ones(len(matrix)))
    tables[:, 0] = 0  # units that nobody coded
    has_pair = tables[:, 2:].any(axis=(1, 2))
    counts, pairs = tables.sum(axis=0), coded >= 2
    drawn = _drawn((tables[has_pair], tables[~has_pair & tables.any(axis=(1, 2))]), draws, seed)
    n_marked = int((marks[pairs] > 0).sum())
    about_alpha = _estimate(krippendorff_alpha(matrix), binary_alpha(drawn))
    return Reliability(
        n_units=int(pairs.sum()),
        n_voices=int(has_pair.sum()),
        positives=tuple(int(n) for n in np.nansum(matrix[pairs], axis=0)),
        n_marked=n_marked,
        percent=_estimate(percent_agreement(counts), percent_agreement(drawn)),
        positive=_estimate(positive_agreement(counts), positive_agreement(drawn)),
        alpha=about_alpha,
        ac1=_estimate(gwet_ac1(counts), gwet_ac1(drawn)),
        verdict=verdict(about_alpha, n_marked),
    )


def validity(
    machine: ArrayLike,
    human: ArrayLike,
    voices: Sequence[object],
    *,
    weights: ArrayLike | None = None,
    draws: int = DRAWS,
    seed: int = SEED,
) -> Validity:
    """Return precision, recall and F1 of a machine's codes of one theme, people's codes being right.

    `machine`, `human` and `voices` have one entry per unit; units that either left uncoded (NaN) are left out.
    `weights` are inverse inclusion probabilities: with a sample stratified by what the machine predicts, recall
    without them is wrong. Raises ValueError for codes other than 1, 0, NaN, other shapes, or a weight that isn't
    positive.
    """
    both = _codes(np.column_stack([np.asarray(human, dtype=float), np.asarray(machine, dtype=float)]))
    weight = np.ones(len(both)) if weights is None else np.asarray(weights, dtype=float)
    if weight.shape != (len(both),) or not (np.isfinite(weight) & (weight > 0)).all():
        raise ValueError("weights must be positive numbers, one per unit")
    known = ~np.isnan(both).any(axis=1)
    people, coder = both[known].astype(np.intp).T
    tables = _tables(_places(voices, len(both))[known], (people, coder), 2, weight[known])
    tables = tables[tables.any(axis=(1, 2))]
    counts, drawn = tables.sum(axis=0), _drawn((tables,), draws, seed)
    return Validity(
        n_units=int(known.sum()),
        n_voices=len(tables),
        positives=int(people.sum()),
        assigned=int(coder.sum()),
        precision=_estimate(_precision(counts), _precision(drawn)),
        recall=_estimate(_recall(counts), _recall(drawn)),
        f1=_estimate(_f1(counts), _f1(drawn)),
    )


def verdict(alpha: Estimate, n_marked: int) -> str:
    """Return what alpha's lower bound allows to be said of a theme that at least one coder marked `n_marked` times.

    Thresholds: Krippendorff, Content Analysis, 4th ed. 2019, ch. 12. AC1 has no say. Without a lower bound (a single
    voice; draws without both kinds of code) the data are insufficient as well.
    """
    if n_marked < MIN_POSITIVES:
        return INSUFFICIENT
    if alpha.value is None:
        return UNDEFINED
    if alpha.low is None:
        return INSUFFICIENT
    if alpha.low >= ALPHA_RELIABLE:
        return RELIABLE
    return TENTATIVE if alpha.low >= ALPHA_TENTATIVE else DESCRIPTIVE


def units_to_double_code(share: float, alpha: float = ALPHA_RELIABLE, significance: float = 0.05) -> int:
    """Return how many units two people should code so that alpha can be told from a lower one.

    `share` is the share of the rarer class, `alpha` the smallest acceptable alpha, `significance` one-sided.
    N = 2 z² ((1+α)(3−α) / (4p(1−p)(1−α)) − α), rounded up: Bloch & Kraemer, Biometrics 1989, as adapted by
    Krippendorff, Content Analysis. Raises ValueError where the formula has no sense.
    """
    if not (0 < share < 1 and 0 <= alpha < 1 and 0 < significance < 0.5):
        raise ValueError("needs 0 < share < 1, 0 <= alpha < 1 and 0 < significance < .5")
    z = NormalDist().inv_cdf(1 - significance)
    odds = (1 + alpha) * (3 - alpha) / (4 * share * (1 - share) * (1 - alpha))
    return math.ceil(round(2 * z * z * (odds - alpha), _DIGITS))


def row(figures: Reliability | Validity) -> dict[str, object]:
    """Return the figures as one flat row: `alpha`, `alpha_low`, `alpha_high` and so on."""
    flat: dict[str, object] = {}
    for field in dataclasses.fields(figures):
        value = getattr(figures, field.name)
        if isinstance(value, Estimate):
            flat |= {field.name: value.value, f"{field.name}_low": value.low, f"{field.name}_high": value.high}
        else:
            flat[field.name] = value
    return flat


def tally(codes: ArrayLike) -> Floats:
    """Return the table of counts of a matrix of codes: at [r, k] the units that r coded and k of these marked."""
    matrix = _codes(codes)
    one_voice = np.zeros(len(matrix), dtype=np.intp)
    counts: Floats = _tables(one_voice, _coded_and_marks(matrix), matrix.shape[1] + 1, np.ones(len(matrix))).sum(axis=0)
    return counts


def krippendorff_alpha(codes: ArrayLike) -> float:
    """Return Krippendorff's nominal alpha of a matrix of codes by the `krippendorff` package; NaN if undefined.

    It is undefined where no unit was coded twice or all codes of those that were are the same.
    """
    coded, marks = _coded_and_marks(_codes(codes))
    values = np.column_stack([coded - marks, marks])[coded >= 2]
    if not values.any(axis=0).all():
        return math.nan
    return float(krippendorff.alpha(value_counts=values, level_of_measurement="nominal"))


def binary_alpha(counts: Floats) -> Floats:
    """Return Krippendorff's nominal alpha of tables of counts, shape (…, r, k), in closed form.

    α = 1 − (n−1) Σ k(r−k)/(r−1) / (n₀ n₁), over units that r ≥ 2 people coded and k marked; n₀, n₁ count their codes
    of each kind and n = n₀+n₁. Krippendorff, "Computing Krippendorff's Alpha-Reliability", 2011, for two values.
    """
    r, k, pairs = _grid(counts)
    split = _sum(counts, pairs * k * (r - k) / np.maximum(r - 1, 1))
    zeros, ones = _sum(counts, pairs * (r - k)), _sum(counts, pairs * k)
    return 1 - _ratio((zeros + ones - 1) * split, zeros * ones)


def percent_agreement(counts: Floats) -> Floats:
    """Return, for tables of counts (…, r, k), the share of coder pairs that agree on a unit, averaged over units.

    Fleiss, Psychological Bulletin 1971; with two coders the share of units coded alike. A share, not × 100.
    """
    r, k, pairs = _grid(counts)
    alike = (k * (k - 1) + (r - k) * (r - k - 1)) / np.maximum(r * (r - 1), 1)
    return _ratio(_sum(counts, pairs * alike), _sum(counts, pairs))


def positive_agreement(counts: Floats) -> Floats:
    """Return, for tables of counts (…, r, k), 2·both / (marks of one + marks of the other), over all coder pairs.

    Cicchetti & Feinstein, J Clin Epidemiol 1990; a pair counts on the units that both have coded.
    """
    r, k, pairs = _grid(counts)
    return _ratio(_sum(counts, pairs * k * (k - 1)), _sum(counts, pairs * k * (r - 1)))


def gwet_ac1(counts: Floats) -> Floats:
    """Return Gwet's AC1 of tables of counts (…, r, k) for two categories, marked and not, used or not.

    Gwet, Br J Math Stat Psychol 2008. The theme's share is a mean over all coded units, those coded by one included.
    """
    r, k, _ = _grid(counts)
    share = _ratio(_sum(counts, k / np.maximum(r, 1)), _sum(counts, r >= 1))
    chance = 2 * share * (1 - share)
    return _ratio(percent_agreement(counts) - chance, 1 - chance)


def _codes(codes: ArrayLike) -> Floats:
    matrix = np.asarray(codes, dtype=float)
    if matrix.ndim != 2:
        raise ValueError(f"codes must be units × coders, not of {matrix.ndim} dimension(s)")
    if not (np.isnan(matrix) | (matrix == 0) | (matrix == 1)).all():
        raise ValueError("codes must be 1, 0 or NaN")
    return matrix


def _coded_and_marks(matrix: Floats) -> tuple[Ints, Ints]:
    """Return, per unit, how many coded it and how many marked it."""
    return (~np.isnan(matrix)).sum(axis=1), (matrix == 1).sum(axis=1)


def _places(voices: Sequence[object], n: int) -> Ints:
    """Return a number per voice; a unit without voice would join strangers into one, so there must be none."""
    places: Ints = pd.factorize(np.asarray(voices, dtype=object))[0]
    if places.shape != (n,) or (places < 0).any():
        raise ValueError(f"voices must name a voice for each of the {n} units")
    return places


def _tables(places: Ints, cells: tuple[Ints, Ints], side: int, weights: Floats) -> Floats:
    """Return the (weighted) units of each voice per cell, sorted by content, so that names and order don't matter."""
    order = np.argsort(weights, kind="stable")  # sums are the same to the last bit in any order of units
    tables = np.zeros((int(places.max(initial=-1)) + 1, side, side))
    np.add.at(tables, (places[order], cells[0][order], cells[1][order]), weights[order])
    by_content: Floats = tables[np.lexsort(tables.reshape(len(tables), side * side).T)]
    return by_content


def _drawn(groups: Iterable[Floats], draws: int, seed: int) -> Floats:
    """Return one summed table per bootstrap draw of voices within each group; none if the first has one voice."""
    first, *others = groups
    if len(first) < 2:
        return np.zeros((0, *first.shape[1:]))
    rng = np.random.default_rng(seed)
    total = np.zeros((draws, *first.shape[1:]))
    for tables in (first, *others):
        if n := len(tables):
            total += np.tensordot(rng.multinomial(n, np.full(n, 1 / n), size=draws).astype(float), tables, axes=1)
    return total


def _grid(counts: Floats) -> tuple[Floats, Floats, NDArray[np.bool_]]:
    """Return r and k of every cell of a table, and whether its units have a pair of codes."""
    r, k = np.indices(counts.shape[-2:]).astype(float)
    return r, k, (r >= 2) & (k <= r)


def _sum(counts: Floats, factor: NDArray[np.float64] | NDArray[np.bool_]) -> Floats:
    total: Floats = np.tensordot(counts, factor.astype(float), axes=2)
    return total


def _ratio(above: Floats, below: Floats) -> Floats:
    """Divide; NaN where the denominator is nought."""
    quotient: Floats = np.divide(above, below, out=np.full(np.shape(below), np.nan), where=np.asarray(below) > 0)
    return quotient


def _precision(table: Floats) -> Floats:
    return _ratio(table[..., 1, 1], table[..., 1, 1] + table[..., 0, 1])


def _recall(table: Floats) -> Floats:
    return _ratio(table[..., 1, 1], table[..., 1, 1] + table[..., 1, 0])


def _f1(table: Floats) -> Floats:
    return _ratio(2 * table[..., 1, 1], 2 * table[..., 1, 1] + table[..., 0, 1] + table[..., 1, 0])


def _estimate(value: float | Floats, draws: Floats) -> Estimate:
    """Round a figure and take the interval from its draws; no interval if too many draws are undefined."""
    if np.isnan(value):
        return Estimate(None)
    defined = draws[~np.isnan(draws)]
    if not len(defined) or len(draws) - len(defined) > _TAIL * len(draws):
        return Estimate(_rounded(value))
    low, high = np.quantile(defined, (_TAIL, 1 - _TAIL))
    return Estimate(_rounded(value), _rounded(low), _rounded(high))


def _rounded(value: float | Floats) -> float:
    return round(float(value), _DIGITS) + 0.0  # no minus nought
