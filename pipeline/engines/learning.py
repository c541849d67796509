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

from pipeline.engines import shipped

FOLDS = 10
_SLOPE, _INTERCEPT, _WEIGHTS = 50.0, 20.0, 1.0  # precision of the priors


class Judge(Protocol):
    """Judges units: probabilities (units × themes) from their vectors and texts."""

    def probabilities(self, vectors: np.ndarray, texts: Sequence[str]) -> np.ndarray:
        """Return probabilities (units × themes)."""
        ...


class Learner(Judge, Protocol):
    """A coder that can learn; `least` is the number of coded sentences from which it does."""

    least: int

    def learned(self, vectors: np.ndarray, texts: Sequence[str], codes: np.ndarray) -> Judge:
        """Return what it is once it has learned from coded sentences (codes: sentences × themes, 0 to 1)."""
        ...


class Base(Judge, Protocol):
    """A coder whose decision values are corrected."""

    def features(self, vectors: np.ndarray, texts: Sequence[str]) -> np.ndarray:
        """Return what corrections may depend on (units × dimensions), centred, of like scale."""
        ...


class Adapted:
    """A coder with the corrections that coded sentences have taught."""

    def __init__(self, base: Base, vectors: np.ndarray, texts: Sequence[str], codes: np.ndarray) -> None:
        self._base = base
        start, x = shipped.log_odds(base.probabilities(vectors, texts)), base.features(vectors, texts)
        self._fits = [_fit(start[:, i], x, codes[:, i]) for i in range(codes.shape[1])]

    def probabilities(self, vectors: np.ndarray, texts: Sequence[str]) -> np.ndarray:
        """Return probabilities (units × themes), rounded to 4 decimals."""
        before = self._base.probabilities(vectors, texts)
        if not len(before):
            return before
        start, x = shipped.log_odds(before), self._base.features(vectors, texts)
        rounded: np.ndarray = np.round(_judged(start, x, self._fits), 4)
        return rounded


def taught(coder: Learner, vectors: np.ndarray, texts: Sequence[str], codes: np.ndarray) -> Judge:
    """Return the coder once it has learned from the units that people coded; as it is where they are too few.

    Args:
        coder: the coder as it is.
        vectors: the study's vectors (units × dimensions).
        texts: the units.
        codes: people's codes (units × themes), from 0 to 1; a row of NaN where nobody has coded the unit.
    """
    known = known_rows(codes)
    if known.sum() < coder.least:
        return coder
    return coder.learned(vectors[known], _some(texts, known), codes[known])


def cross_fit(
    coder: Learner, vectors: np.ndarray, texts: Sequence[str], codes: np.ndarray, groups: Sequence[str]
) -> np.ndarray:
    """Return probabilities (units × themes) from a coder that has learned from `codes` (as in `taught`).

    `groups` names who speaks: what one voice says never judges another sentence of the same voice.
    """
    found = taught(coder, vectors, texts, codes).probabilities(vectors, texts)
    known = known_rows(codes)
    if known.sum() < coder.least:
        return found
    for fold in folds(np.asarray(groups, dtype=object), known):
        others = np.where(fold[:, None], np.nan, codes)
        judge = taught(coder, vectors, texts, others)
        found[fold] = judge.probabilities(vectors[fold], _some(texts, fold))
    return found


def known_rows(codes: np.ndarray) -> np.ndarray:
    """Return which rows hold people's codes."""
    flags: np.ndarray = ~np.isnan(codes).any(axis=1) if len(codes) else np.zeros(0, dtype=bool)
    return flags


def _some(texts: Sequence[str], chosen: np.ndarray) -> list[str]:
    return [text for text, keep in zip(texts, chosen.tolist(), strict=True) if keep]


def folds(groups: np.ndarray, known: np.ndarray) -> list[np.ndarray]:
    """Return flags of the coded units of every fold; all units of a voice fall into one."""
    names = sorted(set(groups[known]))
    place = {name: i % FOLDS for i, name in enumerate(names)}
    numbers = np.array([place[name] if coded else -1 for name, coded in zip(groups, known, strict=True)])
    return [numbers == number for number in range(min(FOLDS, len(names)))]


def _fit(start: np.ndarray, x: np.ndarray, code: np.ndarray) -> np.ndarray:
    """Return the weights on x, then what is added to the slope of 1, then the intercept."""
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
