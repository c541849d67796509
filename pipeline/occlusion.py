"""Which words of a text weigh most for a score: leave each out, score again, take the difference.

Occlusion (Zeiler & Fergus, ECCV 2014), for text the erasure of words (Li, Monroe & Jurafsky 2016,
arXiv:1612.08220). It asks nothing of the model but scores, so it holds for any coder; and it says what the model
reacts to, not what is true of the sentence.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np

# A text is scored about twice for each of its runs of words: the longer it is, the fewer it is cut into.
MOST_RUNS, FEWEST_RUNS = 60, 12
_WORDS_SCORED = 6_000
_DIGITS = 4
_WORD = re.compile(r"\w+(?:['’\-\u0300-\u036f]+\w+)*[\u0300-\u036f]*")
# A smaller difference is no reason; a pair has to be worth another line.
_LEAST, _CLEARLY = 0.01, 0.05

Score = Callable[[Sequence[str]], np.ndarray]


class Part(NamedTuple):
    """A stretch of a text: one word, or two neighbours; `runs` are the places of the words it is made of."""

    start: int
    end: int
    runs: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Weight:
    """Words as they stand in the text, and by how much the score falls (or rises, if negative) without them."""

    words: str
    weight: float


class Weighed(NamedTuple):
    """A text's scores, its parts, and each part's weight for every score (parts × scores), to 4 decimals."""

    text: str
    scores: np.ndarray
    parts: tuple[Part, ...]
    weights: np.ndarray

    def strongest(self, target: int, most: int) -> tuple[tuple[Weight, ...], tuple[Weight, ...]]:
        """Return the parts that weigh most for a score, and those that weigh most against it, at most `most` of each.

        Two neighbours are named beside single words only where they weigh clearly more together than one by one, and
        no word stands in two such pairs.
        """
        weights = [float(weight) for weight in self.weights[:, target]]
        ranked = sorted(zip(self.parts, weights, strict=True), key=lambda entry: (-abs(entry[1]), entry[0]))
        alone = {part.runs[0]: weight for part, weight in ranked if len(part.runs) == 1}
        told: list[Weight] = []
        paired: set[int] = set()
        for part, weight in ranked:
            if len(part.runs) > 1:
                if paired & set(part.runs) or not _more(weight, [alone[run] for run in part.runs]):
                    continue
                paired.update(part.runs)
            if abs(weight) >= _LEAST:
                told.append(Weight(self.text[part.start : part.end], weight))
        return tuple(w for w in told if w.weight > 0)[:most], tuple(w for w in told if w.weight < 0)[:most]


def parts(text: str, most: int | None = None) -> tuple[Part, ...]:
    """Return every word, then every two neighbours with only white space between, in order.

    Of a text with more than `most` words (None: 60, and fewer from 50 words on), runs of several words stand for a
    word, so that the cost stays bounded.
    """
    words = [match.span() for match in _WORD.finditer(text)]
    most = most or min(max(_WORDS_SCORED // 2 // max(len(words), 1), FEWEST_RUNS), MOST_RUNS)
    step = max(1, -(-len(words) // most))
    runs = [(words[i][0], words[min(i + step, len(words)) - 1][1]) for i in range(0, len(words), step)]
    single = [Part(start, end, (i,)) for i, (start, end) in enumerate(runs)]
    pairs = [
        Part(before.start, after.end, (*before.runs, *after.runs))
        for before, after in pairwise(single)
        if text[before.end : after.start].isspace()
    ]
    return (*single, *pairs)


def without(text: str, part: Part) -> str:
    """Return the text without a part; the white space around it closes up, all else stays."""
    before, after = text[: part.start], text[part.end :]
    if not before or before[-1].isspace():
        after = after.lstrip()
    return before + after if after else before.rstrip()


def weigh(text: str, score: Score) -> Weighed:
    """Score a text, and once more without each of its parts.

    `score` takes texts and returns an array (texts × scores). It is asked once, for distinct texts in sorted order:
    no score depends on where a word stands among the others.
    """
    found = parts(text)
    left_out = [without(text, part) for part in found]
    asked = sorted({text, *left_out})
    place = {variant: row for row, variant in enumerate(asked)}
    scores = score(asked)
    full = scores[place[text]]
    rest = scores[[place[variant] for variant in left_out]].reshape(len(found), len(full))
    return Weighed(text, full, found, np.round(full - rest, _DIGITS))


def _more(together: float, apart: Sequence[float]) -> bool:
    """Say whether a pair weighs clearly more than its words one by one, and than either of them."""
    return abs(together) >= max(abs(sum(apart)), *map(abs, apart)) + _CLEARLY
