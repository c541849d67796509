"""How common topics are, overall and by language, role and source.

A share is one of the eligible units of a level. Its interval is Wilson's with the effective number of units, that is
after clustering by voice (Kish 1965; Franco, Little, Louis & Slud, J. Survey Statistics and Methodology 7, 2019): it
speaks of the voices that such pages draw, and takes the topics as they were found. Whether levels differ is tested by
shuffling the levels among voices (chi-square of the units), and the p-values are those of Holm (1979) over the
topics. Where fewer than five voices are to be expected in a cell, there is no p; hidden levels take no part in it.
"""

from __future__ import annotations

from collections.abc import Mapping, Set

import numpy as np
import pandas as pd

from pipeline.estimates import ALL, GROUPS
from pipeline.intervals import wilson
from pipeline.manifest import SEED
from pipeline.schemas import TABLES

SHUFFLES = 999
MIN_EXPECTED = 5
_DIGITS = 6


def estimate(units: pd.DataFrame, n_topics: int, hidden: Mapping[str, Set[str]]) -> pd.DataFrame:
    """Return one row per topic, group and level.

    Args:
        units: the eligible units with `voice`, `language`, `role`, `source` and `topic_id` (-1: unassigned).
        n_topics: how many topics there are.
        hidden: per group, the levels of which nothing may be published; their rows are marked.
    """
    rows = []
    for group in (ALL, *GROUPS):
        levels = pd.Series(ALL, index=units.index) if group == ALL else units[group].astype(str)
        secret = hidden.get(group, set())
        tested = p_values(units, levels, n_topics, secret)
        for level in sorted(set(levels)):
            own = units[levels == level]
            for topic in range(n_topics):
                row = {"topic_id": topic, "group": group, "level": level, "suppressed": level in secret}
                rows.append(row | share(own, topic) | {"p": tested[topic]})
    return pd.DataFrame(rows, columns=list(TABLES["topic_estimates"].columns))


def share(units: pd.DataFrame, topic: int) -> dict[str, float | int]:
    """Return counts and share of one topic among units, with the interval after clustering by voice."""
    inside = units["topic_id"] == topic
    by_voice = inside.groupby(units["voice"].to_numpy()).agg(["sum", "size"]).to_numpy(dtype=float)
    total, n_voices = len(units), len(by_voice)
    value = float(inside.mean()) if total else 0.0
    low, high = wilson(value, effective(by_voice[:, 0], by_voice[:, 1])) if total else (0.0, 1.0)
    return {
        "n_voices": int((by_voice[:, 0] > 0).sum()),
        "n_units": int(inside.sum()),
        "base_voices": n_voices,
        "base_units": total,
        "share": round(value, _DIGITS),
        "share_low": min(low, round(value, _DIGITS)),
        "share_high": max(high, round(value, _DIGITS)),
    }


def effective(counts: np.ndarray, sizes: np.ndarray) -> float:
    """Return how many independent units those of the voices are worth, given how many of each are counted.

    The variance is that of a ratio between voices; with no variance, or one voice, units are worth as many as voices.
    """
    n, total = len(sizes), float(sizes.sum())
    value = float(counts.sum()) / total
    # Of whole numbers, so that it is exactly 0 where all voices are alike.
    variance = n / max(n - 1, 1) * float(((counts * total - counts.sum() * sizes) ** 2).sum()) / total**4
    plain = value * (1 - value)
    return float(n) if n < 2 or variance <= 0 or plain <= 0 else min(plain / variance, total)


def p_values(units: pd.DataFrame, levels: pd.Series, n_topics: int, hidden: Set[str]) -> list[float | None]:
    """Return, per topic, how often shuffled levels differ as much as the shown ones do; None where too few voices.

    A voice that speaks in several levels is one of the level of its first unit.
    """
    shown = units[~levels.isin(hidden)]
    names = sorted(set(levels) - hidden)
    if len(names) < 2 or not n_topics:
        return [None] * n_topics
    voices, first, owners = np.unique(shown["voice"].astype(str), return_index=True, return_inverse=True)
    found = shown["topic_id"].to_numpy()
    counts = np.zeros((len(voices), n_topics))
    np.add.at(counts, (owners[found >= 0], found[found >= 0]), 1)
    sizes = np.bincount(owners).astype(float)
    level = pd.Categorical(levels.loc[shown.index].to_numpy()[first], categories=names).codes.astype(int)
    expected = np.bincount(level, minlength=len(names)).min() * (counts > 0).mean(axis=0)
    draws = np.random.default_rng(SEED)
    seen = _chi_square(counts, sizes, level, len(names))
    above = np.ones(n_topics)
    for _ in range(SHUFFLES):
        above += _chi_square(counts, sizes, draws.permutation(level), len(names)) >= seen - 1e-9
    raw = above / (1 + SHUFFLES)
    return holm([float(p) if enough >= MIN_EXPECTED else None for p, enough in zip(raw, expected, strict=True)])


def holm(values: list[float | None]) -> list[float | None]:
    """Return p-values adjusted for how many there are (Holm 1979); None stays None and doesn't count."""
    known = sorted((p, i) for i, p in enumerate(values) if p is not None)
    found: list[float | None] = list(values)
    highest = 0.0
    for rank, (p, i) in enumerate(known):
        highest = max(highest, min(1.0, p * (len(known) - rank)))
        found[i] = round(highest, _DIGITS)
    return found


def _chi_square(counts: np.ndarray, sizes: np.ndarray, level: np.ndarray, n_levels: int) -> np.ndarray:
    """Return the chi-square of units inside a topic by level, per topic."""
    from scipy.sparse import csr_matrix

    places = csr_matrix((np.ones(len(level)), (level, np.arange(len(level)))), shape=(n_levels, len(level)))
    inside, total = places @ counts, np.maximum(places @ sizes, 1e-12)[:, None]
    value = inside.sum(axis=0) / total.sum()
    return np.asarray((((inside - total * value) ** 2) / total).sum(axis=0) / np.maximum(value * (1 - value), 1e-12))
