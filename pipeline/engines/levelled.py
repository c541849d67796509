"""The second encoder of a coder taught by a codebook: multilingual-e5-small without what tells languages apart.

Its sentences lie by language as well as by meaning, so examples in one language teach little about another, Portuguese
least of all. The directions in which the mean sentences of six languages differ, found on this project's sentences
(`heads/languages.json`, `benchmarks/train_taught.py`), are taken out of every vector (Yang et al., EMNLP 2021,
arXiv:2109.04727).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pipeline.engines.encoder import Encoder
from pipeline.engines.recommender import read_json

DIRECTIONS = "languages.json"
MIN_CENTRED = 50  # rows of a language whose mean says something
_NOISE = 1e-5  # what is left of a unit vector that equals the mean; its direction says nothing


class Levelled:
    """An encoder whose vectors have lost the stored directions; they are unit vectors again."""

    def __init__(self, inner: Encoder) -> None:
        self.inner = inner

    @property
    def key(self) -> str:
        """The key of the encoder behind, and that it is levelled."""
        return f"{self.inner.key}-levelled"

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """Return an array (texts × dimensions)."""
        vectors = self.inner.encode(texts)
        return level(vectors, np.asarray(read_json(DIRECTIONS)["directions"])) if len(texts) else vectors


def level(vectors: np.ndarray, directions: np.ndarray) -> np.ndarray:
    """Return unit vectors without their parts along `directions` (orthonormal rows)."""
    rest = vectors - (vectors @ directions.T) @ directions
    return np.asarray(rest / np.linalg.norm(rest, axis=1, keepdims=True), dtype=np.float32)


def by_language(vectors: np.ndarray, languages: Sequence[str]) -> np.ndarray:
    """Return unit vectors that are centred, those of every language of at least `MIN_CENTRED` rows on its own mean.

    What is left can't tell languages apart by their means, whatever the encoder; what only one language talks of stays.
    A vector that equals the mean becomes zero.
    """
    rest = centred(vectors, languages, MIN_CENTRED)
    lengths = np.linalg.norm(rest, axis=1, keepdims=True)
    rest /= np.maximum(lengths, _NOISE)
    rest[lengths[:, 0] < _NOISE] = 0
    return rest.astype(np.float32)


def centred(vectors: np.ndarray, languages: Sequence[str], least: int) -> np.ndarray:
    """Return vectors less their mean, then less that of their language where it has `least` rows or more (float64)."""
    names = np.asarray(languages, dtype=object)
    rest = vectors.astype(np.float64)
    rest -= rest.mean(axis=0)
    for name in sorted(set(languages)):
        own = names == name
        if own.sum() >= least:
            rest[own] -= rest[own].mean(axis=0)
    return rest


def directions(vectors: np.ndarray, languages: Sequence[str]) -> np.ndarray:
    """Return orthonormal rows that span the differences between the languages' mean vectors."""
    names = np.asarray(languages, dtype=object)
    means = np.stack([vectors[names == name].mean(axis=0) for name in sorted(set(languages))])
    spanned = np.linalg.svd(means - means.mean(axis=0), full_matrices=False)[2]
    found: np.ndarray = spanned[: len(means) - 1]
    return found
