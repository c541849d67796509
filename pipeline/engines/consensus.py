"""Consensus clustering: many coarse looks at the same vectors, and how often two units fell together.

One run of k-means depends on its seed and on single rows. Here an ensemble of k-means of unit vectors with different k
on different subsamples votes, and the votes are merged by average linkage (evidence accumulation: Fred & Jain, IEEE
TPAMI 27(6), 2005). A unit belongs to a topic as much as it fell together with the topic's units, so a unit that took no
part in the tree is placed by the same rule. Before, every vector is moved half way to its nearest ones: on this
project's own sentences topics then follow the codes better (`benchmarks/topics.py`).

Every draw comes from a fixed seed over rows in canonical order, and all arithmetic runs on one thread, since sums over
several differ in their last bits.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from threadpoolctl import threadpool_limits

from pipeline.manifest import SEED

DIMENSIONS = 50
MEMBERS = 50
NEAREST = 10
_SUBSAMPLE = 0.7
_MOST, _FEWEST = 30, 4
_LARGEST = 10_000  # rows that a clustering sees
_KNOWN = 4_000  # vectors, at even steps through all, among which neighbours are looked for and axes are found
_BLOCK = 2_048


@dataclass(frozen=True)
class Axes:
    """Principal axes: the mean (dimensions), and the axes (dimensions × few), each with a fixed sign."""

    mean: np.ndarray
    axes: np.ndarray

    def __call__(self, vectors: np.ndarray) -> np.ndarray:
        """Return the vectors on the axes (rows × few), as float32."""
        return np.asarray((vectors - self.mean) @ self.axes, dtype=np.float32)


@dataclass(frozen=True)
class Neighbours:
    """Unit vectors among which the nearest of any vector are looked for."""

    known: np.ndarray

    def __call__(self, vectors: np.ndarray) -> np.ndarray:
        """Return each unit vector half way to the mean of its nearest: what is said alike says more than one sentence.

        The root of the number of known vectors are taken, at most `NEAREST`.
        """
        few = min(NEAREST, math.isqrt(len(self.known)))
        nearest = np.argpartition(-(vectors @ self.known.T), few - 1, axis=1)[:, :few]
        moved = vectors + self.known[nearest].mean(axis=1)
        return np.asarray(moved / np.maximum(np.linalg.norm(moved, axis=1, keepdims=True), 1e-12), dtype=np.float32)


@dataclass(frozen=True)
class Member:
    """One clustering of the ensemble: its centres (k × dimensions)."""

    centres: np.ndarray

    def __call__(self, rows: np.ndarray) -> np.ndarray:
        """Return the cluster of every row."""
        nearness = rows @ self.centres.T - (self.centres**2).sum(axis=1) / 2
        return np.asarray(nearness.argmax(axis=1))


@dataclass(frozen=True)
class Ensemble:
    """What was learned from vectors: all of them on the axes, who votes, and the tree of how often rows fell together.

    `rows` are those of all vectors; `votes` and `tree` are of the rows of the fit alone.
    """

    rows: np.ndarray
    members: tuple[Member, ...]
    votes: np.ndarray
    tree: np.ndarray

    def cut(self, k: int) -> np.ndarray:
        """Return the topic of each row of the fit, at most `k` of them, numbered in the order of their first row."""
        from scipy.cluster.hierarchy import fcluster

        if not len(self.tree):
            return np.zeros(len(self.votes), dtype=int)
        return in_order(fcluster(self.tree, k, "maxclust"))

    def memberships(self, labels: np.ndarray, votes: np.ndarray | None = None) -> np.ndarray:
        """Return how much each row belongs to each topic (rows × topics); a row sums to 1.

        Args:
            labels: the topic of each row of the fit, from 0.
            votes: of other rows (`vote`); without, the rows of the fit are placed.
        """
        topics = np.eye(int(labels.max()) + 1, dtype=np.float32)[labels]
        shares = self.votes.T @ topics / topics.sum(axis=0)
        found = (self.votes if votes is None else votes) @ shares
        return np.asarray(found / np.maximum(found.sum(axis=1, keepdims=True), 1e-12), dtype=np.float64)

    def vote(self, places: slice) -> np.ndarray:
        """Return the votes of some of all vectors (rows × clusters of all members)."""
        return votes_of(self.members, self.rows[places])


def fit(vectors: np.ndarray, chosen: np.ndarray | None = None, members: int = MEMBERS, seed: int = SEED) -> Ensemble:
    """Learn an ensemble from unit vectors in canonical order.

    All rows take part in the clusterings, so these are the same whatever is `chosen`; where it names some of the rows,
    only they take part in the tree, whose memory grows with their square, and only they are the rows of the fit.
    """
    with threadpool_limits(1):
        known = vectors[:: max(1, -(-len(vectors) // _KNOWN))]
        near = Neighbours(known)
        axes = principal_axes(in_blocks(near, known))
        rows = in_blocks(lambda block: axes(near(block)), vectors)
        found = tuple(_members(rows, members, seed))
        votes = votes_of(found, rows if chosen is None else rows[chosen])
        return Ensemble(rows, found, votes, _tree(votes, len(found)))


def principal_axes(vectors: np.ndarray, dimensions: int = DIMENSIONS) -> Axes:
    """Return the directions of most variance; of each, the largest part is positive, so that its sign is fixed."""
    mean = vectors.mean(axis=0, dtype=np.float64)
    if 2 * len(vectors) < len(mean):  # then much faster
        axes = np.linalg.svd(vectors - mean, full_matrices=False)[2].T[:, :dimensions]
    else:
        spread = np.zeros((len(mean), len(mean)))
        for start in range(0, len(vectors), _BLOCK):
            centred = vectors[start : start + _BLOCK] - mean
            spread += centred.T @ centred
        axes = np.linalg.eigh(spread)[1][:, ::-1][:, :dimensions]
    signs = np.sign(axes[np.abs(axes).argmax(axis=0), np.arange(axes.shape[1])])
    return Axes(mean.astype(np.float32), (axes * np.where(signs == 0, 1, signs)).astype(np.float32))


def together(votes: np.ndarray, n_members: int) -> np.ndarray:
    """Return how often rows fell together, from their votes."""
    return np.asarray(np.minimum(votes @ votes.T / np.float32(n_members), 1))


def votes_of(members: Sequence[Member], rows: np.ndarray) -> np.ndarray:
    """Return a one in the column of each cluster that a row falls into, member after member."""
    width = sum(len(member.centres) for member in members)
    votes = np.zeros((len(rows), width), dtype=np.float32)
    place = 0
    for member in members:
        votes[np.arange(len(rows)), place + member(rows)] = 1
        place += len(member.centres)
    return votes


def in_order(labels: np.ndarray) -> np.ndarray:
    """Number labels from 0 in the order of their first row."""
    _, first, inverse = np.unique(labels, return_index=True, return_inverse=True)
    rank = np.empty(len(first), dtype=int)
    rank[np.argsort(first)] = np.arange(len(first))
    return rank[inverse]


def numbers_of_clusters(n: int, distinct: int) -> tuple[int, int]:
    """Return the least and the greatest k of the ensemble: up to the root of n, far more than there are topics."""
    most = min(max(_FEWEST, round(math.sqrt(n))), _MOST, distinct)
    return min(max(2, most // 3), most), most


def in_blocks(change: Callable[[np.ndarray], np.ndarray], vectors: np.ndarray, block: int = _BLOCK) -> np.ndarray:
    """Return changed vectors; done in blocks, which bounds the memory."""
    return np.vstack([change(vectors[i : i + block]) for i in range(0, len(vectors), block)])


def _members(rows: np.ndarray, count: int, seed: int) -> list[Member]:
    from sklearn.cluster import KMeans

    draws = np.random.default_rng(seed)
    distinct = len(np.unique(rows.round(4), axis=0))
    least, most = numbers_of_clusters(len(rows), distinct)
    found = []
    for i in range(count):
        k = least + (most - least) * i // max(count - 1, 1)
        size = min(max(k, round(_SUBSAMPLE * len(rows))), _LARGEST)
        chosen = np.sort(draws.choice(len(rows), size, replace=False))
        some = rows[chosen]
        k = min(k, len(np.unique(some.round(4), axis=0)))
        means = KMeans(k, n_init=1, max_iter=50, random_state=seed + i).fit(some)
        found.append(Member(np.asarray(means.cluster_centers_, dtype=np.float32)))
    return found


def _tree(votes: np.ndarray, n_members: int) -> np.ndarray:
    """Return the average-linkage tree of how often rows did not fall together."""
    from scipy.cluster.hierarchy import linkage

    n = len(votes)
    if n < 2:
        return np.empty((0, 4))
    apart, place = np.empty(n * (n - 1) // 2), 0
    for start in range(0, n, _BLOCK):
        block = n_members - votes[start : start + _BLOCK] @ votes.T
        for i, row in enumerate(block, start):
            apart[place : place + n - i - 1] = row[i + 1 :]
            place += n - i - 1
    # Whole numbers of members tie all the time, and exactly so: ties are broken by the order of the rows.
    return np.asarray(linkage(apart, "average"))
