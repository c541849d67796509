"""Which units recommend something: a logistic regression on the embedded encoder's vectors and cue features.

Trained on sentences written for this project (`data/training`, `make train-coder`); the weights are
`heads/recommendation.json`, with the figures on the held-out hand beside them.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Protocol

import numpy as np

from pipeline import recommend

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
    """Return, per text, the probability that it recommends something, rounded to 4 decimals.

    With a second judge (the tuned encoder of the accurate profile) it is the mean of both.
    """
    if not len(texts):
        return np.empty(0)
    head = load()
    found = 1 / (1 + np.exp(-(design(vectors, texts, languages) @ np.asarray(head.weights) + head.intercept)))
    rounded: np.ndarray = np.round((found + second.recommendation(texts)) / 2 if second else found, 4)
    return rounded


@cache
def load() -> Head:
    """Read the shipped head."""
    data = read_json("recommendation.json")
    return Head(tuple(data["weights"]), data["intercept"], data["model"], tuple(data["features"]))


def read_json(name: str) -> dict[str, Any]:
    """Read one of the shipped heads."""
    file = resources.files("pipeline.engines") / "heads" / name
    data: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return data
