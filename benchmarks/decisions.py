"""Choose on the validation hand what isn't trained: calibration, thresholds per theme, and the margin of abstention."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize
from sklearn.isotonic import IsotonicRegression

from benchmarks.measures import Asked, calibration_error, f1, macro_f1
from pipeline.engines import shipped

PENALTY = 5.0  # holds slope and intercept near 1 and 0, about as firmly as five sentences would
GRID = np.round(np.arange(0.2, 0.61, 0.02), 2)
NEIGHBOURS = np.array([1, 2, 3, 2, 1]) / 9
MARGINS = np.round(np.arange(0.01, 0.21, 0.01), 2)
FOLDS, MOST_LOST = 10, 0.005


@dataclass(frozen=True)
class Chosen:
    """What the validation hand says of one profile."""

    recommendation: dict[str, float]
    themes: list[dict[str, float]]
    thresholds: np.ndarray
    margin: float

    def as_written(self, themes: Sequence[str]) -> dict[str, object]:
        """Return what `heads/decisions.json` holds of a profile."""
        both = zip(themes, self.themes, self.thresholds.tolist(), strict=True)
        return {
            "recommendation": self.recommendation,
            "themes": {theme: {**mapping, "threshold": threshold} for theme, mapping, threshold in both},
        }


def platt(probability: np.ndarray, truth: np.ndarray) -> dict[str, float]:
    """Fit slope and intercept over the log-odds, held near the identity."""
    x, y = shipped.log_odds(probability), truth.astype(float)

    def loss(line: np.ndarray) -> float:
        z = line[0] * x + line[1]
        held = PENALTY * ((line[0] - 1) ** 2 + line[1] ** 2)
        return float((np.logaddexp(0, z) - z * y).sum() + held)

    slope, intercept = minimize(loss, [1.0, 0.0]).x
    return {"slope": round(float(slope), 4), "intercept": round(float(intercept), 4)}


def left_out(recommendation: Asked, themes: Asked) -> tuple[np.ndarray, np.ndarray]:
    """Return what is decided of the validation hand where everything is chosen on its other passages."""
    said, found = np.zeros(len(recommendation.truth), dtype=bool), np.zeros_like(themes.truth)
    passages = np.unique(recommendation.passages)
    for names in folds(passages):
        first, second = (np.isin(asked.passages, passages[names]) for asked in (recommendation, themes))
        chosen = choose(recommendation.only(~first), themes.only(~second))
        said[first] = shipped.mapped(recommendation.probabilities[first], [chosen.recommendation])[:, 0] >= 0.5
        found[second] = shipped.mapped(themes.probabilities[second], chosen.themes) >= chosen.thresholds
    return said, found


def platt_of(asked: Asked) -> list[dict[str, float]]:
    """Fit one mapping per output."""
    return [platt(p, y) for p, y in zip(asked.probabilities.T, asked.truth.T, strict=True)]


def choose(recommendation: Asked, themes: Asked) -> Chosen:
    """Fit everything for one profile on what it says, uncalibrated, of the validation hand."""
    mappings = platt_of(themes)
    p, y = shipped.mapped(themes.probabilities, mappings), themes.truth
    thresholds = best_thresholds(y, p)
    own = platt(recommendation.probabilities[:, 0], recommendation.truth[:, 0])
    return Chosen(own, mappings, thresholds, widest_margin(y, p, thresholds))


def best_thresholds(truth: np.ndarray, probability: np.ndarray) -> np.ndarray:
    """Return per theme the threshold where F1 is best: the mean of its measured and its expected curve.

    A hundred positives make the measured curve jagged, so it is smoothed over neighbouring thresholds, and held by the
    curve that calibrated probabilities expect of themselves (Lipton, Elkan & Naryanaswamy, ECML 2014).
    """
    measured = [[f1(y, p >= t) for t in GRID] for y, p in zip(truth.T, probability.T, strict=True)]
    smooth = np.array([np.convolve(np.pad(curve, 2, mode="edge"), NEIGHBOURS, "valid") for curve in measured])
    expected = np.array([[expected_f1(p, t) for t in GRID] for p in probability.T])
    found: np.ndarray = GRID[np.round(smooth + expected, 9).argmax(axis=1)]
    return found


def best_threshold(truth: np.ndarray, probability: np.ndarray) -> float:
    """Return the one threshold for all themes where macro-F1 is best."""
    return float(max(GRID, key=lambda t: macro_f1(truth, probability >= t)))


def expected_f1(probability: np.ndarray, threshold: float) -> float:
    """Return the F1 that calibrated probabilities expect of themselves at a threshold."""
    found = probability >= threshold
    return float(2 * probability[found].sum() / max(found.sum() + probability.sum(), 1e-9))


def widest_margin(truth: np.ndarray, probability: np.ndarray, thresholds: np.ndarray) -> float:
    """Return the widest margin that costs at most half a point of macro-F1, the abstained counting as not assigned."""
    least = macro_f1(truth, probability >= thresholds) - MOST_LOST
    good = [m for m in MARGINS if macro_f1(truth, np.round(probability - thresholds - m, 6) >= 0) >= least]
    return float(max(good, default=MARGINS[0]))


def compared(asked: Sequence[Asked]) -> dict[str, dict[str, float]]:
    """Return log loss and calibration error of each way to calibrate on passages left out, averaged over outputs."""
    ways: dict[str, Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]] = {
        "none": lambda _p, _y, q: q,
        "platt": lambda p, y, q: shipped.mapped(q[:, None], [platt(p, y)])[:, 0],
        "isotonic": lambda p, y, q: IsotonicRegression(out_of_bounds="clip").fit(p, y).predict(q),
    }
    outputs = [(a.probabilities[:, i], a.truth[:, i], a.passages) for a in asked for i in range(a.truth.shape[1])]
    found = {}
    for name, way in ways.items():
        pairs = []
        for p, y, passages in outputs:
            q = np.zeros(len(p))
            for out in folds(passages):
                q[out] = np.clip(way(p[~out], y[~out], p[out]), 0.001, 0.999)
            pairs.append((-np.where(y, np.log(q), np.log(1 - q)).mean(), calibration_error(y, q)))
        loss, error = np.mean(pairs, axis=0)
        found[name] = {"log_loss": round(float(loss), 4), "calibration_error": round(float(error), 4)}
    return found


def folds(passages: np.ndarray) -> Iterator[np.ndarray]:
    """Yield which sentences are left out, whole passages at a time."""
    names, place = np.unique(passages, return_inverse=True)
    fold = np.random.default_rng(7).permutation(len(names)) % FOLDS
    yield from (fold[place] == number for number in range(FOLDS))
