"""What sets a topic apart, within each language: keywords by class-based TF-IDF, and the most central units.

The weighting is BERTopic's (Grootendorst 2022): a term's share of the topic's terms × log(1 + A / f), A being the mean
number of terms per class and f the term's number over all classes. Only, a term is counted once per unit (or voice,
where voices are given), so that nobody names a topic by repeating himself, and within one language, so that no keyword
is spent on juego, jogo and game. A keyword is more frequent in its topic than in the language's units as a whole.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from pipeline.engines import terms
from pipeline.engines.terms import Terms, akin

# From this many units (or voices) of a language on, a keyword of its topic must stand in two of them, or in a quarter
# of their square root, if that is more. In fewer, words that stand in one only fill up to three places.
ENOUGH = 10
_FILLED = 3
# Cosine from which two units are one wording for the eye.
_ALIKE = 0.95
# A word is not listed beside a phrase that holds it in this share of the units that have the word.
_ABSORBED = 0.5


@dataclass(frozen=True, slots=True)
class Keyword:
    """A term that sets a topic apart: its wording, its weight, in how many units (or voices) it stands, its lemmas."""

    text: str
    weight: float
    count: int
    roots: tuple[str, ...]


class _Units(NamedTuple):
    """Of each unit of a language: its topic, whose it is, and how near it is to the topic's centre."""

    topics: np.ndarray
    owners: np.ndarray
    nearness: np.ndarray


@dataclass(frozen=True)
class _Cells:
    """How often each term is in each topic, and how near those units are: arrays of one length, sorted by topic."""

    topic: np.ndarray
    term: np.ndarray
    count: np.ndarray
    weight: np.ndarray
    nearness: np.ndarray


def keywords(
    texts: Sequence[str],
    languages: Sequence[str],
    topics: Sequence[int],
    n: int = 8,
    voices: Sequence[str] | None = None,
    nearness: Sequence[float] | None = None,
    known: Mapping[str, Terms] | None = None,
) -> dict[int, dict[str, list[Keyword]]]:
    """Return per topic and language at most `n` keywords, the weightiest first; topic -1 is the background only.

    Args:
        texts: the units.
        languages: the language code of each.
        topics: the topic of each, or -1.
        n: how many keywords a topic has in a language at most.
        voices: whose each is; then a voice counts once per topic and term, else a unit does.
        nearness: how near each is to the centre of its topic; of terms that weigh the same, those of nearer units come
            first. What is still equal is in the order of the alphabet.
        known: what `terms_of` returns for the texts, where it is at hand.
    """
    labels = np.asarray(topics, dtype=np.int64)
    owners = np.arange(len(texts)) if voices is None else np.unique(np.asarray(voices), return_inverse=True)[1]
    found: dict[int, dict[str, list[Keyword]]] = {topic: {} for topic in sorted({int(t) for t in labels} - {-1})}
    near = np.zeros(len(texts)) if nearness is None else np.asarray(nearness, dtype=np.float64)
    codes = np.asarray(languages, dtype=object)
    for language, own in (terms_of(texts, languages) if known is None else known).items():
        chosen = np.flatnonzero(codes == language)
        for topic, listed in _of_language(own, _Units(labels[chosen], owners[chosen], near[chosen]), n):
            found[topic][language] = listed
    return found


def terms_of(texts: Sequence[str], languages: Sequence[str]) -> dict[str, Terms]:
    """Return the terms of each language's texts, in the order of the languages' codes."""
    own: dict[str, list[str]] = {language: [] for language in sorted(set(languages))}
    for text, language in zip(texts, languages, strict=True):
        own[language].append(text)
    return {language: terms.find(listed, language) for language, listed in own.items()}


def central(
    vectors: np.ndarray,
    topics: Sequence[int],
    languages: Sequence[str],
    ids: Sequence[str],
    n: int = 3,
) -> dict[int, dict[str, list[int]]]:
    """Return per topic and language the places of the `n` units nearest to the topic's centre (cosine, then id).

    The centre is that of all languages together. A unit that is nearly the same as one already chosen is passed over.

    Args:
        vectors: unit vectors, one row per unit.
        topics: the topic of each, or -1.
        languages: the language code of each.
        ids: an id of each, for ties.
        n: how many units at most.
    """
    labels, near = np.asarray(topics), nearness(vectors, topics)
    found: dict[int, dict[str, list[int]]] = {}
    for topic in sorted({int(t) for t in labels} - {-1}):
        members = sorted((int(i) for i in np.flatnonzero(labels == topic)), key=lambda i: (-near[i], ids[i]))
        by_language: dict[str, list[int]] = {code: [] for code in sorted({languages[i] for i in members})}
        for i in members:
            by_language[languages[i]].append(i)
        found[topic] = {code: _unlike(vectors, own, n) for code, own in by_language.items()}
    return found


def nearness(vectors: np.ndarray, topics: Sequence[int]) -> np.ndarray:
    """Return each unit vector's cosine with the centre of its topic; 0 where it has none."""
    labels, found = np.asarray(topics), np.zeros(len(topics))
    for topic in sorted({int(t) for t in labels} - {-1}):
        rows = np.asarray(vectors[labels == topic], dtype=np.float64)
        mean = rows.mean(axis=0)
        found[labels == topic] = np.round(rows @ mean / max(float(np.linalg.norm(mean)), 1e-12), 6)
    return found


def _unlike(vectors: np.ndarray, order: Sequence[int], n: int) -> list[int]:
    """Return the first `n` of `order` whose vectors are not nearly the same."""
    chosen: list[int] = []
    for i in order:
        if len(chosen) == n:
            break
        if not chosen or float((vectors[chosen] @ vectors[i]).max()) < _ALIKE:
            chosen.append(i)
    return chosen


def _of_language(known: Terms, units: _Units, n: int) -> Iterator[tuple[int, list[Keyword]]]:
    """Yield each topic that has keywords in the language, with them."""
    if not len(known.term):
        return
    sizes = _sizes(units)
    cells = _cells(known, units, sizes)
    for topic in sorted(set(sizes) - {-1}):
        start, end = np.searchsorted(cells.topic, [topic, topic + 1])
        order = sorted(
            range(start, end), key=lambda i: (-cells.weight[i], -cells.nearness[i], known.roots[cells.term[i]])
        )
        listed = [_keyword(i, cells, known, units.topics) for i in _selected(order, cells, known, n)]
        if listed:
            yield topic, listed


def _keyword(i: int, cells: _Cells, known: Terms, topics: np.ndarray) -> Keyword:
    term = int(cells.term[i])
    low, high = np.searchsorted(known.term, [term, term + 1])
    own = low + np.flatnonzero(topics[known.text[low:high]] == cells.topic[i])
    return Keyword(known.wording(own), float(cells.weight[i]), int(cells.count[i]), known.roots[term])


def _sizes(units: _Units) -> dict[int, int]:
    """Return in how many units (or voices) each topic is, -1 among them."""
    pairs = np.unique(np.stack([units.topics, units.owners]), axis=1)
    found, counts = np.unique(pairs[0], return_counts=True)
    return {int(topic): int(count) for topic, count in zip(found, counts, strict=True)}


def _cells(known: Terms, units: _Units, sizes: Mapping[int, int]) -> _Cells:
    """Count and weigh; cells of the background, and those that set nothing apart, are left out."""
    n_terms, n_owners = len(known.roots), int(units.owners.max()) + 1
    of_occurrence = (units.topics[known.text] + 1) * n_terms + known.term
    once = np.unique(of_occurrence * n_owners + units.owners[known.text])
    cell, count = np.unique(once // n_owners, return_counts=True)
    place = np.searchsorted(cell, of_occurrence)
    nearness = np.bincount(place, weights=units.nearness[known.text]) / np.bincount(place)
    topic, term = cell // n_terms - 1, cell % n_terms
    total = np.bincount(term, weights=count, minlength=n_terms)[term]
    per_class = np.bincount(topic + 1, weights=count)
    average = per_class.sum() / np.count_nonzero(per_class)
    weight = count / per_class[topic + 1] * np.log1p(average / total)
    size = np.array([sizes[int(t)] for t in topic])
    least = np.maximum(2, np.sqrt(size) // 4)
    apart = (count * sum(sizes.values()) > total * size) | (len(sizes) == 1)
    phrase = np.array([len(roots) > 1 or roots[0].startswith(terms.NEGATED) for roots in known.roots])[term]
    kept = (topic >= 0) & apart & (count >= np.where((size >= ENOUGH) | phrase, least, 1))
    return _Cells(topic[kept], term[kept], count[kept], np.round(weight, 9)[kept], np.round(nearness, 6)[kept])


def _selected(order: Sequence[int], cells: _Cells, known: Terms, n: int) -> list[int]:
    """Choose cells in order; a word gives way to a phrase that mostly holds it, or to a word akin to it."""
    counts = {known.roots[cells.term[i]]: int(cells.count[i]) for i in order}
    held: dict[tuple[str, ...], int] = {}
    for roots, count in counts.items():
        for part in _parts(roots):
            held[part] = max(held.get(part, 0), count)
    chosen: list[int] = []
    single: list[str] = []
    for i in order:
        roots = known.roots[cells.term[i]]
        room = n if counts[roots] > 1 else min(n, _FILLED)
        absorbed = held.get(roots, 0) >= _ABSORBED * counts[roots]
        if len(chosen) >= room or absorbed or (len(roots) == 1 and any(akin(roots[0], other) for other in single)):
            continue
        chosen.append(i)
        single += roots if len(roots) == 1 else []
    return chosen


def _parts(roots: tuple[str, ...]) -> list[tuple[str, ...]]:
    """Return the terms within a term: the words of a phrase, with and without negator."""
    plain = tuple(root.removeprefix(terms.NEGATED) for root in roots)
    parts = [(root,) for root in {*roots, *plain}] + ([plain] if plain != roots else [])
    return [part for part in parts if part != roots]
