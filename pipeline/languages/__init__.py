"""What is known about each language, as data: one TOML file per language beside this module."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from types import MappingProxyType

UNDETERMINED = "und"


@dataclass(frozen=True, slots=True, eq=False)
class Lexicon:
    """Word lists of one language; every list is lower-case, and empty where the language has no file."""

    code: str
    name: str
    stop: frozenset[str] = frozenset()
    negators: frozenset[str] = frozenset()
    abbreviations: tuple[str, ...] = ()
    furniture: frozenset[str] = frozenset()
    related: frozenset[str] = frozenset()
    comment_headings: frozenset[str] = frozenset()
    truncation: tuple[str, ...] = ()
    months: tuple[str, ...] = ()
    tip_leads: tuple[str, ...] = ()
    cues: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


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
        abbreviations=tuple(data["segment"]["abbreviations"]),
        furniture=frozenset(data["furniture"]["lines"]),
        related=frozenset(data["furniture"]["related"]),
        comment_headings=frozenset(data["furniture"]["comments"]),
        truncation=tuple(data["furniture"]["truncation"]),
        months=tuple(data["furniture"]["months"]),
        tip_leads=tuple(data["tips"]["leads"]),
        cues=MappingProxyType({name: tuple(words) for name, words in data["cues"].items()}),
    )


def all_lexicons() -> tuple[Lexicon, ...]:
    """Return every language's word lists: page furniture need not be in the study's languages."""
    return tuple(lexicon(code) for code in available())
