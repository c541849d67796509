"""Six words in a row: what makes a sentence findable by a search, and so may not leave where it may not be quoted.

Words are compared in lower case and without accents or apostrophes, whatever stands between them. In scripts that
put no space between words, every character counts as one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate, chain

from pipeline.wording import fold

LENGTH = 6
_APOSTROPHE = re.compile(r"['’ʼ`´]")
_SEAMS = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]+")
_UNSPACED = re.compile("([\u0e00-\u0eff\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff])")


def joined(text: str) -> str:
    """Return a text without its seams: soft hyphens, and characters of no width."""
    return text if text.isascii() else _SEAMS.sub("", text)


def _words(text: str) -> list[str]:
    text = _APOSTROPHE.sub("", text).replace("_", " ")
    return fold(text if text.isascii() else _UNSPACED.sub(r" \1 ", text)).split()


def _runs(words: Sequence[str]) -> Iterator[int]:
    """Yield the hash of every run of six words."""
    return map(hash, zip(*(words[i:] for i in range(LENGTH)), strict=False))


class Forbidden:
    """The runs of words that may not be published: those of some texts, unless they stand in others as well.

    Args:
        texts: what may not be quoted, as (id, text).
        stated: what the study says itself, or may quote.
        ignored: words that don't count, such as what stands in place of a name.
    """

    def __init__(
        self, texts: Iterable[tuple[str, str]] = (), stated: Iterable[str] = (), ignored: Iterable[str] = ()
    ) -> None:
        listed = sorted(ignored, key=lambda word: (-len(word), word))
        self._ignored = re.compile("|".join(map(re.escape, listed))) if listed else None
        self._texts = list(texts)
        self._runs = {run for _, text in self._texts for run in self._of(text)}
        if self._runs:
            self._runs.difference_update(run for text in stated for run in self._of(text))

    def first(self, texts: Sequence[str]) -> tuple[int, str] | None:
        """Return the first forbidden run in texts that follow one another: which of them it begins in, its words."""
        for parted in self._readings(texts):
            words = list(chain.from_iterable(parted))
            if not self._runs.isdisjoint(_runs(words)):
                at = next(i for i, run in enumerate(_runs(words)) if run in self._runs)
                ends = accumulate(map(len, parted))
                return next(n for n, end in enumerate(ends) if at < end), " ".join(words[at : at + LENGTH])
        return None

    def whose(self, run: str) -> str:
        """Return the id of the text in which a run stands."""
        return next((key for key, text in self._texts if hash(tuple(run.split())) in self._of(text)), "")

    def _of(self, text: str) -> set[int]:
        return {run for (words,) in self._readings([text]) for run in _runs(words)}

    def _readings(self, texts: Sequence[str]) -> Iterator[list[list[str]]]:
        """Yield the words of each text; twice where there are seams, which may part two words or join one."""
        if self._ignored:
            texts = [self._ignored.sub(" ", text) if "[" in text else text for text in texts]
        if any(not text.isascii() and _SEAMS.search(text) for text in texts):
            yield [_words(_SEAMS.sub(" ", text)) for text in texts]
            texts = [joined(text) for text in texts]
        yield [_words(text) for text in texts]
