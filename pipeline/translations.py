"""Which passages are translated copies of another: sentence by sentence the same, in another language.

Two voices who give the same advice in their own words are two passages, so a pair must pass three tests: each is
the other's nearest among the passages of its language; they are alike in structure (length, number of sentences,
numbers, negation); and a logistic regression on how like the parts are, and on what else they share, is sure of it.
A short one must share a number or a name, since maxims are said in every language; of two named voices, and of prompts,
which ask much the same everywhere, only long ones are copies, word for word. What stands beside a translated copy on
two pages, in the same order, needs less: two pages don't by chance give the same advice in the same order. The weights
were trained, and left-out pairs are counted, by `benchmarks/train_translations.py`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.languages import UNDETERMINED, count_negators, lexicon
from pipeline.wording import fold

MIN_WORDS, FEW_WORDS, MANY_WORDS = 7, 12, 20
MIN_COSINE, MIN_BESIDE = 0.5, 0.5
MIN_PROBABILITY, MIN_OF_TWO_VOICES = 0.8, 0.98
LENGTH_RATIO = 0.55
MAX_SPLIT = 2
FEATURES = ("parts", "name", "one_sentence", "negation")
WEIGHTS = (-16.50, 28.95, 8.51, -2.01, -5.38)  # the intercept, then one for each feature
_BLOCK = 2_000
_NUMBER = re.compile(r"\d+")
_GROUPED = re.compile(r"(?<=\d)[ .,\u00a0\u202f](?=\d{3}\b)")
_WORD = re.compile(r"[^\W\d_][\w'’-]*")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A distinct passage: its language, its sentences, and their unit vectors (sentences × dimensions)."""

    passage_id: str
    language: str
    parts: tuple[str, ...]
    vectors: np.ndarray
    voice: str | None = None
    is_prompt: bool = False
    place: tuple[str, int] | None = None
    """Of a page's own words (tips and prompts): the source, and which of them it is there."""

    @property
    def lengths(self) -> tuple[int, ...]:
        """Number of characters of every sentence."""
        return tuple(map(len, self.parts))

    @property
    def negated(self) -> tuple[bool, ...]:
        """Whether there is a negating word in every sentence."""
        return tuple(count_negators(fold(part), self.language) > 0 for part in self.parts)

    @property
    def polarity(self) -> dict[str, int]:
        """Per dimension (`[polarity]` of a language's file): 1 or 2 for the side whose words stand here, else 0."""
        said = {word for part in self.parts for word in fold(part).split()}
        found = {}
        for name, (one, other) in lexicon(self.language).polarity.items():
            has = bool(said & one), bool(said & other)
            found[name] = 0 if has[0] == has[1] else 1 if has[0] else 2
        return found

    @property
    def words(self) -> int:
        """Number of words."""
        return sum(len(part.split()) for part in self.parts)

    @property
    def numbers(self) -> list[str]:
        """Its numbers, in order of their digits, however they are grouped ("3 000", "3.000")."""
        return sorted(_NUMBER.findall(_GROUPED.sub("", " ".join(self.parts))))

    @property
    def names(self) -> frozenset[str]:
        """Capitalised words that no sentence begins with: names, and the nouns of German."""
        words = (word for part in self.parts for word in _WORD.findall(part)[1:])
        return frozenset(word for word in words if word[0].isupper() and len(word) > 2)

    @property
    def mean(self) -> np.ndarray:
        """Unit vector of the passage: its sentences' mean, weighted by their length."""
        total = np.asarray(self.lengths, dtype=np.float32) @ self.vectors
        mean: np.ndarray = total / max(float(np.linalg.norm(total)), 1e-12)
        return mean


def eligible(text: str, language: str) -> bool:
    """Tell whether a passage is long enough, and its language known, to be called a translation."""
    return language != UNDETERMINED and len(text.split()) >= MIN_WORDS


def find(candidates: Sequence[Candidate]) -> list[tuple[int, int, float]]:
    """Return (i, j, score) of the translated copies among candidates: mutual nearest neighbours that pass."""
    if len(candidates) < 2:
        return []
    nearest = _nearest([c.language for c in candidates], np.stack([c.mean for c in candidates]))
    found = {}
    for (i, language), j in sorted(nearest.items()):
        if i < j and nearest.get((j, candidates[i].language)) == i and language == candidates[j].language:
            score = likeness(candidates[i], candidates[j])
            if score is not None:
                found[i, j] = score
    found |= _beside(candidates, found)
    return [(i, j, score) for (i, j), score in sorted(found.items())]


def _beside(candidates: Sequence[Candidate], found: Mapping[tuple[int, int], float]) -> dict[tuple[int, int], float]:
    """Return further copies: each stands right before or after one on both pages, and is alike enough."""
    at = {c.place: i for i, c in enumerate(candidates) if c.place}
    taken = {(i, candidates[j].language) for pair in found for i, j in (pair, pair[::-1])}
    more: dict[tuple[int, int], float] = {}
    waiting = sorted(found)
    while waiting:
        pair = waiting.pop(0)
        for step in (-1, 1):
            i, j = sorted(at.get(_moved(candidates[k], step), -1) for k in pair)
            if i < 0 or i == j or (i, candidates[j].language) in taken or (j, candidates[i].language) in taken:
                continue
            score = _alike_beside(candidates[i], candidates[j])
            if score is not None:
                more[i, j] = score
                taken |= {(i, candidates[j].language), (j, candidates[i].language)}
                waiting.append((i, j))
    return more


def _moved(candidate: Candidate, step: int) -> tuple[str, int]:
    source, number = candidate.place or ("", -1)
    return source, number + step


def _alike_beside(a: Candidate, b: Candidate) -> float | None:
    """Return the mean likeness of the parts of what stands beside a copy, or None where it is no copy."""
    if a.language == b.language or a.is_prompt != b.is_prompt or not same_structure(a, b):
        return None
    parts = _parts(a, b)
    return round(min(parts, 1.0), 4) if parts >= MIN_BESIDE else None


def likeness(a: Candidate, b: Candidate, weights: Sequence[float] = WEIGHTS) -> float | None:
    """Return the mean likeness of the parts of two passages, or None where they are no translations."""
    if a.language == b.language or a.is_prompt != b.is_prompt or float(a.mean @ b.mean) < MIN_COSINE:
        return None
    if not same_structure(a, b):
        return None
    values = features(a, b)
    sure = 1 / (1 + math.exp(-float(np.dot(weights, [1.0, *values]))))
    words = min(a.words, b.words)
    if words < FEW_WORDS and not (a.names & b.names or a.numbers):
        return None
    if a.is_prompt or (a.voice is not None and b.voice is not None and a.voice != b.voice):
        is_copy = words >= MANY_WORDS and sure >= MIN_OF_TWO_VOICES
    else:
        is_copy = sure >= MIN_PROBABILITY
    return round(min(values[0], 1.0), 4) if is_copy else None


def features(a: Candidate, b: Candidate) -> list[float]:
    """Return the numbers named in `FEATURES` for a pair of the same structure."""
    aligned = len(a.parts) == len(b.parts)
    differing = sum(x != y for x, y in zip(a.negated, b.negated, strict=True)) / len(a.parts) if aligned else 0.0
    return [_parts(a, b), float(bool(a.names & b.names)), float(len(a.parts) == len(b.parts) == 1), differing]


def same_structure(a: Candidate, b: Candidate) -> bool:
    """Alike in length, number of sentences, numbers and negation."""
    shorter, longer = sorted((sum(a.lengths), sum(b.lengths)))
    alike = shorter >= LENGTH_RATIO * longer and abs(len(a.parts) - len(b.parts)) <= MAX_SPLIT
    return alike and a.numbers == b.numbers and _same_sense(a, b)


def _same_sense(a: Candidate, b: Candidate) -> bool:
    """Contrary advice in parallel words is no copy: sentences that correspond are negated both or neither.

    Of three sentences one may differ, since languages negate differently ("take your time", "no te apures").
    """
    if _is_contrary(a, b):
        return False
    if len(a.parts) != len(b.parts):
        return any(a.negated) == any(b.negated)
    return sum(x != y for x, y in zip(a.negated, b.negated, strict=True)) <= len(a.parts) // 3


def _is_contrary(a: Candidate, b: Candidate) -> bool:
    """One says always where the other says never, best where worst: in any dimension only words of opposite sides."""
    sides = [c.polarity for c in (a, b)]
    return any(x != y for name, x in sides[0].items() if x and (y := sides[1].get(name)))


def _parts(a: Candidate, b: Candidate) -> float:
    """Return the mean of each sentence's likeness to its counterpart, weighted by length, the lower of either way."""
    table = a.vectors @ b.vectors.T
    ways = ((table.max(axis=1), a.lengths), (table.max(axis=0), b.lengths))
    return min(float(np.average(best, weights=lengths)) for best, lengths in ways)


def _nearest(languages: Sequence[str], vectors: np.ndarray) -> dict[tuple[int, str], int]:
    """Return, for every passage and every other language, the nearest passage in it (cosine of at least the least)."""
    groups = {code: np.flatnonzero(np.asarray(languages) == code) for code in sorted(set(languages))}
    found: dict[tuple[int, str], int] = {}
    for own, mine in groups.items():
        for other, theirs in groups.items():
            if own == other:
                continue
            for start in range(0, len(mine), _BLOCK):
                rows = mine[start : start + _BLOCK]
                table = vectors[rows] @ vectors[theirs].T
                best = table.argmax(axis=1)
                near = table[np.arange(len(rows)), best] >= MIN_COSINE
                found.update({(int(i), other): int(theirs[j]) for i, j, ok in zip(rows, best, near, strict=True) if ok})
    return found
