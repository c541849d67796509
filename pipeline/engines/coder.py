"""The theme coder: one logistic regression per theme on the sentence vector; in the accurate profile, two encoders.

A theme is assigned from its threshold on. Within a margin of it, on either side, the decision is unsafe: the theme is
`abstained`, and doesn't count. The shipped themes' thresholds are in `heads/decisions.json`; a study may set its own.

With the shipped codebook and the embedded encoder the regressions are those of `heads/themes.json`, trained on
the codebook and on sentences written and coded for this project (`make train-coder`). With any other codebook
or encoder they are trained on the spot on what the codebook says: each theme's examples, inclusions and
definition, in every language it has, are positive, those of the other themes negative; decision values become
probabilities by a Platt mapping fitted once on the project's sentences (`heads/calibration.json`), which is an
assumption there. Platt: Advances in Large Margin Classifiers, 1999.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np

from pipeline.engines import shipped, tuned
from pipeline.engines.encoder import Encoder
from pipeline.engines.shipped import read_json
from pipeline.engines.tuned import Tuned
from pipeline.study import Codebook, CodingSection, Theme

TRAINED, BLENDED, FROM_CODEBOOK = "trained-regression", "trained-blend", "codebook-regression"
PROFILES = {TRAINED: shipped.FAST, BLENDED: shipped.ACCURATE}
ASSIGNED, ABSTAINED, REJECTED = "assigned", "abstained", "rejected"
_C = 3.0
_LONE_SLOPE, _LONE_MIDPOINT = 12.0, 0.45


def teaching_sentences(theme: Theme) -> list[str]:
    """Return what the codebook says of a theme, in all its languages, in a fixed order."""
    lists = [texts for field in (theme.examples, theme.include) for _, texts in sorted(field.items())]
    definitions = [text for _, text in sorted(theme.definition.items())]
    return [text for texts in lists for text in texts] + definitions


class Coder(Protocol):
    """Scores units against the themes of one codebook; `method` names how."""

    method: str

    def probabilities(self, vectors: np.ndarray, texts: Sequence[str]) -> np.ndarray:
        """Return probabilities (units × themes), rounded to 4 decimals."""
        ...


def load(codebook: Codebook, encoder: Encoder, second: Tuned | None = None) -> Coder:
    """Return the trained coder where it fits codebook and encoder, else one taught by the codebook alone.

    `second` is the tuned half that the accurate profile adds to the trained coder.
    """
    head = read_json("themes.json")
    if head["codebook"] != codebook.fingerprint or head["model"] != encoder.key:
        return CodebookCoder(codebook, encoder)
    trained = TrainedCoder(np.asarray(head["weights"]), np.asarray(head["intercepts"]))
    return BlendedCoder(trained, second) if second and tuned.codebook() == codebook.fingerprint else trained


class TrainedCoder:
    """The shipped regressions: weights (themes × dimensions) and intercepts."""

    method = TRAINED

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


class BlendedCoder:
    """The mean of the shipped regressions and the tuned encoder's heads."""

    method = BLENDED

    def __init__(self, trained: TrainedCoder, second: Tuned) -> None:
        self._trained, self._second = trained, second

    def probabilities(self, vectors: np.ndarray, texts: Sequence[str]) -> np.ndarray:
        """Return calibrated probabilities (units × themes), rounded to 4 decimals."""
        return shipped.themes(self.uncalibrated(vectors, texts), shipped.ACCURATE)

    def uncalibrated(self, vectors: np.ndarray, texts: Sequence[str]) -> np.ndarray:
        """Return the mean of what both say (units × themes)."""
        mean: np.ndarray = (self._trained.uncalibrated(vectors, texts) + self._second.themes(texts)) / 2
        return mean


class CodebookCoder:
    """Regressions taught by the codebook alone."""

    method = FROM_CODEBOOK

    def __init__(self, codebook: Codebook, encoder: Encoder) -> None:
        self.themes = codebook.ids
        taught = [teaching_sentences(theme) for theme in codebook.themes]
        vectors = encoder.encode([text for texts in taught for text in texts])
        owner = np.repeat(np.arange(len(taught)), [len(texts) for texts in taught])
        self._score = _regression(vectors, owner, len(taught)) if len(taught) > 1 else _likeness(vectors)

    def decision(self, vectors: np.ndarray) -> np.ndarray:
        """Return raw decision values (units × themes)."""
        values: np.ndarray = self._score(vectors)
        return values

    def probabilities(self, vectors: np.ndarray, texts: Sequence[str]) -> np.ndarray:  # noqa: ARG002
        """Return probabilities (units × themes), rounded to 4 decimals."""
        if not len(vectors):
            return np.empty((0, len(self.themes)))
        decision = self.decision(vectors)
        if len(self.themes) > 1:
            mapping = read_json("calibration.json")
            decision = mapping["slope"] * decision + mapping["intercept"]
        return _sigmoid(decision)


def _sigmoid(decision: np.ndarray) -> np.ndarray:
    rounded: np.ndarray = np.round(1 / (1 + np.exp(-decision)), 4)
    return rounded


def _regression(vectors: np.ndarray, owner: np.ndarray, n_themes: int) -> Any:
    from sklearn.linear_model import LogisticRegression

    models = [
        LogisticRegression(C=_C, class_weight="balanced", max_iter=5000, tol=1e-8).fit(vectors, owner == theme)
        for theme in range(n_themes)
    ]
    return lambda x: np.stack([model.decision_function(x) for model in models], axis=1)


def _likeness(vectors: np.ndarray) -> Any:
    """With a single theme there is nothing to tell it from: mean of the three nearest teaching sentences."""
    k = min(3, len(vectors))

    def score(x: np.ndarray) -> np.ndarray:
        nearest = np.sort(x @ vectors.T, axis=1)[:, -k:].mean(axis=1)
        return np.asarray(_LONE_SLOPE * (nearest - _LONE_MIDPOINT))[:, None]

    return score


def thresholds(themes: Sequence[str], settings: CodingSection, method: str) -> list[float]:
    """Return from which probability each theme is assigned.

    What the study sets for the theme goes first, then what validation chose for the shipped coder that `method` names,
    then the study's one threshold for all other themes.
    """
    chosen = shipped.thresholds(PROFILES[method]) if method in PROFILES else {}
    return [settings.thresholds.get(theme, chosen.get(theme, settings.threshold)) for theme in themes]


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
