"""Link every passage that repeats another's wording to the one that is kept; nothing is thrown away."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

import pandas as pd

from pipeline.languages import UNDETERMINED, all_lexicons, lexicon
from pipeline.store import Store
from pipeline.study import DeduplicateSection, Study
from pipeline.wording import fold

_SHINGLE = 5
_PERMUTATIONS = 128
_CANDIDATE_JACCARD = 0.5
_MIN_PREVIEW_WORDS = 4
# A copy under another name is believed only from a text this many times longer than `min_words`.
_OTHER_VOICE_FACTOR = 3
_ELLIPSIS = re.compile(r"(?:\.\.\.|…)\s*$")


@dataclass(frozen=True, slots=True)
class Wording:
    """A passage as deduplication sees it: its folded words, without the end mark of a preview."""

    passage_id: str
    folded: str
    is_preview: bool
    voice: str | None
    n_negators: int

    @property
    def n_words(self) -> int:
        """Number of folded words."""
        return self.folded.count(" ") + 1 if self.folded else 0


@dataclass(frozen=True, slots=True)
class Link:
    """A repetition: which passage repeats which, how, and how alike they are."""

    passage_id: str
    duplicate_of: str
    kind: str
    similarity: float


def run(study: Study, store: Store) -> None:
    """Load the passages, find repetitions, save the links."""
    passages = store.table("passages")

    links = find_repetitions(wordings_of(passages), study.settings.deduplicate)

    store.save_table("duplicates", links_table(links))


def wordings_of(passages: pd.DataFrame) -> list[Wording]:
    """Return the passages, in their order, as wordings."""
    return [
        wording(p.passage_id, p.text, None if pd.isna(p.voice) else p.voice, p.language) for p in passages.itertuples()
    ]


def wording(passage_id: str, text: str, voice: str | None = None, language: str = UNDETERMINED) -> Wording:
    """Fold a passage and take a preview's end mark ("… see more") off."""
    bare, is_preview = strip_preview_mark(text)
    folded = fold(bare)
    return Wording(passage_id, folded, is_preview, voice, len(_negators(language).findall(folded)))


def find_repetitions(wordings: Sequence[Wording], settings: DeduplicateSection) -> list[Link]:
    """Return one link for every wording that repeats another.

    Wordings are visited from the fullest, and among equals from the earliest; each is compared with those
    kept so far, so every link is verified against the kept passage itself and chains can't arise.
    """
    order = sorted((i for i, w in enumerate(wordings) if w.folded), key=lambda i: (-len(wordings[i].folded), i))
    near = _near_candidates(wordings, settings)
    by_fold: dict[str, list[int]] = {}
    prefixes = _Prefixes([w.folded for w in wordings])
    kept: set[int] = set()
    links: list[Link] = []
    for i in order:
        link = (
            _exact(wordings, i, by_fold.get(wordings[i].folded, ()), settings)
            or _truncated(wordings, i, [j for j in prefixes.extending(i) if j in kept], settings)
            or _near(wordings, i, [j for j in near.get(i, ()) if j in kept], settings)
        )
        if link:
            links.append(link)
        else:
            kept.add(i)
            by_fold.setdefault(wordings[i].folded, []).append(i)
    return links


def links_table(links: Sequence[Link]) -> pd.DataFrame:
    """Return the table of duplicates, by passage."""
    rows = [
        {
            "passage_id": k.passage_id,
            "duplicate_of": k.duplicate_of,
            "kind": k.kind,
            "similarity": k.similarity,
            "counted": False,
        }
        for k in sorted(links, key=lambda link: link.passage_id)
    ]
    return pd.DataFrame(rows, columns=["passage_id", "duplicate_of", "kind", "similarity", "counted"])


def strip_preview_mark(text: str) -> tuple[str, bool]:
    """Return the text without the end mark of a truncated preview, and whether it had one."""
    stripped = text.rstrip()
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
        if this.n_negators == wordings[j].n_negators
        and (_same_voice_possible(this, wordings[j]) or this.n_words >= _OTHER_VOICE_FACTOR * settings.min_words)
    ]
    score, j = max(scored, key=lambda pair: (pair[0], -pair[1]), default=(0.0, -1))
    if score < settings.near:
        return None
    return Link(this.passage_id, wordings[j].passage_id, "near", round(score, 4))


def _same_voice_possible(a: Wording, b: Wording) -> bool:
    return a.voice is None or b.voice is None or a.voice == b.voice


def _near_candidates(wordings: Sequence[Wording], settings: DeduplicateSection) -> dict[int, list[int]]:
    """Return, per wording long enough, the others that MinHash-LSH over character shingles brings near."""
    from rensa import RMinHash, RMinHashLSH

    index = RMinHashLSH(threshold=_CANDIDATE_JACCARD, num_perm=_PERMUTATIONS, num_bands=32)
    hashes: dict[int, RMinHash] = {}
    for i, w in enumerate(wordings):
        if w.n_words >= settings.min_words:
            hashes[i] = RMinHash(num_perm=_PERMUTATIONS, seed=1)
            hashes[i].update(list(_shingles(w.folded)))
            index.insert(i, hashes[i])
    return {i: sorted(j for j in index.query(minhash) if j != i) for i, minhash in hashes.items()}


def _shingles(folded: str) -> Iterator[str]:
    for start in range(max(len(folded) - _SHINGLE + 1, 1)):
        yield folded[start : start + _SHINGLE]


@cache
def _negators(language: str) -> re.Pattern[str]:
    phrases = sorted({fold(word) for word in lexicon(language).negators}, key=lambda w: (-len(w), w))
    return re.compile(rf"\b(?:{'|'.join(phrases)})\b") if phrases else re.compile(r"(?!)")


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
