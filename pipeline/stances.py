"""Whether a contribution says that trust can be restored, cannot, or on a condition: by cue words, where it says so.

It is meant to be right where it speaks, and is silent otherwise: a passage without a cue takes no stance that could be
found. Cues are data (`stances.toml`), for English, Spanish and Portuguese.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from importlib import resources
from typing import NamedTuple

RESTORABLE, NOT_RESTORABLE, CONDITIONAL = "restorable", "not_restorable", "conditional"
STANCES = (RESTORABLE, NOT_RESTORABLE, CONDITIONAL)
_SENTENCE = re.compile(r"[^.!?…;\n]+[.!?…;]*")


class Stance(NamedTuple):
    """A stance with the characters that show it, from the start of the text."""

    stance: str
    start: int
    end: int


class _Cues(NamedTuple):
    conditions: re.Pattern[str]
    denied: re.Pattern[str]
    weak: re.Pattern[str]
    restorable: re.Pattern[str]
    not_restorable: re.Pattern[str]


def languages() -> tuple[str, ...]:
    """Return the languages that have cues."""
    return tuple(_data())


def find(text: str, language: str) -> Stance | None:
    """Return the stance of a passage, or None where no cue tells; of a language without cues, None.

    A condition anywhere goes before a plain yes or no; of several of these the last one counts.
    """
    if language not in languages():
        return None
    found = list(_in_sentences(_folded(text), _cues(language)))
    conditional = next((one for one in found if one.stance == CONDITIONAL), None)
    return conditional or (found[-1] if found else None)


def table(passages: Iterable[tuple[str, str, str, int]]) -> list[tuple[str, str, int, int]]:
    """Return (passage id, stance, start, end) of every passage that takes one, from (id, text, language, start)."""
    found = ((passage, start, find(text, language)) for passage, text, language, start in passages)
    return [(i, one.stance, start + one.start, start + one.end) for i, start, one in found if one]


def _in_sentences(folded: str, cues: _Cues) -> Iterator[Stance]:
    for sentence in _SENTENCE.finditer(folded):
        words, place = sentence[0], sentence.start()
        if "?" in words:
            continue
        spans = {
            stance: [m.span() for m in pattern.finditer(words) if not _is_denied(words, m.start(), cues)]
            for stance, pattern in ((RESTORABLE, cues.restorable), (NOT_RESTORABLE, cues.not_restorable))
        }
        every = sorted((span, stance) for stance, own in spans.items() for span in own)
        condition, weak = cues.conditions.search(words), cues.weak.search(words)
        if condition and (every or weak):
            ends = [condition.span(), *(span for span, _ in every), *([weak.span()] if weak else [])]
            yield Stance(CONDITIONAL, place + min(a for a, _ in ends), place + max(b for _, b in ends))
        elif spans[RESTORABLE] and spans[NOT_RESTORABLE] and _overlap(*spans.values()):
            (start, end) = spans[NOT_RESTORABLE][-1]  # "trust … cannot be rebuilt" holds "trust … be rebuilt"
            yield Stance(NOT_RESTORABLE, place + start, place + end)
        elif every:
            (start, end), stance = every[-1]
            yield Stance(stance, place + start, place + end)


def _is_denied(words: str, place: int, cues: _Cues) -> bool:
    """Whether what stands before a cue, in its clause, reports it or says the contrary."""
    clause = re.split(r"[,:]| (?:but|pero|mas|porem) ", words[:place])[-1]
    return bool(cues.denied.search(clause))


def _overlap(first: list[tuple[int, int]], second: list[tuple[int, int]]) -> bool:
    return any(a < d and c < b for a, b in first for c, d in second)


def _folded(text: str) -> str:
    """Return the text in lower case and without accents, every character in its place."""
    return "".join(map(_fold, text))


@cache
def _fold(char: str) -> str:
    if char in "’‘´`":
        return "'"
    bare = unicodedata.normalize("NFD", char)[0].lower()
    return bare if len(bare) == 1 else char


@cache
def _data() -> Mapping[str, Mapping[str, list[str]]]:
    text = (resources.files("pipeline") / "stances.toml").read_text(encoding="utf-8")
    found: Mapping[str, Mapping[str, list[str]]] = tomllib.loads(text)
    return found


@cache
def _cues(language: str) -> _Cues:
    data = _data()[language]
    pieces: Mapping[str, str] = data["pieces"]  # type: ignore[assignment]

    def compiled(kind: str) -> re.Pattern[str]:
        return re.compile("|".join(f"(?:{_filled(pattern, pieces)})" for pattern in data[kind]))

    return _Cues(*map(compiled, _Cues._fields))


def _filled(pattern: str, pieces: Mapping[str, str]) -> str:
    for name, piece in pieces.items():
        pattern = pattern.replace(f"{{{name}}}", piece)
    return pattern
