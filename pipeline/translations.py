"""Which passages are translated copies of another: sentence by sentence the same, in another language.

Two voices who give the same advice in their own words are two passages, so a pair must pass three tests: each is
the other's nearest among the passages of its language; it is alike in structure (length, number of sentences,
numbers, negation) and not by two named voices; and every part of either has its counterpart in the other.
Thresholds were chosen for precision on the even half of `tests/cases/translations.jsonl`; `make bench-ingest`
prints both halves.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.languages import UNDETERMINED, count_negators, lexicon
from pipeline.wording import fold

MIN_WORDS = 12
MIN_COSINE = 0.62
MIN_PARTS, MIN_LONE_PART = 0.61, 0.66
MIN_WEAKEST = 0.42
LENGTH_RATIO = 0.55
MAX_SPLIT = 2
_BLOCK = 2_000
_NUMBER = re.compile(r"\d+")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A distinct passage: its language, its sentences, and their unit vectors (sentences × dimensions)."""

    passage_id: str
    language: str
    parts: tuple[str, ...]
    vectors: np.ndarray
    voice: str | None = None

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
    found = []
    for (i, language), j in sorted(nearest.items()):
        if i < j and nearest.get((j, candidates[i].language)) == i and language == candidates[j].language:
            score = likeness(candidates[i], candidates[j])
            if score is not None:
                found.append((i, j, score))
    return found


def likeness(a: Candidate, b: Candidate) -> float | None:
    """Return the mean likeness of the parts of two passages, or None where they are no translations."""
    if a.language == b.language or float(a.mean @ b.mean) < MIN_COSINE or not _same_structure(a, b):
        return None
    parts, weakest = _parts(a, b)
    least = MIN_LONE_PART if len(a.parts) == len(b.parts) == 1 else MIN_PARTS
    return round(min(parts, 1.0), 4) if parts >= least and weakest >= MIN_WEAKEST else None


def _same_structure(a: Candidate, b: Candidate) -> bool:
    """Alike in length, number of sentences, numbers, and not by two named voices."""
    shorter, longer = sorted((sum(a.lengths), sum(b.lengths)))
    numbers = [sorted(_NUMBER.findall(" ".join(c.parts))) for c in (a, b)]
    same_voice = a.voice is None or b.voice is None or a.voice == b.voice
    alike = shorter >= LENGTH_RATIO * longer and abs(len(a.parts) - len(b.parts)) <= MAX_SPLIT
    return same_voice and alike and numbers[0] == numbers[1] and _same_sense(a, b)


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


def _parts(a: Candidate, b: Candidate) -> tuple[float, float]:
    """Return the weighted mean and the minimum of each sentence's likeness to its counterpart, either way round."""
    table = a.vectors @ b.vectors.T
    means, weakest = [], 1.0
    for best, lengths in ((table.max(axis=1), a.lengths), (table.max(axis=0), b.lengths)):
        means.append(float(np.average(best, weights=lengths)))
        weakest = min(weakest, float(best.min()))
    return min(means), weakest


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
