"""Ask the study's coder about any sentence, whether it stands in the study or not.

The stages ask the coder about units, with their vectors; here it is asked about texts that nobody said, such as a
sentence without one of its words. Their vectors are never stored in the study.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from pipeline.engines import cache, coder, e5, encoder, learning, recommender, tuned
from pipeline.engines.encoder import Encoder
from pipeline.study import Study


class Judgement(NamedTuple):
    """Per text, the probability that it recommends something, and those of the themes (texts × themes)."""

    recommendation: np.ndarray
    themes: np.ndarray


# Takes texts and their languages.
Judge = Callable[[Sequence[str], Sequence[str]], Judgement]


class Remembering:
    """An encoder that keeps what it has encoded for as long as it lives, on no disk."""

    def __init__(self, inner: Encoder) -> None:
        self._encoder, self._known = inner, dict[str, np.ndarray]()

    @property
    def key(self) -> str:
        """The key of the model behind it."""
        return self._encoder.key

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """Return an array (texts × dimensions); new texts are encoded in sorted order."""
        missing = sorted(set(texts) - self._known.keys())
        if missing:
            self._known.update(zip(missing, self._encoder.encode(missing), strict=True))
        return np.stack([self._known[text] for text in texts]) if len(texts) else np.empty((0, 0), dtype=np.float32)


class Lessons(NamedTuple):
    """The study's units, and what people say of some of them: vectors, texts, codes (units × themes, NaN: nothing)."""

    vectors: np.ndarray
    texts: list[str]
    codes: np.ndarray


def load(study: Study, lessons: Lessons) -> Judge:
    """Return the judge that decides in this study: the same models, heads and lessons as `segment` and `coding`."""
    own, embedded = Remembering(encoder.load(study.settings.embed)), Remembering(encoder.embedded())
    if own.key == embedded.key:
        embedded = own
    fast = study.settings.coding.profile == "fast"
    second = None if fast else tuned.Tuned(Remembering(e5.E5Encoder(tuned=True)))
    chosen = coder.load(study.codebook, cache.for_study(study), second, cache.plain_for(study), lessons.texts)
    learned = learning.taught(chosen, *lessons)

    def judge(texts: Sequence[str], languages: Sequence[str]) -> Judgement:
        advice = recommender.probabilities(embedded.encode(texts), texts, languages, second)
        return Judgement(advice, learned.probabilities(own.encode(texts), texts))

    return judge
