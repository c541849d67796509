"""What a coder learns from sentences that people have coded in the study itself.

The coder's own decision value stays the starting point: a logistic regression adds to it, per theme, a slope, an
intercept and weights on the sentence vector, all drawn towards no change by a Gaussian prior (maximum a posteriori
adaptation: Chelba & Acero, EMNLP 2004). With few coded sentences little changes, with many much may. The widths of the
priors were chosen on hand g of the training set (`benchmarks/adaptation.py`).

A sentence that people coded is never judged by a coder that learned from it: its voice's fold is left out
(`cross_fit`). So these judgements can be compared with people's, and correct a prevalence (cross-prediction: Zrnic &
Candès, PNAS 2024).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np

MIN_CODED = 30
FOLDS = 10
_SLOPE, _INTERCEPT, _WEIGHTS = 5.0, 1.0, 1.0  # precision of the priors
_LEAST = 1e-3


class Base(Protocol):
    """A coder that can be learned on top of."""

    def probabilities(self, vectors: np.ndarray, texts: Sequence[str]) -> np.ndarray:
        """Return probabilities (units × themes)."""
        ...

    def features(self, vectors: np.ndarray, texts: Sequence[str]) -> np.ndarray:
        """Return what corrections may depend on (units × dimensions), centred, of like scale."""
        ...


def cross_fit(
    coder: Base, vectors: np.ndarray, texts: Sequence[str], codes: np.ndarray, groups: Sequence[str]
) -> np.ndarray:
    """Return probabilities (units × themes), rounded to 4 decimals, from a coder that has learned from `codes`.

    Args:
        coder: the coder as it is.
        vectors: the study's vectors (units × dimensions).
        texts: the units.
        codes: people's codes (units × themes), from 0 to 1; a row of NaN where nobody has coded the unit.
        groups: who speaks; what one voice says never judges another sentence of the same voice.
    """
    before = coder.probabilities(vectors, texts)
    known = ~np.isnan(codes).any(axis=1) if len(codes) else np.zeros(0, dtype=bool)
    if known.sum() < MIN_CODED:
        return before
    start, x = _logit(before), coder.features(vectors, texts)
    found = _judged(start, x, _fit(start[known], x[known], codes[known]))
    for fold in folds(np.asarray(groups, dtype=object), known):
        rest = known & ~fold
        found[fold] = _judged(start[fold], x[fold], _fit(start[rest], x[rest], codes[rest]))
    rounded: np.ndarray = np.round(found, 4)
    return rounded


def folds(groups: np.ndarray, known: np.ndarray) -> list[np.ndarray]:
    """Return flags of the coded units of every fold; all units of a voice fall into one."""
    names = sorted(set(groups[known]))
    place = {name: i % FOLDS for i, name in enumerate(names)}
    numbers = np.array([place[name] if coded else -1 for name, coded in zip(groups, known, strict=True)])
    return [numbers == number for number in range(min(FOLDS, len(names)))]


def _fit(start: np.ndarray, x: np.ndarray, codes: np.ndarray) -> list[np.ndarray]:
    """Return, per theme, the weights on x, then what is added to the slope of 1, then the intercept."""
    return [_fit_one(start[:, i], x, codes[:, i]) for i in range(codes.shape[1])]


def _fit_one(start: np.ndarray, x: np.ndarray, code: np.ndarray) -> np.ndarray:
    from scipy.optimize import minimize

    design = np.column_stack([x, start, np.ones(len(start))])
    precision = np.r_[np.full(x.shape[1], _WEIGHTS), _SLOPE, _INTERCEPT]

    def loss(weights: np.ndarray) -> tuple[float, np.ndarray]:
        z = start + design @ weights
        value = (np.logaddexp(0, z) - code * z).sum() + precision @ weights**2 / 2
        return float(value), design.T @ (1 / (1 + np.exp(-z)) - code) + precision * weights

    found = minimize(loss, np.zeros(design.shape[1]), jac=True, method="L-BFGS-B", options={"maxiter": 500})
    weights: np.ndarray = found.x
    return weights


def _judged(start: np.ndarray, x: np.ndarray, fits: list[np.ndarray]) -> np.ndarray:
    design = np.column_stack([x, np.zeros(len(x)), np.ones(len(x))])
    columns = []
    for i, weights in enumerate(fits):
        design[:, -2] = start[:, i]
        columns.append(1 / (1 + np.exp(-(start[:, i] + design @ weights))))
    return np.stack(columns, axis=1)


def _logit(probabilities: np.ndarray) -> np.ndarray:
    clipped = np.clip(probabilities, _LEAST, 1 - _LEAST)
    values: np.ndarray = np.log(clipped / (1 - clipped))
    return values
