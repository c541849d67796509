"""Units that only repeat what was said before: quoted from another passage, or said twice in the same one.

They stay in the tables, linked to the unit they repeat, and are not coded: a voice that quotes another has not
given the advice a second time.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from pipeline.wording import fold

MIN_WORDS = 5
MIN_SHARE = 0.6
_QUOTED = re.compile(r"“([^”]{15,}?)”|«([^»]{15,}?)»|„([^“”]{15,}?)[“”]|\"([^\"]{15,}?)\"|(?m:^>\s*(.{15,}?)$)")
_SAID = re.compile(
    r"\b(?:said|says|wrote|dice|dijo|decía|escribió|diz|disse|dizia|escreveu|dit|disait|écrit|sagte|schrieb|diceva|"
    r"detto|scritto)\b[^:.!?]{0,40}:\s*([^.!?\n]{15,}[.!?]?)"
)


class Part(NamedTuple):
    """A unit: its id, its passage, its place in the passage's text, and its words."""

    unit_id: str
    passage_id: str
    start: int
    end: int
    text: str


def repeated(parts: Sequence[Part], texts: dict[str, str]) -> dict[str, str]:
    """Return, for each unit that only repeats another, the unit it repeats.

    Args:
        parts: the units, in the order of the passages; offsets count from the start of the passage.
        texts: the text of every passage.
    """
    by_words: dict[str, list[Part]] = {}
    for part in parts:
        by_words.setdefault(fold(part.text), []).append(part)
    found: dict[str, str] = {}
    for words, same in by_words.items():
        if words.count(" ") + 1 < MIN_WORDS:
            continue
        firsts: dict[str, Part] = {}
        for part in same:
            first = firsts.setdefault(part.passage_id, part)
            if first is not part:
                found[part.unit_id] = first.unit_id
    spans = {passage_id: _quoted_spans(text) for passage_id, text in texts.items()}
    for part in parts:
        source = _source(part, spans.get(part.passage_id, ()), texts, by_words)
        if source and part.unit_id not in found:
            found[part.unit_id] = source.unit_id
    return found


def _quoted_spans(text: str) -> list[tuple[int, int]]:
    """Return the spans that the text itself marks as somebody else's words."""
    spans = [m.span(m.lastindex or 0) for m in _QUOTED.finditer(text)]
    return spans + [m.span(1) for m in _SAID.finditer(text)]


def _source(
    part: Part, spans: Sequence[tuple[int, int]], texts: dict[str, str], by_words: dict[str, list[Part]]
) -> Part | None:
    """Return the unit of another passage that this one quotes, if most of it is that quotation."""
    for start, end in spans:
        start, end = max(start, part.start), min(end, part.end)
        if end - start < MIN_SHARE * (part.end - part.start) or "?" in part.text[-3:]:
            continue  # a question that two people copy from the page is no quotation
        words = fold(texts[part.passage_id][start:end])
        if words.count(" ") + 1 < MIN_WORDS:
            continue
        others = [other for other in by_words.get(words, ()) if other.passage_id != part.passage_id]
        if others:
            return others[0]
    return None
