"""Where the terms of one language stand in texts: content words by lemma, and phrases of two of them.

A term is a content word ("supervisión"), two content words side by side or joined by a link or two ("código de ética",
"rebuild the trust"), or a negator with the content word after it ("sin culpar", "don't blame"). A negator alone is no
term: "no" says nothing of the matter, what is negated does; and a phrase whose first word is negated keeps its negator,
or it would say the opposite. Forms of one lemma are one term, shown in the wording that it has most often.

Chinese and Japanese are written without spaces: there, every two neighbouring characters are a word.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.engines.lemmas import lemmas, stop_words
from pipeline.languages import Lexicon, lexicon
from pipeline.wording import fold

NEGATED = "¬"
# No phrase may be long enough to quote: from six consecutive words on, a text can be recognised.
MAX_WORDS = 5
_TOKEN = re.compile(r"[^\W_]+(?:['-][^\W_]+)*|[^\w\s'\"“”«»*-]|\n")
_UNSPACED = re.compile(r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]+")
_SYLLABIC = re.compile(r"[\u1100-\u11ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff]+")
_MIN_LETTERS, _MAX_LETTERS = 3, 30
_AKIN, _AKIN_LETTERS = 0.75, 4
_MAX_BETWEEN = 2
_BREAK = "¶"
_OTHER, _STOP, _LINK, _NEGATOR, _CONTENT = range(5)


@dataclass(frozen=True)
class Terms:
    """Every occurrence of every term: four arrays of one length, sorted by term.

    Attributes:
        roots: per term its lemmas, one or two; a negated one begins with "¬".
        term, text: which term stands in which text.
        first, last: where, as places in `stream`.
        stream: all words of all texts, as places in `surfaces`.
        surfaces: the distinct words as they stand in the texts; the first is the break before texts and at punctuation.
        form: per distinct word the place of its lower-case form.
        shown: per form how it is written.
    """

    roots: list[tuple[str, ...]]
    term: np.ndarray
    text: np.ndarray
    first: np.ndarray
    last: np.ndarray
    stream: np.ndarray
    surfaces: list[str]
    form: np.ndarray
    shown: list[str]

    def wording(self, occurrences: np.ndarray) -> str:
        """Return the most frequent wording among occurrences of one term; of equally frequent ones, the first.

        A word that has many forms, none in half of them and no two in three quarters, is a verb as a rule: it is shown
        as its lemma, if that is among the forms or begins one ("decirle").
        """
        first, last = self.first[occurrences], self.last[occurrences]
        spans = first[:, None] + np.arange(int((last - first).max()) + 1)
        inside = spans <= last[:, None]
        words = self.stream[spans.clip(max=len(self.stream) - 1)]
        rows, which, counts = np.unique(
            np.where(inside, self.form[words], -1), axis=0, return_inverse=True, return_counts=True
        )
        written = [_joined([self.shown[form] for form in row if form >= 0]) for row in rows]
        best = min(range(len(rows)), key=lambda i: (-counts[i], written[i]))
        if spans.shape[1] == 1:
            two = int(np.sort(counts)[-2:].sum())
            clear = counts[best] * 2 > len(occurrences) or two * 4 > 3 * len(occurrences)
            return (
                written[best] if clear else _as_lemma(written, *self.roots[self.term[occurrences[0]]]) or written[best]
            )
        same = which.ravel() == best
        initial = self.stream[first[same] - 1] == 0
        return _joined([self._cased(*pair) for pair in self._columns(words[same], rows[best], initial)])

    @staticmethod
    def _columns(words: np.ndarray, row: np.ndarray, initial: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
        """Yield each form of a phrase with the words written for it, but those that begin a sentence."""
        for i, form in enumerate(row[row >= 0]):
            yield int(form), words[~initial, i] if i == 0 else words[:, i]

    def _cased(self, form: int, words: np.ndarray) -> str:
        """Return the most frequent writing; in doubt, that of the form anywhere."""
        usual = self.shown[form]
        counts = Counter(self.surfaces[word] for word in words)
        return min(counts, key=lambda word: (-counts[word], word != usual, word), default=usual)


def find(texts: Sequence[str], language: str) -> Terms:
    """Return the terms of texts in one language; phrases only where two texts or more have them."""
    surfaces, stream, owner = _tokens(texts, lexicon(language))
    forms, form, shown = _forms(surfaces, stream)
    kinds, groups, roots = _kinds(forms, shown, language)
    kind, group = kinds[form[stream]], groups[form[stream]]
    code, first, last = _occurrences(kind, group, len(roots))
    kept = (code < len(roots)) | _in_two(code, owner[first])
    codes, term = np.unique(code[kept], return_inverse=True)
    order = np.argsort(term, kind="stable")
    first, last = first[kept][order], last[kept][order]
    decoded = [_decoded(int(c), roots) for c in codes]
    return Terms(decoded, term[order], owner[first], first, last, stream, surfaces, form, shown)


def akin(a: str, b: str) -> bool:
    """Tell whether two lemmas begin alike: in four letters and three quarters of the shorter ("visit", "visitor")."""
    shared = next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))
    return a == b or shared >= max(_AKIN_LETTERS, _AKIN * min(len(a), len(b)))


def _tokens(texts: Sequence[str], known: Lexicon) -> tuple[list[str], np.ndarray, np.ndarray]:
    """Return the distinct tokens, all tokens as places among them, and whose text each is; texts begin with a break."""
    places: dict[str, int] = {_BREAK: 0}
    pieces = _Pieces(places, known)
    stream: list[int] = []
    lengths = []
    for text in texts:
        before = len(stream)
        stream.append(0)
        for token in _TOKEN.findall(text.replace("’", "'")):
            stream.extend(pieces[token])
        lengths.append(len(stream) - before)
    owner = np.repeat(np.arange(len(texts), dtype=np.int32), lengths)
    return list(places), np.array(stream, dtype=np.int32), owner


class _Pieces(dict[str, tuple[int, ...]]):
    """Splits a token the first time that it is met."""

    def __init__(self, places: dict[str, int], known: Lexicon) -> None:
        self.places, self.known = places, known

    def __missing__(self, token: str) -> tuple[int, ...]:
        parts = _split(token, self.known) if token[0].isalnum() else [_BREAK]
        self[token] = tuple(self.places.setdefault(part, len(self.places)) for part in parts)
        return self[token]


def _split(token: str, known: Lexicon) -> list[str]:
    """Part a token from what is written together with it ("l'accord", "diga-lhe"), and unspaced writing in pairs."""
    lower = token.lower()
    if _UNSPACED.fullmatch(token):
        return [part for i in range(max(1, len(token) - 1)) for part in (token[i : i + 2], _BREAK)]
    if lower in known.stop or lower in known.negators:
        return [token]
    for mark in known.before:
        if lower.startswith(mark) and len(lower) > len(mark):
            return [token[: len(mark)], *_split(token[len(mark) :], known)]
    for mark in known.after:
        if lower.endswith(mark) and len(lower) > len(mark):
            return [*_split(token[: -len(mark)], known), token[-len(mark) :]]
    return [token]


def _forms(surfaces: Sequence[str], stream: np.ndarray) -> tuple[list[str], np.ndarray, list[str]]:
    """Return the lower-case forms, each surface's place among them, and how each form is written.

    A form is written with capitals if it mostly is within sentences ("ICF", German nouns); at the beginning of a
    sentence a capital letter tells nothing.
    """
    initial = np.concatenate([[True], stream[:-1] == 0]) if len(stream) else np.empty(0, dtype=bool)
    telling = np.bincount(stream[~initial], minlength=len(surfaces))
    anywhere = np.bincount(stream, minlength=len(surfaces))
    places: dict[str, int] = {}
    best: dict[str, tuple[int, bool, str]] = {}
    for i, surface in enumerate(surfaces):
        lower = surface.lower()
        places.setdefault(lower, len(places))
        seen = int(telling[i] if surface[1:] == lower[1:] and surface != lower else anywhere[i])
        candidate = (-seen, surface != lower, surface) if seen else (0, False, lower)
        best[lower] = min(best.get(lower, candidate), candidate)
    of_surface = np.array([places[surface.lower()] for surface in surfaces], dtype=np.int32)
    return list(places), of_surface, [best[form][2] for form in places]


def _kinds(forms: Sequence[str], shown: Sequence[str], language: str) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Return each form's kind, its lemma's place among the sorted lemmas (-1: no content word), and the lemmas."""
    known = lexicon(language)
    stop = _as_typed(stop_words(language) | known.idle) - known.negators
    kinds = np.array([_kind(*pair, known, stop) for pair in zip(forms, shown, strict=True)], dtype=np.int8)
    content = {form: word for form, word, kind in zip(forms, shown, kinds, strict=True) if kind == _CONTENT}
    found = lemmas(content.values(), language)
    without = stop | known.negators
    lemma = {form: found[word] for form, word in content.items() if found[word] not in without}
    roots = sorted(set(lemma.values()))
    place = {root: i for i, root in enumerate(roots)}
    groups = np.array([place[lemma[form]] if form in lemma else -1 for form in forms], dtype=np.int64)
    kinds[(kinds == _CONTENT) & (groups < 0)] = _STOP
    return kinds, groups, roots


def _as_typed(listed: Collection[str]) -> frozenset[str]:
    """Add words without their accents, as people type them in haste ("despues")."""
    return frozenset(listed) | {fold(word) for word in listed}


def _kind(form: str, shown: str, known: Lexicon, stop: Collection[str]) -> int:
    if form in known.negators:
        return _NEGATOR
    if form in known.links:
        return _LINK
    if form in stop or form in known.before or form in known.after:
        return _STOP
    letters = form.replace("-", "").replace("'", "")
    acronym = len(letters) > 1 and shown.isupper()
    long_enough = len(letters) >= _MIN_LETTERS or acronym or (len(letters) > 1 and _SYLLABIC.fullmatch(letters))
    return _CONTENT if letters.isalpha() and long_enough and len(letters) <= _MAX_LETTERS else _OTHER


def _occurrences(kind: np.ndarray, group: np.ndarray, n: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return code, first and last place of every occurrence of a term.

    With n lemmas, codes below n are words, below 2 n negated words, and above them pairs.
    """
    content = np.flatnonzero(kind == _CONTENT)
    negator = _negators(kind, content)
    negated = np.where(negator < content, n, 0)
    others = np.cumsum(kind != _LINK)
    left, right = content[:-1], content[1:]
    first = negator[:-1]
    paired = (others[right] - others[left] == 1) & (right - left <= _MAX_BETWEEN + 1) & (right - first < MAX_WORDS)
    pairs = 2 * n + (negated[:-1] + group[left]) * n + group[right]
    turned = negated > 0
    return (
        np.concatenate([group[content], n + group[content[turned]], pairs[paired]]),
        np.concatenate([content, negator[turned], first[paired]]),
        np.concatenate([content, content[turned], right[paired]]),
    )


def _negators(kind: np.ndarray, content: np.ndarray) -> np.ndarray:
    """Return the place of the negator before each content word, with stop words between at most; else its own place."""
    others = np.cumsum((kind != _STOP) & (kind != _LINK))
    found = content.copy()
    for back in range(1, _MAX_BETWEEN + 2):
        before = (content - back).clip(min=0)
        near = (kind[before] == _NEGATOR) & (others[content] - others[before] == 1) & (found == content)
        found[near] = before[near]
    return found


def _in_two(code: np.ndarray, text: np.ndarray) -> np.ndarray:
    """Tell of each occurrence whether two texts or more have its code."""
    order = np.lexsort((text, code))
    codes, texts = code[order], text[order]
    fresh = np.ones(len(codes), dtype=bool)
    fresh[1:] = (codes[1:] != codes[:-1]) | (texts[1:] != texts[:-1])
    known, counts = np.unique(codes[fresh], return_counts=True)
    frequent: np.ndarray = counts[np.searchsorted(known, code)] >= 2
    return frequent


def _decoded(code: int, roots: Sequence[str]) -> tuple[str, ...]:
    n = len(roots)
    if code < 2 * n:
        return (roots[code],) if code < n else (NEGATED + roots[code - n],)
    left, right = divmod(code - 2 * n, n)
    return (roots[left] if left < n else NEGATED + roots[left - n], roots[right])


def _as_lemma(written: Sequence[str], root: str) -> str:
    """Return how a lemma is written where it is one of the forms, as it is where it begins one, else nothing."""
    begun = any(form.lower().startswith(root) for form in written)
    return next((form for form in sorted(written) if form.lower() == root), root if begun else "")


def _joined(words: Sequence[str]) -> str:
    """Return words with a space between, but for those that are written together."""
    text = ""
    for word in words:
        together = not text or text.endswith("'") or word.startswith(("'", "-"))
        text += word if together else f" {word}"
    return text
