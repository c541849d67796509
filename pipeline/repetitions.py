"""Which passages repeat another's wording: exactly, with a few edited words, or as a truncated preview.

Similarity is of wording, never of meaning, and every link is verified against the passage it points to.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from typing import NamedTuple

from pipeline.candidates import near_pairs
from pipeline.languages import UNDETERMINED, all_lexicons, count_negators
from pipeline.study import DeduplicateSection
from pipeline.wording import fold

Pair = frozenset[str]

_MIN_PREVIEW_WORDS, _MIN_CUT_WORDS = 4, 8
_LONGEST_MARK = 60
_MIN_WORDS_TO_EDIT_SENSE = 20
_FEW_WORDS, _NEAR_IDENTITY = 13, 0.95
# A copy under another name is believed only from a text this many times longer than `min_words`.
_OTHER_VOICE_FACTOR = 3
_ELLIPSIS = re.compile(r"[(\[]?(?:\.\.\.|…)[)\]]?\s*$")
_BRACKETED = re.compile(r"\s*[(\[]([^()\[\]]{1,40})[)\]]$")
_ENDED = re.compile(r"[.!?…:;。！？][\s\"'”’»)\]]*$")


class Wording(NamedTuple):
    """A passage as deduplication sees it: its folded words, without the end mark of a preview.

    `is_preview`: it bears such a mark, or ends without ending a sentence.
    """

    passage_id: str
    folded: str
    is_preview: bool
    voice: str | None
    language: str

    @property
    def n_words(self) -> int:
        """Number of folded words."""
        return self.folded.count(" ") + 1 if self.folded else 0

    @property
    def n_negators(self) -> int:
        """Number of negating words and phrases of the passage's language."""
        return count_negators(self.folded, self.language)


class Link(NamedTuple):
    """A repetition: which passage repeats which, how, and how alike they are."""

    passage_id: str
    duplicate_of: str
    kind: str
    similarity: float


def wording(passage_id: str, text: str, voice: str | None = None, language: str = UNDETERMINED) -> Wording:
    """Fold a passage and take a preview's end mark ("… see more") off."""
    bare, is_marked = strip_preview_mark(text)
    folded = fold(bare)
    is_cut = folded.count(" ") + 1 >= _MIN_CUT_WORDS and not _ENDED.search(bare)
    return Wording(passage_id, folded, is_marked or is_cut, voice, language)


def find_repetitions(
    wordings: Sequence[Wording], settings: DeduplicateSection, different: frozenset[Pair] = frozenset()
) -> list[Link]:
    """Return one link for every wording that repeats another, but for pairs that a person called `different`.

    Wordings are visited from the fullest, and among equals from the earliest; each is compared with those
    kept so far, so every link is verified against the kept passage itself and chains can't arise. Only a preview
    may be that of a passage set aside before; it then points to what that one points to.
    """
    order = sorted((i for i, w in enumerate(wordings) if w.folded), key=lambda i: (-len(wordings[i].folded), i))
    near = _near_candidates(wordings, order, settings)
    prefixes = _Prefixes([w.folded for w in wordings]) if any(w.is_preview for w in wordings) else None
    by_fold: dict[str, list[int]] = {}
    kept = bytearray(len(wordings))
    standing: dict[str, str] = {}
    links: list[Link] = []

    def allowed(i: int, others: Iterable[int]) -> list[int]:
        this = wordings[i].passage_id
        return [j for j in others if not different or frozenset((this, wordings[j].passage_id)) not in different]

    for i in order:
        link = _exact(wordings, i, allowed(i, by_fold.get(wordings[i].folded, ())), settings)
        if link is None and prefixes and wordings[i].is_preview:
            link = _truncated(wordings, i, allowed(i, prefixes.extending(i)), settings)
            link = link and link._replace(duplicate_of=standing.get(link.duplicate_of, link.duplicate_of))
        if link is None and i in near:
            link = _near(wordings, i, allowed(i, (j for j in near[i] if kept[j])), settings)
        if link:
            links.append(link)
            standing[link.passage_id] = link.duplicate_of
        else:
            kept[i] = True
            by_fold.setdefault(wordings[i].folded, []).append(i)
    return links


def strip_preview_mark(text: str) -> tuple[str, bool]:
    """Return the text without the end mark of a truncated preview, and whether it had one."""
    stripped = text.rstrip()
    end = stripped[-_LONGEST_MARK:]
    bracketed = _BRACKETED.search(end)
    if bracketed and bracketed[1].strip(" .…").casefold() in _preview_marks():
        return _ELLIPSIS.sub("", stripped[: -len(bracketed[0])]).rstrip(), True
    if "…" not in end and "..." not in end:
        return stripped, False
    for mark in _preview_marks():
        head = stripped[: len(stripped) - len(mark)]
        if stripped.casefold().endswith(mark) and _ELLIPSIS.search(head):
            return _ELLIPSIS.sub("", head).rstrip(), True
    without = _ELLIPSIS.sub("", stripped).rstrip()
    return without, without != stripped


def similarity(a: str, b: str) -> float:
    """Return how alike two folded texts are: the mean of their words and their letters in common, in order.

    Both are normalised Indel similarities (the longest common subsequence over the mean length). Letters
    forgive an edited ending, words don't forgive another word of the same letters.
    """
    from rapidfuzz.distance import Indel

    by_words = Indel.normalized_similarity(a.split(), b.split())
    return float(by_words + Indel.normalized_similarity(a, b)) / 2


def _exact(wordings: Sequence[Wording], i: int, same: Sequence[int], settings: DeduplicateSection) -> Link | None:
    """Same folded words; a short answer that two named voices give is agreement, not repetition."""
    this = wordings[i]
    for j in same:
        if _same_voice_possible(this, wordings[j]) or this.n_words >= settings.min_words:
            return Link(this.passage_id, wordings[j].passage_id, "exact", 1.0)
    return None


def _truncated(
    wordings: Sequence[Wording],
    i: int,
    longer: Sequence[int],
    settings: DeduplicateSection,
) -> Link | None:
    """A preview whose words begin a kept passage."""
    this = wordings[i]
    if not this.is_preview or this.n_words < _MIN_PREVIEW_WORDS:
        return None
    for j in sorted(longer):
        if _same_voice_possible(this, wordings[j]) or this.n_words >= settings.min_words:
            share = round(len(this.folded) / len(wordings[j].folded), 4)
            return Link(this.passage_id, wordings[j].passage_id, "truncated", share)
    return None


def _near(
    wordings: Sequence[Wording],
    i: int,
    candidates: Sequence[int],
    settings: DeduplicateSection,
) -> Link | None:
    """A few edited words; never one with a negation more or less, nor a short text of another named voice."""
    this = wordings[i]
    scored = [
        (similarity(this.folded, wordings[j].folded), j)
        for j in candidates
        if _same_sense(this, wordings[j])
        and (_same_voice_possible(this, wordings[j]) or this.n_words >= _OTHER_VOICE_FACTOR * settings.min_words)
    ]
    score, j = max(scored, key=lambda pair: (pair[0], -pair[1]), default=(0.0, -1))
    if score < settings.near or (score < _NEAR_IDENTITY and _is_unsure(this, wordings[j])):
        return None
    return Link(this.passage_id, wordings[j].passage_id, "near", round(score, 4))


def _same_sense(a: Wording, b: Wording) -> bool:
    """As many negations in both; in longer texts that share nearly all words an edit may add one to others."""
    if a.n_negators == b.n_negators:
        return True
    return min(a.n_negators, b.n_negators) > 0 and min(a.n_words, b.n_words) >= _MIN_WORDS_TO_EDIT_SENSE


def _is_unsure(a: Wording, b: Wording) -> bool:
    """A short text of which nobody says whose it is: another word in it may be another opinion."""
    return (a.voice is None or a.voice != b.voice) and min(a.n_words, b.n_words) < _FEW_WORDS


def _same_voice_possible(a: Wording, b: Wording) -> bool:
    return a.voice is None or b.voice is None or a.voice == b.voice


def _near_candidates(
    wordings: Sequence[Wording], order: Sequence[int], settings: DeduplicateSection
) -> dict[int, list[int]]:
    """Return, per wording long enough, the fuller ones that share enough rare word pairs with it."""
    long_enough = [i for i in order if wordings[i].n_words >= settings.min_words]
    later, earlier = near_pairs([wordings[i].folded for i in long_enough])
    found: dict[int, list[int]] = {}
    for i, j in zip(later.tolist(), earlier.tolist(), strict=True):
        found.setdefault(long_enough[i], []).append(long_enough[j])
    return found


@cache
def _preview_marks() -> tuple[str, ...]:
    marks = {re.sub(r"^[.…\s]+", "", mark.casefold()) for lex in all_lexicons() for mark in lex.truncation}
    return tuple(sorted(filter(None, marks), key=lambda mark: (-len(mark), mark)))


class _Prefixes:
    """Finds the texts that begin with a given text, by bisection over the sorted texts."""

    def __init__(self, texts: Sequence[str]) -> None:
        self._texts = texts
        self._order = sorted(range(len(texts)), key=lambda i: texts[i])
        self._sorted = [texts[i] for i in self._order]

    def extending(self, i: int) -> Iterator[int]:
        """Yield the indices of strictly longer texts that begin with text `i`."""
        prefix = self._texts[i]
        place = bisect_left(self._sorted, prefix)
        while place < len(self._sorted) and self._sorted[place].startswith(prefix):
            if len(self._sorted[place]) > len(prefix):
                yield self._order[place]
            place += 1
