"""The theme coder: one logistic regression per theme on the sentence vector; in the accurate profile, two encoders.

A theme is assigned from its threshold on. Within a margin of it, on either side, the decision is unsafe: the theme is
`abstained`, and doesn't count. The shipped themes' thresholds are in `heads/decisions.json`; a study may set its own.

With the shipped codebook and the embedded encoder the regressions are those of `heads/themes.json`, trained on
the codebook and on sentences written and coded for this project (`make train-coder`). With any other codebook
or encoder the coder is taught on the spot (`engines/taught.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np

from pipeline.engines import shipped, taught, tuned
from pipeline.engines.encoder import Encoder
from pipeline.engines.learning import Adapted, Judge
from pipeline.engines.shipped import read_json
from pipeline.engines.tuned import Tuned
from pipeline.study import Codebook, CodingSection, Study

TRAINED, BLENDED = "trained-regression", "trained-blend"
PROFILES = {TRAINED: shipped.FAST, BLENDED: shipped.ACCURATE}
ASSIGNED, ABSTAINED, REJECTED = "assigned", "abstained", "rejected"
LEAST = 30  # coded sentences from which the shipped coder learns
_VECTOR_SCALE, _TUNED_SCALE = 2.0, 2.0


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

    def probabilities(self, vectors: np.ndarray, texts: Sequence[str]) -> np.ndarray:
        """Return calibrated probabilities (units × themes), rounded to 4 decimals."""
        return shipped.themes(self.uncalibrated(vectors, texts), shipped.FAST)

    def uncalibrated(self, vectors: np.ndarray, texts: Sequence[str]) -> np.ndarray:  # noqa: ARG002
        """Return what the regressions say (units × themes)."""
        if not len(vectors):
            return np.empty((0, len(self._intercepts)))
        found: np.ndarray = 1 / (1 + np.exp(-(vectors.astype(np.float64) @ self._weights.T + self._intercepts)))
        return found

    def as_written(self) -> dict[str, list[Any]]:
        """Return what `heads/themes.json` holds of the regressions."""
        return {"intercepts": self._intercepts.tolist(), "weights": self._weights.tolist()}

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
        """Return calibrated probabilities (units × themes), rounded to 4 decimals."""
        return shipped.themes(self.uncalibrated(vectors, texts), shipped.ACCURATE)

    def uncalibrated(self, vectors: np.ndarray, texts: Sequence[str]) -> np.ndarray:
        """Return the mean of what both say (units × themes)."""
        mean: np.ndarray = (self._trained.uncalibrated(vectors, texts) + self._second.themes(texts)) / 2
        return mean

    def features(self, vectors: np.ndarray, texts: Sequence[str]) -> np.ndarray:  # noqa: ARG002
        """Return the tuned encoder's vectors, centred and scaled."""
        return _TUNED_SCALE * self._second.centred(texts)

    def learned(self, vectors: np.ndarray, texts: Sequence[str], codes: np.ndarray) -> Judge:
        """Return the coder with corrections."""
        return Adapted(self, vectors, texts, codes)


def thresholds(themes: Sequence[str], settings: CodingSection, method: str) -> list[float]:
    """Return from which probability each theme is assigned.

    What the study sets for the theme goes first, then what validation chose for the shipped coder that `method` names,
    then the study's one threshold for all other themes.
    """
    chosen = shipped.thresholds(PROFILES[method]) if method in PROFILES else {}
    return [settings.thresholds.get(theme, chosen.get(theme, settings.threshold)) for theme in themes]


def named_thresholds(study: Study, method: str) -> dict[str, float]:
    """Return the thresholds of the study's themes by theme."""
    ids = study.codebook.ids
    return dict(zip(ids, thresholds(ids, study.settings.coding, method), strict=True))


def decide(probabilities: Sequence[float], thresholds: Sequence[float], margin: float) -> tuple[list[str], str]:
    """Return each theme's status, and that of the unit as a whole.

    A theme is `assigned` from its threshold plus `margin` on, `abstained` within `margin` of it, else `rejected`. The
    unit is `assigned` with any theme that is, else `abstained` with any that is, else `rejected`: it is `other`.
    """
    ends = [(round(t - margin, 6), round(t + margin, 6)) for t in thresholds]
    statuses = [
        ASSIGNED if p >= high else ABSTAINED if p >= low else REJECTED
        for p, (low, high) in zip(probabilities, ends, strict=True)
    ]
    return statuses, next((status for status in (ASSIGNED, ABSTAINED) if status in statuses), REJECTED)
