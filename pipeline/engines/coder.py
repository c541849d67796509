"""The theme coder: one logistic regression per theme on the sentence vector; in the accurate profile, two encoders.

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

from pipeline.engines import tuned
from pipeline.engines.encoder import Encoder
from pipeline.engines.recommender import read_json
from pipeline.engines.tuned import Tuned
from pipeline.study import Codebook, Theme

TRAINED, BLENDED, FROM_CODEBOOK = "trained-regression", "trained-blend", "codebook-regression"
_C = 3.0
_LONE_SLOPE, _LONE_MIDPOINT = 12.0, 0.45
_VECTOR_SCALE, _TUNED_SCALE = 3.0, 6.0


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

    def features(self, vectors: np.ndarray, texts: Sequence[str]) -> np.ndarray:
        """Return what a correction learned from people's codes may depend on (units × dimensions)."""
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

    def probabilities(self, vectors: np.ndarray, texts: Sequence[str]) -> np.ndarray:  # noqa: ARG002
        """Return probabilities (units × themes), rounded to 4 decimals."""
        if not len(vectors):
            return np.empty((0, len(self._intercepts)))
        return _sigmoid(vectors.astype(np.float64) @ self._weights.T + self._intercepts)

    def features(self, vectors: np.ndarray, texts: Sequence[str]) -> np.ndarray:  # noqa: ARG002
        """Return the vectors, scaled."""
        return _VECTOR_SCALE * vectors.astype(np.float64)


class BlendedCoder:
    """The mean of the shipped regressions and the tuned encoder's heads."""

    method = BLENDED

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

    def features(self, vectors: np.ndarray, texts: Sequence[str]) -> np.ndarray:  # noqa: ARG002
        """Return the vectors, scaled."""
        return _VECTOR_SCALE * vectors.astype(np.float64)


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
