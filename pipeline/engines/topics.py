"""Inductive topics with BERTopic, with deterministic parts inside it.

No UMAP and no HDBSCAN. A ladder by size: fewer than `MIN_UNITS` units, or than a topic needs, are a list; above, all
units vote on what belongs together (`consensus`). From the votes of up to `SAMPLE` units a tree is built, and every
unit is placed by the same rule. The number of topics is the one with the highest mean silhouette (Rousseeuw 1987) on
what fell together, up to the cube root of the number of units: more could not be read. A unit that belongs to two
topics alike is left unassigned, and said to be.
"""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from threadpoolctl import threadpool_limits

from pipeline.engines import consensus
from pipeline.engines.consensus import Ensemble
from pipeline.manifest import SEED
from pipeline.wording import words

MIN_UNITS = 15
SAMPLE = 8_000
LIST, CONSENSUS, SAMPLED = "list", "consensus", "sample"
_LEAST_MOST = 4
_SILHOUETTE_SAMPLE = 3_000
_BLOCK = 8_192


@dataclass(frozen=True)
class Cut:
    """One number of topics, and how well it parts what fell together (None where it can't be said)."""

    k: int
    silhouette: float | None


@dataclass(frozen=True)
class Fit:
    """Topics of units, in the order of the rows.

    Attributes:
        method: how they were found, see the ladder.
        topics: the topic of each row from 0 by size, or -1.
        memberships: how much each row belongs to each topic (rows × topics).
        cuts: the numbers of topics that were compared; `k` is the one that was taken.
        parents: the family of each topic, from 0.
        rows: which rows took part in the fit.
        ensemble: what was learned from them; None for a list.
    """

    method: str
    topics: np.ndarray
    memberships: np.ndarray
    cuts: tuple[Cut, ...]
    k: int
    parents: tuple[int, ...]
    rows: np.ndarray
    ensemble: Ensemble | None

    @property
    def margins(self) -> np.ndarray:
        """How much more each row belongs to its first topic than to its second, between 0 and 1."""
        return margins(self.memberships)


def fit(texts: Sequence[str], vectors: np.ndarray, min_size: int, margin: float, size: int = SAMPLE) -> Fit:
    """Find topics.

    Args:
        texts: the units, in canonical order (the same for the same set of units).
        vectors: unit vectors, one row per text.
        min_size: what fewer rows are assigned to is no topic; its rows go to the next.
        margin: a row with a smaller one is unassigned.
        size: how many rows the tree is built from at most.
    """
    n = len(texts)
    if n < least_units(min_size):
        return Fit(LIST, np.full(n, -1), np.zeros((n, 0)), (), 0, (), np.arange(n), None)
    with threadpool_limits(1):
        chosen = sample(n, size)
        engine = _Consensus(vectors, chosen, min_size)
        _with_bertopic([texts[i] for i in chosen], vectors[chosen], engine)
        memberships, topics = engine.settle(margin)
        order, parents = engine.by_size(topics)
    method = CONSENSUS if len(chosen) == n else SAMPLED
    # One place more than there are topics: the last one is -1's.
    number = np.append(np.argsort(order), -1)
    return Fit(method, number[topics], memberships[:, order], engine.cuts, engine.k, parents, chosen, engine.ensemble)


def least_units(min_size: int) -> int:
    """Return from how many units on topics are looked for."""
    return max(MIN_UNITS, min_size)


def sample(n: int, size: int = SAMPLE) -> np.ndarray:
    """Return the rows that take part in a fit, in order: all, or `size` of them drawn with the fixed seed."""
    if n <= size:
        return np.arange(n)
    return np.sort(np.random.default_rng(SEED).choice(n, size, replace=False))


def margins(memberships: np.ndarray) -> np.ndarray:
    """Return the first membership less the second, per row; with one topic, the membership itself."""
    if memberships.shape[1] < 2:
        return np.asarray(memberships.max(axis=1, initial=0.0))
    highest = np.sort(memberships, axis=1)
    return np.asarray(highest[:, -1] - highest[:, -2])


def most_topics(n: int) -> int:
    """Return how many topics there may be at most: the cube root of the number of units, but at least four."""
    return max(_LEAST_MOST, round(math.cbrt(n)))


def compare(ensemble: Ensemble, most: int) -> tuple[Cut, ...]:
    """Return the mean silhouette of every number of topics from 2 to `most`, on how often units fell together.

    It is taken over units at even steps through all vectors, so a sample is judged by the same units as the whole.
    """
    from sklearn.metrics import silhouette_score

    votes = ensemble.vote(slice(None, None, max(1, -(-len(ensemble.rows) // _SILHOUETTE_SAMPLE))))
    apart = 1 - consensus.together(votes, len(ensemble.members))
    np.fill_diagonal(apart, 0)
    cuts = []
    for k in range(2, most + 1):
        labels = ensemble.memberships(ensemble.cut(k), votes).argmax(axis=1)
        sayable = 1 < len(np.unique(labels)) < len(labels)
        cuts.append(Cut(k, round(float(silhouette_score(apart, labels, metric="precomputed")), 6) if sayable else None))
    return tuple(cuts)


def best(cuts: Sequence[Cut]) -> int:
    """Return the number of topics with the highest silhouette, of equals the smallest; 1 where none can be said."""
    known = [cut for cut in cuts if cut.silhouette is not None]
    return int(max(known, key=lambda cut: (cut.silhouette or 0.0, -cut.k)).k) if known else 1


def topics_of(ensemble: Ensemble, k: int, min_size: int) -> np.ndarray:
    """Return the topic of each row of the fit for `k` topics; topics of fewer than `min_size` rows are dissolved."""
    labels = consensus.in_order(ensemble.memberships(ensemble.cut(k)).argmax(axis=1))
    while len(sizes := np.bincount(labels)) > 1 and sizes.min() < min_size:
        labels = _dissolved(ensemble, labels, int(sizes.argmin()))
    return labels


def _dissolved(ensemble: Ensemble, labels: np.ndarray, topic: int) -> np.ndarray:
    """Return labels without a topic: each of its rows goes to the topic that it belongs to most of the others."""
    found = ensemble.memberships(labels)
    found[:, topic] = -1
    return consensus.in_order(np.where(labels == topic, found.argmax(axis=1), labels))


class _Consensus:
    """A clustering model as BERTopic expects one (`fit`, `labels_`), and what it has learned."""

    def __init__(self, everything: np.ndarray, chosen: np.ndarray, min_size: int) -> None:
        self.everything, self.chosen, self.min_size = everything, chosen, min_size
        self.labels_: np.ndarray = np.empty(0, dtype=int)
        self.cuts: tuple[Cut, ...] = ()
        self.k = 1

    def fit(self, vectors: np.ndarray, y: object = None) -> _Consensus:  # noqa: ARG002
        """Cluster the vectors, which are the chosen ones."""
        self.ensemble = consensus.fit(self.everything, self.chosen)
        distinct = len(np.unique(self.ensemble.votes, axis=0))
        most = min(most_topics(len(self.everything)), len(self.everything) // self.min_size, distinct)
        self.cuts = compare(self.ensemble, most)
        self.k = best(self.cuts)
        self.labels_ = topics_of(self.ensemble, self.k, self.min_size)
        return self

    def settle(self, margin: float) -> tuple[np.ndarray, np.ndarray]:
        """Return memberships and topics (or -1) of all vectors; a topic too few of them are sure of is dissolved."""
        while True:
            memberships = self._place()
            topics = memberships.argmax(axis=1)
            topics[margins(memberships) < margin] = -1
            sizes = np.bincount(topics + 1, minlength=memberships.shape[1] + 1)[1:]
            if len(sizes) == 1 or sizes.min() >= self.min_size:
                return memberships, topics
            self.labels_ = _dissolved(self.ensemble, self.labels_, int(sizes.argmin()))

    def _place(self) -> np.ndarray:
        """Return how much each vector belongs to each topic, in blocks, which bounds the memory."""
        blocks = (slice(i, i + _BLOCK) for i in range(0, len(self.everything), _BLOCK))
        return np.vstack([self.ensemble.memberships(self.labels_, self.ensemble.vote(block)) for block in blocks])

    def by_size(self, topics: np.ndarray) -> tuple[np.ndarray, tuple[int, ...]]:
        """Return the topics from the largest on (of equals, that of the first row), and the family of each."""
        order = np.argsort(-np.bincount(topics[topics >= 0]), kind="stable")
        return order, tuple(consensus.in_order(self._families()[order]).tolist())

    def _families(self) -> np.ndarray:
        """Return the upper level: topics merged where merging them costs least, at the widest gap of the tree."""
        from scipy.cluster.hierarchy import fcluster, linkage

        n = int(self.labels_.max()) + 1
        if n < 4:
            return np.arange(n)
        topics = np.eye(n, dtype=np.float32)[self.labels_]
        votes = topics.T @ self.ensemble.votes / topics.sum(axis=0)[:, None]
        apart = 1 - votes @ votes.T / len(self.ensemble.members)
        tree = linkage(apart[np.triu_indices(n, 1)].astype(np.float64), "average")
        numbers = range(2, max(3, (n + 1) // 2 + 1))
        # A cut into m families lives from the merge that makes m of them to the one that ends it.
        lives = {m: tree[n - m, 2] - tree[n - m - 1, 2] for m in numbers}
        return np.asarray(fcluster(tree, max(numbers, key=lambda m: (round(lives[m], 6), -m)), "maxclust"))


def _with_bertopic(texts: Sequence[str], vectors: np.ndarray, engine: _Consensus) -> None:
    """Run the clustering as BERTopic's, without its reduction and its embeddings."""
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    from bertopic import BERTopic
    from bertopic.backend import BaseEmbedder
    from bertopic.dimensionality import BaseDimensionalityReduction
    from sklearn.feature_extraction.text import CountVectorizer

    BERTopic(
        embedding_model=BaseEmbedder(),
        umap_model=BaseDimensionalityReduction(),
        hdbscan_model=engine,
        vectorizer_model=CountVectorizer(analyzer=_terms),
        calculate_probabilities=False,
        verbose=False,
    ).fit(list(texts), np.asarray(vectors))


def _terms(text: str) -> list[str]:
    """Return a text's words, and two signs more: BERTopic's weighting fails on a vocabulary of one or none."""
    return [*words(text), "¶", "§"]
