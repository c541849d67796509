"""Vectors small enough to be shipped inside a page: principal components, one signed byte each."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.engines import levelled
from pipeline.engines.consensus import principal_axes

DIMENSIONS = 48
_SCALE = 127
# A language with fewer units than this has no mean worth taking away: it would take away what they say.
_MIN_OF_A_LANGUAGE = 8
_LEAST_VARIANCE = 1e-9


@dataclass(frozen=True)
class Small:
    """Vectors as signed bytes, row after row; a row's length is `_SCALE`, so the cosine is a dot product."""

    rows: int
    dimensions: int
    content: bytes

    def base64(self) -> str:
        """Return the bytes as text."""
        return base64.b64encode(self.content).decode("ascii")


def shrink(vectors: np.ndarray, languages: Sequence[str | None], dimensions: int = DIMENSIONS) -> Small:
    """Return the vectors in a small form; the angles between them are kept as well as `dimensions` bytes can.

    Each language's mean is taken away first, since encoders put units of one language close together whatever
    they say; then the first principal components are kept (Jolliffe 2002, §2–3), their signs fixed by their
    heaviest coordinate so that the same vectors give the same bytes.

    Args:
        vectors: n × d, one row per unit.
        languages: the language of each row; None where it is not told.
        dimensions: bytes per unit; fewer where the vectors span less.
    """
    if not len(vectors):
        return Small(0, 0, b"")
    centred = levelled.centred(vectors, [language or "" for language in languages], _MIN_OF_A_LANGUAGE)
    kept = principal_axes(centred, dimensions)(centred)
    kept = kept[:, kept.var(axis=0) > _LEAST_VARIANCE]
    lengths = np.linalg.norm(kept, axis=1, keepdims=True)
    scaled = np.rint(_SCALE * kept / np.where(lengths > 0, lengths, 1.0)).astype(np.int8)
    return Small(len(scaled), scaled.shape[1], scaled.tobytes())
