"""Simulate how often the 95 % intervals of corrected prevalence hold the truth; print a table.

Usage: python benchmarks/coverage.py [--simulations 1000] [--draws 500]. About ten minutes on two cores.

A world draws voices, each with its own prevalence and its own rates of machine error (beta distributed: correlation
.2 of the theme and .1 of the errors inside a voice), and its units. The sample is stratified by the machine's code,
without replacement: in proportion, with half from the machine's positives, or of whole voices (then the share of
voices is estimated). In "advice" the share is one of the units that recommend something, which the machine guesses
too. The truth is the prevalence among the voices the worlds draw from; how often the interval holds the corpus' own
human share stands beside it. Coverage counts the worlds in which the rule gives an estimate. Inside one branch of the
rule it can be lower: the rule looks at the sample, and a sample that happens to hold few errors of a kind happens to
miss them in its share, too. So it is where an estimate is rare: with three positives expected, the sample that holds
the five that an estimate needs holds too many. There an interval misses in few worlds only because few give any.
"""

from __future__ import annotations

import argparse
from concurrent.futures import ProcessPoolExecutor
from functools import cache, partial
from itertools import product
from typing import NamedTuple

import numpy as np

from pipeline import prevalence
from pipeline.intervals import wilson

PREVALENCE = (0.05, 0.1, 0.3, 0.5)
CODERS = ((0.6, 0.9), (0.8, 0.95), (0.9, 0.98), (0.7, 0.7))  # sensitivity, specificity
SIZES = (100, 150, 300)  # units people code; voices where voices are drawn
DESIGNS = ("proportional", "balanced", "voices")
CORPORA = {  # number of units, and how many a voice has
    "comments": 600,  # 1.5 on average, as in the shipped corpus
    "editors": 600,  # the same, but one voice in twelve has five to fifteen
    "small": 200,  # as comments, and most of it coded
    "few voices": 600,  # 15 on average: some forty voices
    "advice": 900,  # as comments; about half of the units recommend something
}
_ADVICE, _ADVICE_CODER = 0.55, (0.95, 0.93)  # share of units that recommend; the machine's sensitivity, specificity
_HEAD = "".join(
    name.ljust(width)
    for name, width in {
        "corpus": 12, "sample": 14, "true": 6, "sens/spec": 11, "n": 5, "given": 7, "coverage": 22,
        "difference": 15, "gold only": 15, "own": 7, "width": 5,
    }.items()
)  # fmt: skip
_THEME, _ERRORS = 0.2, 0.1  # correlations inside a voice


class Setting(NamedTuple):
    """One line of the table."""

    corpus: str
    design: str
    prevalence: float
    sensitivity: float
    specificity: float
    n: int


class World(NamedTuple):
    """N units: who speaks, what people would say, what the machine says; the sample's places and probabilities.

    `human_base` and `machine_base`: which units recommend something.
    """

    voice: np.ndarray
    human: np.ndarray
    machine: np.ndarray
    rows: np.ndarray
    inclusion: np.ndarray
    human_base: np.ndarray
    machine_base: np.ndarray


class Outcome(NamedTuple):
    """One estimate: its estimator, whether it holds the truth and the corpus' own share, and its width."""

    estimator: str
    truth: bool
    own: bool
    width: float


def settings() -> list[Setting]:
    """Return all settings; samples larger than the corpus, and whole voices where there are few, are left out."""
    found = [Setting(c, d, p, *k, n) for c, d, p, k, n in product(CORPORA, DESIGNS, PREVALENCE, CODERS, SIZES)]
    possible = {"comments": 300, "editors": 150, "small": 100, "few voices": 0, "advice": 0}  # voices
    return [s for s in found if s.n <= (possible[s.corpus] if s.design == "voices" else CORPORA[s.corpus])]


def sizes(corpus: str, n: int, rng: np.random.Generator) -> np.ndarray:
    """Return how many units each of n voices has."""
    units = rng.geometric(1 / 15 if corpus == "few voices" else 2 / 3, n)
    if corpus == "editors":
        units = np.where(rng.random(n) < 1 / 12, rng.integers(5, 16, n), units)
    return units


def world(setting: Setting, rng: np.random.Generator) -> World:
    """Draw voices until the corpus has its units, then the sample."""
    units = sizes(setting.corpus, CORPORA[setting.corpus], rng)
    units = units[: 1 + int(np.searchsorted(np.cumsum(units), CORPORA[setting.corpus]))]
    voice = np.repeat(np.arange(len(units)), units)

    def coin(mean: float, correlation: float) -> np.ndarray:
        strength = (1 - correlation) / correlation
        own = rng.beta(mean * strength, (1 - mean) * strength, len(units))
        return rng.random(len(voice)) < own[voice]

    bases = [np.ones(len(voice), dtype=bool)] * 2
    if setting.corpus == "advice":
        advises = coin(_ADVICE, _THEME)
        sensitivity, specificity = _ADVICE_CODER
        bases = [advises, np.where(advises, coin(sensitivity, _ERRORS), coin(1 - specificity, _ERRORS))]
    human = coin(setting.prevalence, _THEME) & bases[0]
    machine = np.where(human, coin(setting.sensitivity, _ERRORS), coin(1 - setting.specificity, _ERRORS)) & bases[1]
    if setting.design != "voices":
        return World(voice, human, machine, *_draw(machine, setting, rng), *bases)
    drawn, inclusion = _draw(np.bincount(voice, machine) > 0, setting, rng)
    chance = np.zeros(len(units))
    chance[drawn] = inclusion
    rows = np.flatnonzero(chance[voice])
    return World(voice, human, machine, rows, chance[voice[rows]], *bases)


def _draw(machine: np.ndarray, setting: Setting, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Draw n places from the strata of the machine's positives and negatives; return them and their probabilities."""
    strata = np.flatnonzero(machine), np.flatnonzero(~machine)
    share = 0.5 if setting.design == "balanced" else machine.mean()
    first = min(len(strata[0]), max(2, round(setting.n * share)))
    counts = first, min(len(strata[1]), setting.n - first)
    rows = [rng.choice(stratum, count, replace=False) for stratum, count in zip(strata, counts, strict=True)]
    chances = [np.full(count, count / max(1, len(s))) for s, count in zip(strata, counts, strict=True)]
    return np.concatenate(rows), np.concatenate(chances)


@cache
def voices_truth(setting: Setting) -> float:
    """Return the share of voices with the theme among those the worlds draw from, by a million voices."""
    rng = np.random.default_rng(1)
    strength = (1 - _THEME) / _THEME
    own = rng.beta(setting.prevalence * strength, (1 - setting.prevalence) * strength, 1_000_000)
    return float(np.mean(1 - (1 - own) ** sizes(setting.corpus, len(own), rng)))


def simulate(setting: Setting, simulations: int, draws: int) -> list[Outcome]:
    """Return what the rule gave in every world of a setting."""
    key = [int(1000 * x) if isinstance(x, float) else x for x in setting[2:]]
    rng = np.random.default_rng([*key, *setting.corpus.encode(), *setting.design.encode()])
    outcomes = []
    for _ in range(simulations):
        w = world(setting, rng)
        whole = setting.design == "voices"
        corpus = prevalence.coded(
            w.machine, w.voice, w.rows, w.human[w.rows], w.inclusion,
            whole_voices=whole, base=w.machine_base, gold_base=w.human_base[w.rows],
        )  # fmt: skip
        estimate = (prevalence.voice_share if whole else prevalence.unit_share)(corpus, draws)
        own = np.mean(np.bincount(w.voice, w.human) > 0) if whole else w.human.sum() / w.human_base.sum()
        truth = voices_truth(setting) if whole else setting.prevalence
        if estimate.low is None or estimate.high is None:
            outcomes.append(Outcome(estimate.estimator, False, False, np.nan))
        else:
            low, high = estimate.low, estimate.high
            outcomes.append(Outcome(estimate.estimator, low <= truth <= high, low <= own <= high, high - low))
    return outcomes


def coverage(outcomes: list[Outcome], estimator: str | None = None) -> tuple[int, int]:
    """Return how many estimates held the truth, and how many there were."""
    given = [o for o in outcomes if o.estimator != prevalence.NOT_ESTIMABLE and estimator in (None, o.estimator)]
    return sum(o.truth for o in given), len(given)


def settled(setting: Setting) -> tuple[int, int, int]:
    """Return how many estimates held the truth, how many there were, and in how many worlds: enough to tell .90 by.

    Two hundred worlds, and a thousand where they leave doubt: where fewer than .925 hold the truth, or where fewer than
    a hundred give an estimate.
    """
    held, given = coverage(simulate(setting, 200, draws=300))
    if given >= 100 and held / given >= 0.925:
        return held, given, 200
    return *coverage(simulate(setting, 1000, draws=300)), 1000


def _line(setting: Setting, outcomes: list[Outcome]) -> str:
    k, n = coverage(outcomes)
    low, high = wilson(k / max(n, 1), n)
    given = [o for o in outcomes if o.estimator != prevalence.NOT_ESTIMABLE]
    branches = "  ".join(
        f"{held / max(1, of):.3f} of {of:4d}" if of else "–".center(13)
        for held, of in (coverage(outcomes, e) for e in (prevalence.DIFFERENCE, prevalence.GOLD_ONLY))
    )
    own, width = np.mean([o.own for o in given]), np.median([o.width for o in given])
    name = f"{setting.corpus:10s}  {setting.design:12s}  {setting.prevalence:.2f}  {setting[3]:.2f}/{setting[4]:.2f}"
    return f"{name}  {setting.n:3d}  {n:5d}  {k / n:.3f} [{low:.3f}, {high:.3f}]  {branches}  {own:.3f}  {width:.3f}"


def main() -> None:
    """Print a line per setting, then the least and the median coverage."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--simulations", type=int, default=1000)
    parser.add_argument("--draws", type=int, default=500)
    arguments = parser.parse_args()
    run = partial(simulate, simulations=arguments.simulations, draws=arguments.draws)
    print(f"{arguments.simulations} simulations a setting; coverage of nominal 95 % intervals with Wilson interval\n")
    print(_HEAD)
    shares = []
    with ProcessPoolExecutor() as pool:
        for setting, outcomes in zip(settings(), pool.map(run, settings()), strict=True):
            print(_line(setting, outcomes), flush=True)
            k, n = coverage(outcomes)
            shares.append(k / n)
    under = sum(share < 0.9 for share in shares)
    print(f"\n{len(shares)} settings: least {min(shares):.3f}, median {np.median(shares):.3f}, under .90: {under}")


if __name__ == "__main__":
    main()
