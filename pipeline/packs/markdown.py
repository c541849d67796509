"""The packs as CommonMark in which every captured word is text: no markup, no link and no code comes out of it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from html import escape

from pipeline.packs.content import VERBATIM, Card, Pack, Reading
from pipeline.packs.plain import line
from pipeline.report.strings import Strings

MAX_READINGS = 25  # per theme card; the reading list has them all
_MARKUP = re.compile(r"([\\`*_{}\[\]|~#$^])")
_BLOCK = re.compile(r"^(\s*)([-+=]|\d+(?=[.)]))")
_BARE_LINK = re.compile(r"(?i)\b(https?|ftp|javascript|data|mailto)(?=:)|\bwww(?=\.)")


def text(words: str) -> str:
    """Return words as they are read, on one line, escaped for CommonMark and for tables."""
    escaped = _MARKUP.sub(r"\\\1", escape(line(words), quote=False))
    # A bare address becomes a link in many readers; a character between its letters that nobody sees would spoil
    # copying, so its first letter is written as a character reference.
    escaped = _BARE_LINK.sub(lambda match: f"&#{ord(match[0][0])};{match[0][1:]}", escaped)
    return _BLOCK.sub(lambda m: f"{m[1]}{m[2]}\\" if m[2].isdigit() else f"{m[1]}\\{m[2]}", escaped)


def theme_cards(pack: Pack, t: Strings) -> bytes:
    """Return the theme cards."""
    return _written(_cards(pack, t))


def reading_list(pack: Pack, t: Strings) -> bytes:
    """Return every unit that may be listed, by theme; a unit with two themes stands under both."""
    return _written(_reading_list(pack, t))


def _cards(pack: Pack, t: Strings) -> Iterator[str]:
    yield from _opening(pack, t("packs.cards_title"))
    yield from _bullets(f"[{text(card.label)}](#{_anchor(card)})" for card in pack.cards)
    for card in pack.cards:
        yield f'<a id="{_anchor(card)}"></a>'
        yield f"## {text(card.label)}"
        yield text(card.definition)
        yield from _scope(card, t)
        yield f"### {t('packs.common')}"
        yield from _bullets(map(text, card.common))
        yield _table((t("packs.col_language"), t("packs.col_voices")), [(x.name, x.text) for x in card.levels])
        yield from _action_parts(card, t)
        yield from _counter(card, pack, t)
        yield from _drafts(card, t)
        yield f"### {t('packs.readings')}"
        yield from _bullets(_reading(reading) for reading in card.readings[:MAX_READINGS])
        if len(card.readings) > MAX_READINGS:
            yield text(t("packs.more_readings", n=len(card.readings) - MAX_READINGS))
    yield from _closing(pack, t)


def _reading_list(pack: Pack, t: Strings) -> Iterator[str]:
    yield from _opening(pack, t("packs.readings"))
    listed: set[str] = set()
    for card in pack.cards:
        yield f"## {text(card.label)} ({len(card.readings)})"
        yield from _bullets(_reading(reading) for reading in card.readings)
        listed.update(reading.id for reading in card.readings)
    rest = [reading for reading in pack.readings if reading.id not in listed]
    if rest:
        yield f"## {t('packs.rest')} ({len(rest)})"
        yield from _bullets(_reading(reading) for reading in rest)
    yield from _closing(pack, t)


def _opening(pack: Pack, kind: str) -> Iterator[str]:
    yield f"# {text(pack.title)}: {text(kind)}"
    if pack.question:
        yield text(pack.question)


def _closing(pack: Pack, t: Strings) -> Iterator[str]:
    yield f"## {t('packs.sheet_read_me')}"
    yield from _bullets(map(text, pack.notes))


def _scope(card: Card, t: Strings) -> Iterator[str]:
    for heading, items in ((t("codebook.include"), card.include), (t("codebook.exclude"), card.exclude)):
        if items:
            yield f"**{text(heading)}**"
            yield from _bullets(map(text, items))


def _action_parts(card: Card, t: Strings) -> Iterator[str]:
    yield f"### {t('packs.actions')}"
    yield text(card.actions_note)
    rows = [
        (a.statement, a.backing, ", ".join(a.languages), ", ".join(a.roles), a.listed) for a in card.actions if a.units
    ]
    headings = ("col_action", "col_backing", "col_languages", "col_roles", "col_unit_ids")
    yield _table([t(f"packs.{key}") for key in headings], rows) if rows else text(t("packs.no_actions"))
    examples = [(a.statement, a.example) for a in card.actions if a.example]
    if examples:
        yield f"**{text(t('packs.in_words'))}**"
        yield from _bullets(f"{text(statement)}: {_reading(example)}" for statement, example in examples if example)
    yield text(card.unmatched)
    if card.not_found:
        yield text(t("packs.not_found", list="; ".join(card.not_found)))


def _counter(card: Card, pack: Pack, t: Strings) -> Iterator[str]:
    yield f"### {t('packs.counter')}"
    against = [(a.statement, reading) for a in card.actions for reading in a.against]
    items = [f"{text(t('packs.against', action=statement))} {_reading(reading)}" for statement, reading in against]
    items += [f"{text(reading.stance)}: {_reading(reading)}" for reading in card.dissent]
    yield from _bullets(items or [text(t("packs.no_counter"))])
    yield text(pack.silent)


def _drafts(card: Card, t: Strings) -> Iterator[str]:
    yield f"### {t('packs.outcomes')}"
    yield f"**{text(t('packs.draft'))}**"
    rows = [(a.outcome, "", "") for a in card.actions if a.units] or [(t("packs.outcome_empty"), "", "")]
    yield _table([t("packs.col_outcome"), t("packs.col_icf"), t("packs.col_emcc")], rows)
    yield f"### {t('packs.questions_title')}"
    yield f"**{text(t('packs.draft'))}**"
    yield from _bullets(map(text, card.questions))


def _reading(reading: Reading) -> str:
    """Return a unit with its id, language and role; its words carry their language."""
    words = f'<span lang="{escape(reading.code)}">{text(reading.short)}</span>'
    quoted = f"“{words}”" if reading.kind == VERBATIM else words
    about = ", ".join((reading.language, reading.role, reading.shown_as))
    return f"{quoted} ({text(about)}; `{reading.id}`)"


def _bullets(items: Iterable[str]) -> Iterator[str]:
    listed = "\n".join(f"- {item}" for item in items)
    if listed:
        yield listed


def _table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [headings, ["---"] * len(headings), *rows]
    return "\n".join(
        f"| {' | '.join(cell if number == 1 else text(cell) for cell in row)} |" for number, row in enumerate(lines)
    )


def _anchor(card: Card) -> str:
    return f"theme-{card.id}"


def _written(blocks: Iterable[str]) -> bytes:
    return ("\n\n".join(blocks) + "\n").encode()
