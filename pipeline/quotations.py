"""Units that only repeat what was said before: quoted from another passage, or said twice in the same one.

They stay in the tables, linked to the unit they repeat, and are not coded: a voice that quotes another has not
given the advice a second time. A unit counts as a quotation where at least half of it stands in quotation marks or
after "as Ana said:", and those words stand in another passage that doesn't quote them itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache
from typing import NamedTuple

from pipeline.languages import all_lexicons
from pipeline.wording import fold

MIN_WORDS = 5
MIN_SHARE = 0.5
_MARKED = re.compile(r"“([^”]{15,}?)”|«([^»]{15,}?)»|„([^“”]{15,}?)[“”]|\"([^\"]{15,}?)\"|(?m:^>\s*(.{15,}?)$)")
_AFTER_COLON = re.compile(r":\s+([^.!?\n]{15,}[.!?]?)")


class Part(NamedTuple):
    """A unit: its id, its passage, its place in the passage's text, and its words."""

    unit_id: str
    passage_id: str
    start: int
    end: int
    text: str


def repeated(parts: Sequence[Part], texts: dict[str, str]) -> dict[str, str]:
    """Return, for each unit that only repeats another or a clause of one, the unit it repeats.

    Args:
        parts: the units, in the order of the passages; offsets count from the start of the passage.
        texts: the text of every passage.
    """
    folded = [fold(part.text) for part in parts]
    return _quoted(parts, folded, texts) | _said_twice(parts, folded)


def _said_twice(parts: Sequence[Part], folded: Sequence[str]) -> dict[str, str]:
    """Find units that say an earlier one of their passage again, wholly or in all that follows a colon."""
    by_passage: dict[str, list[int]] = {}
    for i, part in enumerate(parts):
        by_passage.setdefault(part.passage_id, []).append(i)
    found: dict[str, str] = {}
    for members in by_passage.values():
        firsts: dict[str, int] = {}
        for i in members:
            tails = [fold(m[1]) for m in _AFTER_COLON.finditer(parts[i].text) if _is_most(m.span(1), parts[i].text)]
            for words in filter(_long_enough, dict.fromkeys([folded[i], *tails])):
                first = firsts.setdefault(words, i)
                if first != i:
                    found.setdefault(parts[i].unit_id, parts[first].unit_id)
    return {unit: found.get(first, first) for unit, first in found.items()}


def _quoted(parts: Sequence[Part], folded: Sequence[str], texts: dict[str, str]) -> dict[str, str]:
    """Find units that quote an earlier passage and say so."""
    spans = {passage_id: list(_quoted_spans(text)) for passage_id, text in texts.items()}
    marked = {key: [fold(texts[key][start:end]) for start, end in own] for key, own in spans.items() if own}
    claims = {i: claimed for i, part in enumerate(parts) if (claimed := list(_claims(part, spans, texts)))}
    standing = _standing({words for claimed in claims.values() for words in claimed}, folded)
    found: dict[str, str] = {}
    for i, claimed in claims.items():
        own = parts[i].passage_id
        sources = (
            parts[j].unit_id
            for words in claimed
            for j in standing.get(words, ())
            if j < i and parts[j].passage_id != own and words not in marked.get(parts[j].passage_id, ())
        )
        if (source := next(sources, None)) is not None:
            found[parts[i].unit_id] = source
    return found


def _quoted_spans(text: str) -> Iterator[tuple[int, int]]:
    """Yield the spans that the text itself marks as somebody else's words."""
    yield from (m.span(m.lastindex or 0) for m in _MARKED.finditer(text))
    yield from (m.span(1) for m in _brought_in().finditer(text))


def _claims(part: Part, spans: dict[str, list[tuple[int, int]]], texts: dict[str, str]) -> Iterator[str]:
    """Yield the folded words that make up most of a unit and are marked as another contributor's."""
    if "?" in part.text[-3:] or _hearsay().search(part.text.lower()):
        return  # a question that two people copy from the page is no quotation, and a saying is nobody's
    for start, end in spans.get(part.passage_id, ()):
        start, end = max(start, part.start), min(end, part.end)
        words = fold(texts[part.passage_id][start:end])
        if _is_most((start, end), part.text) and _long_enough(words):
            yield words


def _standing(claims: set[str], folded: Sequence[str]) -> dict[str, list[int]]:
    """Return, per claim, the texts that contain its words in a row."""
    by_start: dict[tuple[str, ...], list[str]] = {}
    for claim in claims:
        by_start.setdefault(tuple(claim.split()[:MIN_WORDS]), []).append(claim)
    first_words = {start[0] for start in by_start}
    found: dict[str, list[int]] = {}
    for i, text in enumerate(folded):
        tokens = text.split()
        for place in range(len(tokens) - MIN_WORDS + 1):
            if tokens[place] not in first_words:
                continue
            for claim in by_start.get(tuple(tokens[place : place + MIN_WORDS]), ()):
                if f" {claim} " in f" {text} ":
                    found.setdefault(claim, []).append(i)
    return found


def _is_most(span: tuple[int, int], text: str) -> bool:
    return span[1] - span[0] >= MIN_SHARE * len(text)


def _long_enough(words: str) -> bool:
    return words.count(" ") + 1 >= MIN_WORDS


@cache
def _brought_in() -> re.Pattern[str]:
    verbs = sorted({verb for lexicon in all_lexicons() for verb in lexicon.quoting})
    return re.compile(rf"\b(?:{'|'.join(map(re.escape, verbs))})\b[^:.!?]{{0,40}}:\s*([^.!?\n]{{15,}}[.!?]?)")


@cache
def _hearsay() -> re.Pattern[str]:
    phrases = sorted({phrase for lexicon in all_lexicons() for phrase in lexicon.hearsay})
    return re.compile(rf"\b(?:{'|'.join(map(re.escape, phrases))})\b")
