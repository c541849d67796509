"""Which units recommend something: a logistic regression on the embedded encoder's vectors and cue features.

Trained on sentences written for this project (`data/training`, `make train-coder`); the weights are
`heads/recommendation.json`, with the figures on the held-out hand beside them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Protocol

import numpy as np

from pipeline import recommend
from pipeline.engines import shipped
from pipeline.engines.shipped import read_json as read_json

CUE_WEIGHT = 0.5


class Second(Protocol):
    """Another judge of texts."""

    def recommendation(self, texts: Sequence[str]) -> np.ndarray:
        """Return, per text, the probability that it recommends something."""
        ...


@dataclass(frozen=True, slots=True)
class Head:
    """Weights of the regression over (vector, cue features), and the model whose vectors it was trained on."""

    weights: tuple[float, ...]
    intercept: float
    model: str
    features: tuple[str, ...]


def design(vectors: np.ndarray, texts: Sequence[str], languages: Sequence[str]) -> np.ndarray:
    """Return the regression's input: one row per text, the vector and then the cue features."""
    cues = np.asarray(recommend.table(texts, languages), dtype=np.float64).reshape(len(texts), -1)
    return np.hstack([vectors.astype(np.float64).reshape(len(texts), -1), CUE_WEIGHT * cues])


def probabilities(
    vectors: np.ndarray, texts: Sequence[str], languages: Sequence[str], second: Second | None = None
) -> np.ndarray:
    """Return, per text, the calibrated probability that it recommends something, rounded to 4 decimals.

    With a second judge (the tuned encoder of the accurate profile) it is that of the mean of both.
    """
    raw = uncalibrated(vectors, texts, languages, second)
    return shipped.recommendation(raw, shipped.ACCURATE if second else shipped.FAST)


def uncalibrated(
    vectors: np.ndarray, texts: Sequence[str], languages: Sequence[str], second: Second | None = None
) -> np.ndarray:
    """Return, per text, what the regression says, or the mean of it and the second judge."""
    if not len(texts):
        return np.empty(0)
    head = load()
    found = 1 / (1 + np.exp(-(design(vectors, texts, languages) @ np.asarray(head.weights) + head.intercept)))
    mean: np.ndarray = (found + second.recommendation(texts)) / 2 if second else found
    return mean


@cache
def load() -> Head:
    """Read the shipped head."""
    data = read_json("recommendation.json")
    return Head(tuple(data["weights"]), data["intercept"], data["model"], tuple(data["features"]))
