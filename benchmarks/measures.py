"""Statistics of a coder on a hand: F1, calibration, agreement with the settled codes, and what abstaining gains.

Intervals are 95 % percentile intervals of a bootstrap over passages.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks import hands
from pipeline import agreement

DRAWS, BINS = 1000, 10
MAIN, REST = ("es", "en", "pt"), "other"
COVERAGES = (1.0, 0.95, 0.9, 0.8)
Statistic = Callable[[np.ndarray], float]


@dataclass(frozen=True)
class Asked:
    """Sentences with what is true of them and what the coder says: truth and probabilities, sentences × outputs."""

    sentences: Sequence[hands.Sentence]
    truth: np.ndarray
    probabilities: np.ndarray

    @property
    def passages(self) -> np.ndarray:
        """The passage of each sentence."""
        return np.array([s.passage for s in self.sentences])

    def only(self, chosen: np.ndarray) -> Asked:
        """Return some of the sentences."""
        sentences = [s for s, keep in zip(self.sentences, chosen, strict=True) if keep]
        return Asked(sentences, self.truth[chosen], self.probabilities[chosen])

    def languages(self) -> dict[str, np.ndarray]:
        """Return the places of each main language's sentences, and of those in any other."""
        spoken = np.array([s.language for s in self.sentences])
        found = {code: np.flatnonzero(spoken == code) for code in MAIN}
        return found | {REST: np.flatnonzero(~np.isin(spoken, MAIN))}


def f1(truth: np.ndarray, found: np.ndarray) -> float:
    """Return F1 of two boolean arrays; 0 where neither has a positive."""
    return float(2 * (truth & found).sum() / max(truth.sum() + found.sum(), 1))


def macro_f1(truth: np.ndarray, found: np.ndarray) -> float:
    """Return the mean F1 of the columns."""
    return float(np.mean([f1(truth[:, i], found[:, i]) for i in range(truth.shape[1])]))


def share(part: np.ndarray, whole: np.ndarray) -> float:
    """Return how much of a boolean array another one holds as well; 0 of nothing."""
    return float((part & whole).sum() / max(whole.sum(), 1))


def interval(passages: np.ndarray, statistic: Statistic) -> list[float]:
    """Return a 95 % interval of a statistic of places, drawing passages."""
    rng = np.random.default_rng(7)
    members = [np.flatnonzero(passages == p) for p in np.unique(passages)]
    draws = [
        statistic(np.concatenate([members[i] for i in rng.integers(0, len(members), len(members))]))
        for _ in range(DRAWS)
    ]
    return [rounded(v) for v in np.percentile(draws, [2.5, 97.5])]


def rounded(value: float) -> float:
    """Round as figures are printed."""
    return round(float(value), 3)


def calibration_error(truth: np.ndarray, probability: np.ndarray) -> float:
    """Return the expected calibration error over ten equally wide bins (Naeini, Cooper & Hauskrecht, AAAI 2015)."""
    place = np.minimum((probability * BINS).astype(int), BINS - 1)
    return float(
        sum(
            abs(truth[place == b].mean() - probability[place == b].mean()) * (place == b).mean()
            for b in range(BINS)
            if (place == b).any()
        )
    )


def chance_error(probability: np.ndarray) -> float:
    """Return the calibration error that a perfectly calibrated coder shows on so few sentences, by simulation."""
    rng = np.random.default_rng(7)
    return float(
        np.mean([calibration_error(rng.random(probability.shape) < probability, probability) for _ in range(DRAWS)])
    )


def alpha(truth: np.ndarray, found: np.ndarray, passages: np.ndarray) -> dict[str, float | None]:
    """Return Krippendorff's nominal alpha of the coder and the settled codes, with its interval."""
    of = agreement.reliability(np.column_stack([truth, found]).astype(float), list(passages)).alpha
    return {part: None if v is None else rounded(v) for part, v in vars(of).items()}


def language_figures(asked: Asked, statistic: Statistic) -> dict[str, dict[str, object]]:
    """Return n, positives and a statistic with its interval per language."""
    return {
        code: {
            "n": len(places),
            "positives": int(asked.truth[places].sum()),
            "f1": rounded(statistic(places)),
            "interval": interval(asked.passages[places], lambda i, places=places: statistic(places[i])),
        }
        for code, places in asked.languages().items()
    }


def abstention(asked: Asked, thresholds: np.ndarray, margin: float) -> dict[str, object]:
    """Return what the labels are worth where the coder abstains within `margin`, and the risk–coverage curve.

    At a coverage of 80 % a fifth of the labels that the thresholds assign is dropped: those whose probability is
    nearest to the threshold (El-Yaniv & Wiener, JMLR 2010). `lift_with_near` drops a fifth of these and of the labels
    that miss a threshold by no more than `margin`.
    """
    p, truth, passages = asked.probabilities, asked.truth, asked.passages
    beyond = np.round(p - thresholds, 6)
    assigned, near, safe = beyond >= 0, beyond >= -margin, beyond >= margin

    def kept(places: np.ndarray, coverage: float, among: np.ndarray = assigned) -> np.ndarray:
        certainty = np.sort(np.abs(beyond[places][among[places]]))
        least = certainty[min(round((1 - coverage) * len(certainty)), len(certainty) - 1)] if len(certainty) else 0
        return assigned[places] & (np.abs(beyond[places]) >= least)

    def precision(places: np.ndarray, coverage: float, among: np.ndarray = assigned) -> float:
        return share(truth[places], kept(places, coverage, among))

    def lift(places: np.ndarray, among: np.ndarray = assigned) -> float:
        return precision(places, COVERAGES[-1], among) - share(truth[places], assigned[places])

    everything = np.arange(len(truth))
    return {
        "margin": margin,
        "assigned": int(safe.sum()),
        "abstained": int((near & ~safe).sum()),
        "units_abstained": int((near.any(axis=1) & ~safe.any(axis=1)).sum()),
        "precision": rounded(share(truth, safe)),
        "recall": rounded(share(safe, truth)),
        "macro_f1": rounded(macro_f1(truth, safe)),
        "curve": [
            {
                "coverage": coverage,
                "assigned": int(kept(everything, coverage).sum()),
                "precision": rounded(precision(everything, coverage)),
                "interval": interval(passages, lambda i, c=coverage: precision(i, c)),
                "recall": rounded(share(kept(everything, coverage), truth)),
            }
            for coverage in COVERAGES
        ],
        "lift": rounded(lift(everything)),
        "lift_interval": interval(passages, lift),
        "lift_with_near": rounded(lift(everything, near)),
        "lift_with_near_interval": interval(passages, lambda i: lift(i, near)),
    }
