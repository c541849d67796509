"""What is known about each language, as data: one TOML file per language beside this module."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from types import MappingProxyType

from pipeline.wording import fold

UNDETERMINED = "und"


@dataclass(frozen=True, slots=True, eq=False)
class Lexicon:
    """Word lists of one language; every list is lower-case, and empty where the language has no file."""

    code: str
    name: str
    stop: frozenset[str] = frozenset()
    negators: frozenset[str] = frozenset()
    idle: frozenset[str] = frozenset()
    nouns: frozenset[str] = frozenset()
    links: frozenset[str] = frozenset()
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    attached: tuple[str, ...] = ()
    abbreviations: tuple[str, ...] = ()
    furniture: frozenset[str] = frozenset()
    related: frozenset[str] = frozenset()
    bylines: tuple[str, ...] = ()
    banners: tuple[str, ...] = ()
    invitations: tuple[str, ...] = ()
    comment_headings: frozenset[str] = frozenset()
    polarity: Mapping[str, tuple[frozenset[str], ...]] = field(default_factory=dict)
    quoting: tuple[str, ...] = ()
    hearsay: tuple[str, ...] = ()
    truncation: tuple[str, ...] = ()
    months: tuple[str, ...] = ()
    cues: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    fields: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    languages: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@cache
def available() -> tuple[str, ...]:
    """Return the codes of the languages that have a file."""
    files = resources.files(__package__).iterdir()
    return tuple(sorted(file.name.removesuffix(".toml") for file in files if file.name.endswith(".toml")))


@cache
def lexicon(code: str) -> Lexicon:
    """Return the word lists of a language; of one without a file, empty lists."""
    if code not in available():
        return Lexicon(code, code)
    data = tomllib.loads((resources.files(__package__) / f"{code}.toml").read_text(encoding="utf-8"))
    return Lexicon(
        code=data["code"],
        name=data["name"],
        stop=frozenset(data["words"]["stop"]),
        negators=frozenset(data["words"]["negators"]),
        idle=frozenset(data["phrases"]["idle"]),
        nouns=frozenset(data["phrases"]["nouns"]),
        links=frozenset(data["phrases"]["links"]),
        before=tuple(data["phrases"]["before"]),
        after=tuple(data["phrases"]["after"]),
        attached=tuple(data["phrases"]["attached"]),
        abbreviations=tuple(data["segment"]["abbreviations"]),
        furniture=frozenset(data["furniture"]["lines"]),
        related=frozenset(data["furniture"]["related"]),
        bylines=tuple(data["furniture"]["bylines"]),
        banners=tuple(data["furniture"]["banners"]),
        invitations=tuple(data["furniture"]["invitations"]),
        comment_headings=frozenset(data["furniture"]["comments"]),
        polarity=MappingProxyType({k: tuple(map(_folded, sides)) for k, sides in data["polarity"].items()}),
        quoting=tuple(data["quoting"]["verbs"]),
        hearsay=tuple(data["quoting"]["hearsay"]),
        truncation=tuple(data["furniture"]["truncation"]),
        months=tuple(data["furniture"]["months"]),
        cues=_lists(data["cues"]),
        fields=_lists(data["fields"]),
        languages=_lists(data["languages"]),
    )


def all_lexicons() -> tuple[Lexicon, ...]:
    """Return every language's word lists: page furniture need not be in the study's languages."""
    return tuple(lexicon(code) for code in available())


@cache
def language_names() -> Mapping[str, str]:
    """Return the ISO 639-1 code for what each language is called in the languages known, folded."""
    named = ((fold(name), code) for lex in all_lexicons() for code, names in lex.languages.items() for name in names)
    return MappingProxyType(dict(named))


def _lists(section: Mapping[str, list[str]]) -> Mapping[str, tuple[str, ...]]:
    return MappingProxyType({name: tuple(entries) for name, entries in section.items()})


def _folded(entries: list[str]) -> frozenset[str]:
    return frozenset(map(fold, entries))


def count_negators(folded: str, code: str) -> int:
    """Return how many negating words and phrases of a language a folded text has."""
    return len(_negators(code).findall(folded))


@cache
def _negators(code: str) -> re.Pattern[str]:
    phrases = sorted({fold(word) for word in lexicon(code).negators}, key=lambda w: (-len(w), w))
    return re.compile(rf"\b(?:{'|'.join(phrases)})\b") if phrases else re.compile(r"(?!)")
