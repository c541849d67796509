"""A picture of the units on a plane, where units that mean alike lie close; stored, so it is drawn the same everywhere.

t-SNE (van der Maaten & Hinton, JMLR 9, 2008) from the principal axes, on one thread and without chance. Of a larger
corpus a sample is laid out, and the others are set between their nearest neighbours. Only nearness says something:
neither the axes nor the distance between far groups do.
"""

from __future__ import annotations

import numpy as np
from threadpoolctl import threadpool_limits

from pipeline.engines import consensus, topics
from pipeline.manifest import SEED

_LARGEST = 1_500
_PERPLEXITY = 30
_NEIGHBOURS = 3
_DIGITS = 4
_BLOCK = 8_192


def places(vectors: np.ndarray) -> np.ndarray:
    """Return x and y of every row, between 0 and 1 (rows × 2); vectors in canonical order."""
    n = len(vectors)
    if n == 0:
        return np.empty((0, 2))
    with threadpool_limits(1):
        chosen = topics.sample(n, _LARGEST)
        axes = consensus.principal_axes(vectors[chosen])
        rows = consensus.in_blocks(axes, vectors, _BLOCK).astype(np.float64)
        rows = np.pad(rows, ((0, 0), (0, max(0, 2 - rows.shape[1]))))
        if len(np.unique(rows[chosen].round(4), axis=0)) < 4:
            return _scaled(rows[:, :2])
        found = _laid_out(rows[chosen])
        return _scaled(found if len(chosen) == n else _between(rows, rows[chosen], found))


def _laid_out(rows: np.ndarray) -> np.ndarray:
    from sklearn.manifold import TSNE

    start = rows[:, :2] / max(float(rows[:, 0].std()), 1e-12) * 1e-4
    perplexity = min(_PERPLEXITY, (len(rows) - 1) / 3)
    return np.asarray(TSNE(perplexity=perplexity, init=start, random_state=SEED, n_jobs=1).fit_transform(rows))


def _between(rows: np.ndarray, known: np.ndarray, places: np.ndarray) -> np.ndarray:
    from sklearn.neighbors import NearestNeighbors

    distances, nearest = NearestNeighbors(n_neighbors=_NEIGHBOURS, algorithm="brute").fit(known).kneighbors(rows)
    weights = 1 / np.maximum(distances, 1e-6)
    return np.asarray((places[nearest] * weights[:, :, None]).sum(axis=1) / weights.sum(axis=1, keepdims=True))


def _scaled(places: np.ndarray) -> np.ndarray:
    low, high = places.min(axis=0), places.max(axis=0)
    span = float((high - low).max())
    if span < 1e-9:
        return np.full((len(places), 2), 0.5)
    return np.asarray(np.round((places - (low + high) / 2) / span + 0.5, _DIGITS))
