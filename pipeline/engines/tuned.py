"""The tuned half of the accurate coder: linear heads on the tuned encoder (`engines/e5.py`).

Encoder and heads were trained together on this project's sentences (`make train-tuned`); the accurate profile takes
the mean of these probabilities and those of the regressions on the embedded encoder.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np

from pipeline.engines.encoder import Encoder
from pipeline.engines.shipped import read_json

HEAD = "tuned.json"


class Tuned:
    """Probabilities of a recommendation and of the shipped codebook's themes, from texts."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder

    def recommendation(self, texts: Sequence[str]) -> np.ndarray:
        """Return, per text, the probability that it recommends something."""
        return self._probabilities(texts)[:, 0]

    def themes(self, texts: Sequence[str]) -> np.ndarray:
        """Return probabilities (texts × themes), were the texts recommendations."""
        return self._probabilities(texts)[:, 1:]

    def centred(self, texts: Sequence[str]) -> np.ndarray:
        """Return the encoder's vectors (texts × dimensions) less the mean of the training sentences."""
        centred: np.ndarray = self._encoder.encode(texts).astype(np.float64) - _head()[2]
        return centred

    def _probabilities(self, texts: Sequence[str]) -> np.ndarray:
        weights, intercepts, _ = _head()
        if not len(texts):
            return np.empty((0, len(intercepts)))
        logits = self.centred(texts) @ weights.T + intercepts
        found: np.ndarray = 1 / (1 + np.exp(-logits))
        return found


def codebook() -> str:
    """Return the fingerprint of the codebook whose themes the heads know."""
    return str(read_json(HEAD)["codebook"])


@cache
def _head() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    data = read_json(HEAD)
    return np.asarray(data["weights"]), np.asarray(data["intercepts"]), np.asarray(data["mean"])
