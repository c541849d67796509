"""Vectors with a known answer: groups that lie apart, as far as the noise lets them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from pipeline.engines import consensus
from pipeline.engines.consensus import Ensemble
from pipeline.manifest import SEED


def unit(vectors: np.ndarray) -> np.ndarray:
    """Return unit vectors; a zero vector stays zero."""
    return (vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)).astype(np.float32)


def groups(k: int, each: int, noise: float = 0.1, dimensions: int = 32, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Return unit vectors in `k` groups of equal size, and the group of each; the groups take turns."""
    labels = np.arange(k * each) % k
    noisy = np.eye(k, dimensions)[labels] + np.random.default_rng(seed).normal(scale=noise, size=(k * each, dimensions))
    return unit(noisy), labels


def hierarchy(tops: int = 3, low: int = 2, each: int = 36, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Return unit vectors in `tops` × `low` groups, those of one top near each other, and the group of each."""
    labels = np.arange(tops * low * each) % (tops * low)
    centres = np.eye(tops, 32)[np.arange(tops * low) // low] + 0.6 * np.roll(np.eye(tops * low, 32), tops, axis=1)
    noisy = centres[labels] + np.random.default_rng(seed).normal(scale=0.07, size=(len(labels), 32))
    return unit(noisy), labels


def with_few_members(most: int = 12) -> Callable[..., Ensemble]:
    """Return `consensus.fit` with small ensembles, which are as quick as tests want them."""
    real = consensus.fit
    return lambda vectors, chosen=None, members=most, seed=SEED: real(vectors, chosen, min(members, most), seed)
