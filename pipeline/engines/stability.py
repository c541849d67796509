"""How stable topics are: found again without a fifth of the voices, and with other draws.

Every refit leaves out a fifth of the voices, all of their units at once, and draws anew. Its topics are matched with
those of the fit, one to one, so that their overlap (Jaccard) is greatest (Hungarian algorithm: Kuhn 1955). A topic
appears in a refit if it and its match share at least half of their units (Hennig, Computational Statistics & Data
Analysis 52, 2007: under one half a cluster is dissolved).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from threadpoolctl import threadpool_limits

from pipeline.engines import consensus, topics
from pipeline.engines.consensus import Ensemble
from pipeline.engines.topics import MIN_UNITS, Fit
from pipeline.manifest import SEED
from pipeline.progress import track

REFITS = 20
APPEARS = 0.5
_KEPT = 0.8
_MEMBERS = 25
_LARGEST = 2_000


@dataclass(frozen=True)
class Stability:
    """What refits say of a fit.

    Attributes:
        n_refits: how many there were; 0 where the corpus is too small to leave anybody out.
        appears: per topic, the share of refits in which it appears.
        jaccard: per topic, its mean overlap with its match; no match counts as 0.
        agreement: per number of topics, the mean adjusted Rand index of fit and refit (Hubert & Arabie 1985).
    """

    n_refits: int
    appears: np.ndarray
    jaccard: np.ndarray
    agreement: Mapping[int, float]


def measure(found: Fit, vectors: np.ndarray, voices: Sequence[str], min_size: int, refits: int = REFITS) -> Stability:
    """Fit again and compare; `vectors` and `voices` have a row per unit, in the order of the fit."""
    from sklearn.metrics import adjusted_rand_score

    n_topics, ensemble = found.memberships.shape[1], found.ensemble
    if ensemble is None or n_topics < 2:
        return Stability(0, np.zeros(n_topics), np.zeros(n_topics), {})
    first = found.memberships[found.rows].argmax(axis=1)
    by_number = {cut.k: _placed(ensemble, cut.k) for cut in found.cuts}
    overlaps, agreement = [], {k: [] for k in by_number}  # type: ignore[var-annotated]
    who = np.asarray(voices, dtype=object)[found.rows]
    for number in track(range(refits), "refitting topics", refits):
        kept = without_some(who, number)
        if len(kept) < MIN_UNITS:
            continue
        with threadpool_limits(1):
            again = consensus.fit(vectors[found.rows[kept]], None, _MEMBERS, SEED + 1_000 * (number + 1))
            second = topics.topics_of(again, found.k, max(1, round(_KEPT * min_size)))
        overlaps.append(matched(first[kept], second, n_topics))
        for k, labels in by_number.items():
            agreement[k].append(adjusted_rand_score(labels[kept], _placed(again, k)))
    if not overlaps:
        return Stability(0, np.zeros(n_topics), np.zeros(n_topics), {})
    table = np.stack(overlaps)
    means = {k: round(float(np.mean(values)), 4) for k, values in agreement.items()}
    return Stability(len(table), (table >= APPEARS).mean(axis=0).round(4), table.mean(axis=0).round(4), means)


def matched(first: np.ndarray, second: np.ndarray, n_first: int) -> np.ndarray:
    """Return, per topic of `first` (from 0), its Jaccard overlap with its match in `second`; 0 without one."""
    from scipy.optimize import linear_sum_assignment

    both = np.zeros((n_first, int(second.max(initial=0)) + 1))
    np.add.at(both, (first, second), 1)
    either = both.sum(axis=1)[:, None] + both.sum(axis=0)[None] - both
    overlap = both / np.maximum(either, 1)
    rows, columns = linear_sum_assignment(-overlap)
    found = np.zeros(n_first)
    found[rows] = overlap[rows, columns]
    return found


def _placed(ensemble: Ensemble, k: int) -> np.ndarray:
    with threadpool_limits(1):
        return np.asarray(ensemble.memberships(ensemble.cut(k)).argmax(axis=1))


def without_some(voices: np.ndarray, number: int) -> np.ndarray:
    """Return the rows of four fifths of the voices (of two, one), at most as many as a refit takes, in order."""
    draws = np.random.default_rng([SEED, number])
    everyone = np.unique(voices.astype(str))
    kept = set(draws.choice(everyone, min(round(_KEPT * len(everyone)), len(everyone) - 1), replace=False).tolist())
    rows = np.flatnonzero([voice in kept for voice in voices])
    return rows if len(rows) <= _LARGEST else np.sort(draws.choice(rows, _LARGEST, replace=False))
