"""The shipped heads' files, and what a validation hand says of their probabilities: calibration and thresholds.

`heads/decisions.json` (`make train-coder`) holds for each profile a Platt mapping per output, fitted on hand g, which
trained nothing, and the probability from which each theme is assigned. Platt: Advances in Large Margin Classifiers,
1999.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from importlib import resources
from typing import Any

import numpy as np

ACCURATE, FAST = "accurate", "fast"
DECISIONS = "decisions.json"
_LEAST = 1e-3  # a probability nearer to 0 or 1 than this says no more than this


def read_json(name: str) -> dict[str, Any]:
    """Read one of the shipped heads."""
    file = resources.files("pipeline.engines") / "heads" / name
    data: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return data


def recommendation(probabilities: np.ndarray, profile: str) -> np.ndarray:
    """Return calibrated probabilities of a recommendation, rounded to 4 decimals."""
    return mapped(probabilities, [read_json(DECISIONS)[profile]["recommendation"]])


def themes(probabilities: np.ndarray, profile: str) -> np.ndarray:
    """Return calibrated probabilities (units × themes), rounded to 4 decimals."""
    return mapped(probabilities, list(read_json(DECISIONS)[profile]["themes"].values()))


def thresholds(profile: str) -> dict[str, float]:
    """Return the probability from which each theme of the shipped codebook is assigned."""
    return {theme: float(of["threshold"]) for theme, of in read_json(DECISIONS)[profile]["themes"].items()}


def log_odds(probabilities: np.ndarray) -> np.ndarray:
    """Return log-odds, cut off where a probability is all but certain."""
    cut = np.clip(probabilities, _LEAST, 1 - _LEAST)
    odds: np.ndarray = np.log(cut / (1 - cut))
    return odds


def mapped(probabilities: np.ndarray, platt: Sequence[Mapping[str, float]]) -> np.ndarray:
    """Apply one mapping per column: slope × log-odds + intercept, as a probability again."""
    slopes, intercepts = (np.array([of[part] for of in platt]) for part in ("slope", "intercept"))
    found: np.ndarray = np.round(1 / (1 + np.exp(-(slopes * log_odds(probabilities) + intercepts))), 4)
    return found
