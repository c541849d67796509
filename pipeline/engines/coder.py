"""The theme coder: one logistic regression per theme on the sentence vector; in the accurate profile, two encoders.

With the shipped codebook and the embedded encoder the regressions are those of `heads/themes.json`, trained on
the codebook and on sentences written and coded for this project (`make train-coder`). With any other codebook
or encoder the coder is taught on the spot (`engines/taught.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from pipeline.engines import taught, tuned
from pipeline.engines.encoder import Encoder
from pipeline.engines.learning import Adapted, Judge
from pipeline.engines.recommender import read_json
from pipeline.engines.tuned import Tuned
from pipeline.study import Codebook

TRAINED, BLENDED = "trained-regression", "trained-blend"
LEAST = 30  # coded sentences from which the shipped coder learns
_VECTOR_SCALE, _TUNED_SCALE = 3.0, 6.0


class Coder(Protocol):
    """Scores units against the themes of one codebook; `method` names how, `least` is when it begins to learn."""

    method: str
    least: int

    def probabilities(self, vectors: np.ndarray, texts: Sequence[str]) -> np.ndarray:
        """Return probabilities (units × themes), rounded to 4 decimals."""
        ...

    def learned(self, vectors: np.ndarray, texts: Sequence[str], codes: np.ndarray) -> Judge:
        """Return the coder once it has learned from sentences that people coded (codes: sentences × themes)."""
        ...


def load(
    codebook: Codebook,
    encoder: Encoder,
    second: Tuned | None = None,
    plain: Encoder | None = None,
    units: Sequence[str] = (),
) -> Coder:
    """Return the trained coder where it fits codebook and encoder, else one taught by the codebook alone.

    Args:
        codebook: the themes.
        encoder: the study's encoder.
        second: the tuned half that the accurate profile adds to the trained coder.
        plain: the encoder that the accurate profile adds to a coder taught by the codebook.
        units: the study's units, from which such a coder learns how its themes sound there.
    """
    head = read_json("themes.json")
    if head["codebook"] != codebook.fingerprint or head["model"] != encoder.key:
        return taught.fit(codebook, encoder, plain, units=units)
    trained = TrainedCoder(np.asarray(head["weights"]), np.asarray(head["intercepts"]))
    return BlendedCoder(trained, second) if second and tuned.codebook() == codebook.fingerprint else trained


class TrainedCoder:
    """The shipped regressions: weights (themes × dimensions) and intercepts."""

    method, least = TRAINED, LEAST

    def __init__(self, weights: np.ndarray, intercepts: np.ndarray) -> None:
        self._weights, self._intercepts = weights, intercepts

    def probabilities(self, vectors: np.ndarray, texts: Sequence[str]) -> np.ndarray:  # noqa: ARG002
        """Return probabilities (units × themes), rounded to 4 decimals."""
        if not len(vectors):
            return np.empty((0, len(self._intercepts)))
        return _sigmoid(vectors.astype(np.float64) @ self._weights.T + self._intercepts)

    def features(self, vectors: np.ndarray, texts: Sequence[str]) -> np.ndarray:  # noqa: ARG002
        """Return the vectors, scaled."""
        return _VECTOR_SCALE * vectors.astype(np.float64)

    def learned(self, vectors: np.ndarray, texts: Sequence[str], codes: np.ndarray) -> Judge:
        """Return the coder with corrections."""
        return Adapted(self, vectors, texts, codes)


class BlendedCoder:
    """The mean of the shipped regressions and the tuned encoder's heads."""

    method, least = BLENDED, LEAST

    def __init__(self, trained: TrainedCoder, second: Tuned) -> None:
        self._trained, self._second = trained, second

    def probabilities(self, vectors: np.ndarray, texts: Sequence[str]) -> np.ndarray:
        """Return probabilities (units × themes), rounded to 4 decimals."""
        blended: np.ndarray = np.round(
            (self._trained.probabilities(vectors, texts) + self._second.themes(texts)) / 2, 4
        )
        return blended

    def features(self, vectors: np.ndarray, texts: Sequence[str]) -> np.ndarray:  # noqa: ARG002
        """Return the tuned encoder's vectors, centred and scaled."""
        return _TUNED_SCALE * self._second.centred(texts)

    def learned(self, vectors: np.ndarray, texts: Sequence[str], codes: np.ndarray) -> Judge:
        """Return the coder with corrections."""
        return Adapted(self, vectors, texts, codes)


def _sigmoid(decision: np.ndarray) -> np.ndarray:
    rounded: np.ndarray = np.round(1 / (1 + np.exp(-decision)), 4)
    return rounded


def decide(
    probabilities: Sequence[float],
    threshold: float,
    margin: float,
) -> tuple[list[bool], str]:
    """Return which themes are assigned, and the status of the unit as a whole.

    A theme is assigned from `threshold` on. If none is, the unit is `abstained` where the best one misses by
    less than `margin`, else it is `other` (status `rejected` for every theme).
    """
    assigned = [p >= threshold for p in probabilities]
    if any(assigned):
        return assigned, "assigned"
    unsure = max(probabilities, default=0.0) >= threshold - margin
    return assigned, "abstained" if unsure else "rejected"
