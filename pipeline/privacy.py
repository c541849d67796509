"""What must not be published, found in a text and replaced: names, e-mails, links, handles, phones, identity numbers.

Where the names come from: the readers see who signed what, so `ingest` writes the contributors' names to
`.glosa/names.json`, and `publish` reads them there. The file is declared like any other, so the flow stays one-way and
a finished study can be published again; it stands in the state folder (ignored by git, readable by its owner alone),
so no column of `data/processed` carries a name. Reading the captures a second time would have cost as much as the
first time, and would have tied the report to files that may have changed since.

A full name is found anywhere, in any case, with or without accents. A first name or surname alone is found where it
is written with a capital and is no common word: neither in the word lists of any language nor in lower case in the
corpus ("Rosa" stays where somebody writes "rosa").
"""

from __future__ import annotations

import re
import tomllib
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cache
from importlib import resources
from typing import NamedTuple

from pipeline import addresses
from pipeline.addresses import Span
from pipeline.languages import all_lexicons
from pipeline.wording import fold, words

KINDS = ("name", *addresses.KINDS)

_DATA = tomllib.loads((resources.files("pipeline") / "privacy.toml").read_text(encoding="utf-8"))
_PARTICLES, _TITLES, _WORDS = (frozenset(_DATA[key].split()) for key in ("particles", "titles", "words"))
_TOKEN = re.compile(r"[^\W_]+")
_BETWEEN_NAMES = re.compile(r"[\s._'’\-,]{1,3}")
_ADJOINING = re.compile(r"(?:[ \u00a0-]|(?: (?:de|del|la|las|los|da|do|das|dos|di|della|von|van|der|den|du|le))+ )")
_MIN_LETTERS = 3
_AFTER_NAME = re.compile(r"\s*(?:[|•·(\[/]|\s[-–—]\s|<).*$", re.DOTALL)


class Vocabulary(NamedTuple):
    """The words of a corpus: those written in lower case, and those seen only inside addresses, links and handles."""

    common: frozenset[str]
    addresses: frozenset[str]


class _Name(NamedTuple):
    """What is known of a name's word: the particles before it, and the initials of the names it stands in."""

    particles: set[tuple[str, ...]]
    initials: set[str]


class Finder:
    """Finds what must not be published.

    Args:
        names: the contributors' names as captured.
        common: words that are no names even with a capital; see `vocabulary`.
        singles: whether first names and surnames are looked for alone, or full names only.
        known: texts of the program itself; what occurs in them ("LinkedIn member") is nobody's full name.
    """

    def __init__(
        self, names: Iterable[str], common: Collection[str] = (), singles: bool = True, known: Iterable[str] = ()
    ) -> None:
        self._common = frozenset(common) | _listed_words()
        self._full: dict[str, set[tuple[str, ...]]] = defaultdict(set)
        self._single: dict[str, _Name] = {}
        own = " " + " ".join(fold(text) for text in known) + " "
        for name in sorted(set(names)):
            tokens = self._tokens_of(name)
            for variant in _variants(tokens):
                if f" {' '.join(variant)} " not in own:
                    self._full[variant[0]].add(variant)
            if singles:
                self._add_singles(tokens)
        self._longest_first = {first: sorted(v, key=lambda t: (-len(t), t)) for first, v in self._full.items()}

    def find(self, text: str, language: str = "") -> list[Span]:
        """Return what must not be published, in order, without overlap."""
        found = addresses.find(text)
        found += self._names(text, language, found)
        return sorted(found)

    def replace(self, text: str, placeholders: Mapping[str, str], language: str = "") -> tuple[str, Counter[str]]:
        """Return the text with a placeholder for each find, and how many of each kind there were."""
        spans = self.find(text, language)
        return rendered(text, spans, placeholders), Counter(span.kind for span in spans)

    def grave(self, text: str) -> list[Span]:
        """Return full names, e-mail addresses and phone numbers: what no published file may hold."""
        found = [span for span in addresses.find(text) if span.kind in {"email", "phone"}]
        return sorted(found + self._names(text, "", found, alone=False))

    def is_name(self, word: str) -> bool:
        """Tell a contributor's name among lower-case words such as a topic's keywords."""
        return fold(word) in self._single and not self._is_common(word)

    def _is_common(self, token: str) -> bool:
        return token.lower() in self._common or token.casefold() in self._common

    def _tokens_of(self, name: str) -> list[str]:
        """Return a name's words, folded; none for a description ("primary teacher") or a lone number."""
        name = _AFTER_NAME.sub("", addresses.EMAIL.sub(" ", name).strip(" \"'<>()"))
        family, comma, given = name.partition(",")
        if comma:
            credentials = all(fold(t) in _TITLES or (t.isupper() and len(t) > 1) for t in _TOKEN.findall(given))
            name = family if credentials or len(_TOKEN.findall(given)) > 3 else f"{given} {family}"
        tokens = _TOKEN.findall(name)
        described = [t for t in tokens if t.islower() and fold(t) not in _PARTICLES and t in self._common]
        folded = [_fold(token) for token in tokens]
        return [] if described else [t for t in folded if t and t not in _TITLES]

    def _add_singles(self, tokens: Sequence[str]) -> None:
        content = [t for t in tokens if t not in _PARTICLES]
        particles: list[str] = []
        for token in tokens:
            if token in _PARTICLES:
                particles.append(token)
                continue
            if len(token) >= _MIN_LETTERS and token.isalpha():
                entry = self._single.setdefault(token, _Name(set(), set()))
                if particles:
                    entry.particles.add(tuple(particles))
                entry.initials.update(t[0] for t in content if t != token)
            particles = []

    def _names(self, text: str, language: str, taken: Sequence[Span], alone: bool = True) -> list[Span]:
        tokens = [(m.start(), m.end(), m.group()) for m in _TOKEN.finditer(text)]
        folded = [_fold(token) for _, _, token in tokens]
        found: list[Span] = []
        i = 0
        while i < len(tokens):
            size = self._full_at(text, tokens, folded, i)
            first, last = i, i + size
            if not size and alone and self._is_single(tokens[i][2], folded[i], language):
                first, last = self._widened(text, tokens, folded, i)
            if last > first:
                start, end = tokens[first][0], _with_full_stop(text, tokens[last - 1][0], tokens[last - 1][1])
                if language == "de" and not size and folded[i] not in self._single:
                    end -= 1  # the s of a genitive stays
                if not any(start < span.end and span.start < end for span in taken):
                    found.append(Span(start, end, "name"))
            i = max(last, i + 1)
        return _merged(text, found)

    def _full_at(self, text: str, tokens: Sequence[tuple[int, int, str]], folded: Sequence[str], i: int) -> int:
        """Return how many tokens from the i-th on are a full name."""
        for variant in self._longest_first.get(folded[i], ()):
            n = len(variant)
            if tuple(folded[i : i + n]) != variant:
                continue
            here = [token for _, _, token in tokens[i : i + n]]
            joined = all(_BETWEEN_NAMES.fullmatch(text, tokens[j][1], tokens[j + 1][0]) for j in range(i, i + n - 1))
            content = [token for token in here if _fold(token) not in _PARTICLES]
            rare = any(not self._is_common(token) and len(token) > 1 and token.isalpha() for token in content)
            if joined and (rare or all(token[0].isupper() or token[0].isdigit() for token in content)):
                return n
        return 0

    def _is_single(self, token: str, folded: str, language: str) -> bool:
        if not token[0].isupper() or self._is_common(token):
            return False
        if folded in self._single:
            return True
        stem = token[:-1]
        return (
            language == "de"
            and folded.endswith("s")
            and len(stem) >= _MIN_LETTERS
            and folded[:-1] in self._single
            and not self._is_common(stem)
        )

    def _widened(
        self, text: str, tokens: Sequence[tuple[int, int, str]], folded: Sequence[str], i: int
    ) -> tuple[int, int]:
        """Return the tokens of a single name with its own particles ("de la Cruz") and initials ("Priya N.")."""
        entry = self._single.get(folded[i]) or self._single[folded[i][:-1]]
        first, last = i, i + 1
        for particles in sorted(entry.particles, key=len, reverse=True):
            n = len(particles)
            if (
                i >= n
                and tuple(folded[i - n : i]) == particles
                and text[tokens[i - n][0] : tokens[i][0]].count(" ") == n
            ):
                first = i - n
                break

        def is_initial(j: int, before: bool) -> bool:
            start, end, token = tokens[j]
            near = text[end : tokens[first][0]] in {". ", "."} if before else text[tokens[last - 1][1] : start] == " "
            return (
                len(token) == 1
                and token.isupper()
                and near
                and text[end : end + 1] == "."
                and folded[j] in entry.initials
            )

        if first and is_initial(first - 1, before=True):
            first -= 1
        if last < len(tokens) and is_initial(last, before=False):
            last += 1
        return first, last


def finder(names: Iterable[str], texts: Iterable[str], known: Iterable[str]) -> tuple[Finder, Vocabulary]:
    """Return what finds names and addresses in a corpus, and what the corpus says of its words."""
    learned = vocabulary(texts)
    return Finder(names, learned.common, known=known), learned


def vocabulary(texts: Iterable[str]) -> Vocabulary:
    """Return what a corpus says of its words: which it writes in lower case, and which are in addresses only."""
    seen: set[str] = set()
    inside: set[str] = set()
    for text in texts:
        spans = (
            [s for s in addresses.find(text) if s.kind in {"email", "link", "handle"}]
            if addresses.may_hold(text)
            else []
        )
        place = 0
        for span in spans:
            seen.update(_TOKEN.findall(text[place : span.start]))
            inside.update(words(text[span.start : span.end]))
            place = span.end
        seen.update(_TOKEN.findall(text[place:]))
    lower = frozenset(token for token in seen if token == token.lower() and token[0].isalpha())
    return Vocabulary(lower, frozenset(inside - {token.casefold() for token in seen} if inside else ()))


def rendered(
    text: str, spans: Sequence[Span], placeholders: Mapping[str, str], start: int = 0, end: int | None = None
) -> str:
    """Return `text[start:end]` with a placeholder in brackets for each span; one that is cut stands in both parts."""
    end = len(text) if end is None else end
    out, place = [], start
    for span in spans:
        first, last = max(span.start, start), min(span.end, end)
        if first >= last:
            continue
        cut_gap = (first, last) != (span.start, span.end) and not _TOKEN.search(text, first, last)
        out += [text[place:first], text[first:last] if cut_gap else f"[{placeholders[span.kind]}]"]
        place = last
    return "".join([*out, text[place:end]])


@cache
def _listed_words() -> frozenset[str]:
    """Words of the languages' lists: stop words, cues and furniture are no names."""
    listed = set(_WORDS)
    for known in all_lexicons():
        listed |= known.stop | known.negators
        for cues in known.cues.values():
            listed.update(word for cue in cues for word in words(cue))
        listed.update(known.months)
    return frozenset(listed)


def _fold(token: str) -> str:
    return token.lower() if token.isascii() else fold(token).replace(" ", "")


def _variants(tokens: Sequence[str]) -> set[tuple[str, ...]]:
    """Return the ways of writing a name with two words or more."""
    is_content = [t not in _PARTICLES and len(t) > 1 for t in tokens]
    content = [i for i, yes in enumerate(is_content) if yes]
    found = {tuple(tokens)} if len(tokens) > 1 and content else set()
    for a in content:
        for b in content:
            if a < b:
                found.add(tuple(tokens[a : b + 1]))
    if len(content) > 1 and content[0] == 0:
        for b in content[1:]:
            start = b
            while start and not is_content[start - 1] and tokens[start - 1] in _PARTICLES:
                start -= 1
            found |= {(tokens[0], *tokens[start : b + 1]), (tokens[0], tokens[b])}
        found.add((*tokens[content[1] :], tokens[0]))
    return {variant for variant in found if not all(token.isdigit() for token in variant)}


def _with_full_stop(text: str, start: int, end: int) -> int:
    """Take the dot of an initial in, unless it ends the sentence too."""
    is_initial = end - start == 1 and text[end : end + 1] == "."
    rest = text[end + 1 : end + 3]
    ends = not rest.strip() or (rest[0].isspace() and rest[1:].isupper())
    return end + 1 if is_initial and not ends else end


def _merged(text: str, spans: Sequence[Span]) -> list[Span]:
    """Join names that stand side by side, particles between them included."""
    merged: list[Span] = []
    for span in spans:
        if merged and _ADJOINING.fullmatch(text, merged[-1].end, span.start):
            merged[-1] = Span(merged[-1].start, span.end, "name")
        else:
            merged.append(span)
    return merged
