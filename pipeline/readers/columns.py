"""Which column of a table plays which role: found by name and content, or named in study.toml."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from functools import cache, lru_cache
from typing import Literal

from pipeline.languages import all_lexicons
from pipeline.readers.document import UnreadableError

Kind = Literal["empty", "number", "date", "link", "words"]
Rows = Sequence[Sequence[str | None]]

MAX_COLUMNS = 20_000
MAX_NAME = 200
_SAMPLE = 2_000
_TYPED_SHARE = 0.8
_PROSE_WORDS = 5.0
_PROSE_DISTINCT = 0.5
_BESIDE_LONGEST = 0.25
_MAX_NAME_WORDS = 4
_COPIES = 0.8
_NUMBER = re.compile(r"[-+]?[\d.,'\s€$£%/]*\d[\d.,'\s€$£%/]*")
_DATE = re.compile(r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}(?:[T ,][\dT:.,apmAPMGTUCZ+\-/ ]*)?")
_LINK = re.compile(r"(?:https?://|www\.)\S+|\S+@\S+\.\w+")
# Scripts that put no space between words: two letters are about a word.
_UNSPACED = re.compile("[\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff]")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_NO_NAME = re.compile(r"[\W_]+")
# Where a header could be several things ("comment author", "response id"), the first that its cells fit.
_PARTIAL_ORDER = ("parent", "date", "voice", "language", "id", "title")
_WHOLE_ORDER = ("text", "voice", "full_name", "email", "language", "id", "parent", "date", "title", "prompt")


@dataclass(frozen=True, slots=True)
class Wanted:
    """Columns that study.toml names, for each role; none: find them."""

    text: tuple[str, ...] = ()
    voice: tuple[str, ...] = ()
    language: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Head:
    """A column's name as shown, the part of it that is compared (folded), and how deep in a record it lies."""

    name: str
    key: str
    depth: int = 0


@dataclass(frozen=True, slots=True)
class Column:
    """A column, its place in the table, and its role; an empty role: not used."""

    place: int
    name: str
    role: str


@dataclass(frozen=True, slots=True)
class Profile:
    """What the filled cells of a column hold: their kind, mean number of words, share of distinct ones."""

    kind: Kind
    words: float = 0.0
    distinct: float = 0.0

    @property
    def is_prose(self) -> bool:
        """Many words per cell, and most cells distinct."""
        return self.kind == "words" and self.words >= _PROSE_WORDS and self.distinct >= _PROSE_DISTINCT


@dataclass(frozen=True, slots=True)
class _Candidate:
    place: int
    head: Head
    profile: Profile
    role: str = ""
    is_whole: bool = False


def choose(heads: Sequence[Head], rows: Rows, wanted: Wanted) -> tuple[Column, ...]:
    """Give every column its role; raise `UnreadableError` where none can be the text, or a named one is missing."""
    if len(heads) > MAX_COLUMNS:
        raise UnreadableError("too_large", f"{len(heads):,} columns; at most {MAX_COLUMNS:,}")
    sample = rows[:_SAMPLE]
    found = [_candidate(i, head, profile(_cells(sample, i))) for i, head in enumerate(heads)]
    roles = _named(heads, wanted)
    for role in ("voice", "language", "id", "parent", "date"):
        if role not in roles.values():
            fit = [c for c in found if c.place not in roles and c.role == role]
            best = _best(fit)
            roles |= dict.fromkeys([*best, *_instead(fit, best, sample)], role)
    if "text" not in roles.values():
        free = [c for c in found if c.place not in roles]
        texts = _texts(free)
        worded = [c for c in free if c.role == "text" or (c.profile.is_prose and not c.role)]
        roles |= dict.fromkeys(_without_copies([*texts, *_instead(worded, texts, sample)], sample), "text")
    if "text" not in roles.values():
        raise UnreadableError("no_text_column", f"{_listed(heads)}; expected one such as text or comment")
    roles = {c.place: c.role for c in found if c.role in {"title", "prompt"}} | roles
    return tuple(Column(i, head.name, roles.get(i, "")) for i, head in enumerate(heads))


def profile(cells: Iterable[str | None]) -> Profile:
    """Say what a column holds."""
    filled = [cell.strip() for cell in cells if cell and cell.strip()]
    if not filled:
        return Profile("empty")
    kind: Kind = "words"
    for name, pattern in (("date", _DATE), ("number", _NUMBER), ("link", _LINK)):
        if sum(bool(pattern.fullmatch(cell[:200])) for cell in filled) >= _TYPED_SHARE * len(filled):
            kind = name  # type: ignore[assignment]
            break
    return Profile(kind, sum(map(extent, filled)) / len(filled), len(set(filled)) / len(filled))


def is_typed(cell: str) -> bool:
    """Whether a cell is a number, a date or a link, not words."""
    return any(pattern.fullmatch(cell.strip()[:200]) for pattern in (_DATE, _NUMBER, _LINK))


def extent(text: str) -> float:
    """Return about how many words a text has."""
    return max(len(text.split()), len(_UNSPACED.findall(text)) / 2)


@lru_cache(maxsize=65_536)
def fold_name(name: str) -> str:
    """Return a column's name for comparing: `Author_Name`, `authorName` and `author name` are one."""
    spaced = unicodedata.normalize("NFKD", _CAMEL.sub(" ", name)).casefold()
    return _NO_NAME.sub(" ", "".join(char for char in spaced if not unicodedata.combining(char))).strip()


@cache
def known_names(field: str) -> frozenset[str]:
    """Return the names of a field in every language known, folded."""
    return frozenset(fold_name(name) for lexicon in all_lexicons() for name in lexicon.fields[field])


def is_known(name: str) -> bool:
    """Whether a name is, as a whole, one that exports give to a column."""
    return any(fold_name(name) in known_names(field) for field in _WHOLE_ORDER)


def is_partly_known(name: str) -> bool:
    """Whether a short name has such a name in it."""
    key = fold_name(name)
    return len(key.split()) <= _MAX_NAME_WORDS and any(_has(key, field) for field in (*_PARTIAL_ORDER, "text"))


def is_question(name: str) -> bool:
    """Whether a header is a survey's question, not a column's name."""
    return name.rstrip().endswith("?") or extent(name) > _MAX_NAME_WORDS


def _cells(rows: Rows, place: int) -> list[str | None]:
    return [row[place] for row in rows if place < len(row)]


def _candidate(place: int, head: Head, found: Profile) -> _Candidate:
    for field in _WHOLE_ORDER:
        role = "voice" if field in {"full_name", "email"} else field
        if head.key in known_names(field) and _fits(role, found):
            return _Candidate(place, head, found, role, is_whole=field != "email")
    if not is_question(head.name):
        for role in _PARTIAL_ORDER:
            is_dated = role != "date" or found.kind == "date"
            if is_dated and _has(head.key, role) and _fits(role, found):
                return _Candidate(place, head, found, role)
    return _Candidate(place, head, found, "text" if _has(head.key, "text") else "")


def _fits(role: str, found: Profile) -> bool:
    """Whether the cells can be what the header says: nobody's name is a paragraph long."""
    limit = {"voice": 6, "language": 3, "id": 2, "parent": 2, "date": 6}.get(role)
    return limit is None or found.words <= limit


def _has(key: str, field: str) -> bool:
    return any(f" {name} " in f" {key} " for name in known_names(field))


def _named(heads: Sequence[Head], wanted: Wanted) -> dict[int, str]:
    """Return the roles of the columns that study.toml names: every text, and the first of the others."""
    roles: dict[int, str] = {}
    for role in (field.name for field in fields(Wanted)):
        names = getattr(wanted, role)
        keys = {fold_name(name) for name in names}
        exact = [i for i, head in enumerate(heads) if head.name in names]
        folded = [i for i, head in enumerate(heads) if keys & {fold_name(head.name), head.key}]
        places = [i for i in exact or folded if i not in roles]
        if names and not places:
            asked = ", ".join(repr(name) for name in names)
            raise UnreadableError("no_text_column", f"study.toml names {asked} for ingest.{role}; {_listed(heads)}")
        roles |= dict.fromkeys(places if role == "text" else places[:1], role)
    return roles


def _best(candidates: Sequence[_Candidate]) -> list[int]:
    ranked = sorted(candidates, key=lambda c: (c.profile.kind == "empty", c.head.depth, not c.is_whole, c.place))
    return [c.place for c in ranked[:1]]


def _texts(candidates: Sequence[_Candidate]) -> list[int]:
    """Return the places of the text columns.

    A name decides, with the survey questions that stand beside it; without one, the longest prose and whatever
    comes near it; else what is left that could be text.
    """
    named = [c for c in candidates if c.role == "text" and c.is_whole]
    in_words = _shallow([c for c in named if c.profile.kind == "words"])
    prose = [c for c in candidates if c.profile.is_prose and c.role in {"", "text"}]
    partly = [c for c in candidates if c.role == "text" and c.profile.kind == "words"]
    if in_words:
        first = [c for c in in_words if c.profile.is_prose] or in_words[:1]
        chosen = [*first, *(c for c in prose if c not in first and is_question(c.head.name))]
    elif prose:
        longest = max(c.profile.words for c in prose)
        near = [c for c in prose if c.profile.words >= _BESIDE_LONGEST * longest or is_question(c.head.name)]
        chosen = _shallow(near)
    else:
        chosen = partly[:1] or named[:1]
    return sorted(c.place for c in chosen)


def _instead(candidates: Sequence[_Candidate], chosen: Sequence[int], rows: Rows) -> list[int]:
    """Return columns for records that have none of the chosen keys: a comment's `text` below a post's `body`."""
    other = [row for row in rows if all(place < len(row) and row[place] is None for place in chosen)]
    places = [c.place for c in candidates if c.place not in chosen]
    return [place for place in places if any(row[place] is not None for row in other)] if chosen else []


def _without_copies(places: Sequence[int], rows: Rows) -> list[int]:
    """Drop columns that say once more what another one says, such as a text with and without mark-up."""
    kept: list[int] = []
    for place in places:
        pairs = [
            [(row[place] or "").split(), *((row[k] or "").split() for k in kept)]
            for row in rows
            if max(place, *kept, 0) < len(row) and row[place]
        ]
        if sum(own in others for own, *others in pairs) < _COPIES * len(pairs) or not pairs:
            kept.append(place)
    return kept


def _shallow(candidates: Sequence[_Candidate]) -> list[_Candidate]:
    least = min((c.head.depth for c in candidates), default=0)
    return [c for c in candidates if c.head.depth == least]


def _listed(heads: Sequence[Head]) -> str:
    return f"columns: {', '.join(head.name for head in heads)[:200]}"
