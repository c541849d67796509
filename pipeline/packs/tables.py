"""The packs as tables: the sheets of the workbook, and the CSV files beside it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd

from pipeline.packs.content import Card, Pack
from pipeline.report.strings import Strings
from pipeline.store import to_csv

Cell = str | int | float | None
BOM = b"\xef\xbb\xbf"  # without it, Excel reads UTF-8 as the machine's old code page


@dataclass(frozen=True)
class Column:
    """A column: heading, width in characters, `share` for numbers shown in per cent, a hint for who fills it in."""

    heading: str
    width: int = 14
    share: bool = False
    hint: str = ""


@dataclass(frozen=True)
class Table:
    """A table: `name` is the same in every language, `title` is the sheet's."""

    name: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]


def build(pack: Pack, t: Strings) -> tuple[Table, ...]:
    """Return the tables: themes, actions, units, topics, outcomes."""
    return (_themes(pack, t), _actions(pack, t), _units(pack, t), _topics(pack, t), _outcomes(pack, t))


def csv(table: Table) -> bytes:
    """Return a table as CSV: UTF-8 with a byte order mark, quoted as RFC 4180 has it, no cell a formula."""
    frame = pd.DataFrame(list(table.rows), columns=[column.heading for column in table.columns], dtype=object)
    return BOM + to_csv(frame)


def _themes(pack: Pack, t: Strings) -> Table:
    levels = [level.name for level in pack.cards[0].levels] if pack.cards else []
    columns = (
        Column(t("packs.col_theme_id"), 16), Column(t("packs.col_theme"), 18), Column(t("packs.col_definition"), 40),
        Column(t("packs.col_include"), 44), Column(t("packs.col_exclude"), 44),
        Column(t("packs.col_voices")), Column(t("packs.col_base_voices")),
        Column(t("packs.col_voice_share"), share=True),
        Column(t("packs.col_units")), Column(t("packs.col_base_units")), Column(t("packs.col_unit_share"), share=True),
        Column(t("packs.col_estimator"), 26), Column(t("packs.col_corrected"), share=True),
        Column(t("packs.col_low"), share=True), Column(t("packs.col_high"), share=True),
        *(Column(t("packs.col_level", language=name), 20, share=True) for name in levels),
    )  # fmt: skip
    return Table("themes", t("packs.sheet_themes"), columns, tuple(_theme(card, t) for card in pack.cards))


def _theme(card: Card, t: Strings) -> tuple[Cell, ...]:
    of, estimate = card.counts, card.counts["corrected"]["units"]
    return (
        card.id, card.label, card.definition, _lines(card.include), _lines(card.exclude),
        of["n_voices"], of["base_voices"], of["voice_share"], of["n_units"], of["base_units"], of["share"],
        card.estimator, estimate["share"], estimate["low"], estimate["high"],
        *(t("packs.withheld") if level.share is None else level.share for level in card.levels),
    )  # fmt: skip


def _actions(pack: Pack, t: Strings) -> Table:
    columns = (
        Column(t("packs.col_action_id"), 26), Column(t("packs.col_theme"), 18), Column(t("packs.col_action"), 34),
        Column(t("packs.col_units")), Column(t("packs.col_voices")), Column(t("packs.col_backing"), 30),
        Column(t("packs.col_languages"), 24), Column(t("packs.col_roles"), 18), Column(t("packs.col_unit_ids"), 40),
        Column(t("packs.col_against"), 24),
    )  # fmt: skip
    rows = tuple(
        (
            action.id, card.label, action.statement, len(action.units), action.n_voices, action.backing,
            ", ".join(action.languages), ", ".join(action.roles), " ".join(action.units),
            " ".join(reading.id for reading in action.against),
        )
        for card in pack.cards
        for action in card.actions
    )  # fmt: skip
    return Table("actions", t("packs.sheet_actions"), columns, rows)


def _units(pack: Pack, t: Strings) -> Table:
    columns = (
        Column(t("packs.col_unit"), 20), Column(t("packs.col_text"), 70), Column(t("packs.col_shown_as"), 14),
        Column(t("packs.col_language")), Column(t("packs.col_role")), Column(t("packs.col_themes"), 24),
        Column(t("packs.col_actions"), 34), Column(t("packs.col_certainty")), Column(t("packs.col_by"), 14),
        Column(t("packs.col_topic"), 11), Column(t("packs.col_stance"), 24), Column(t("packs.col_copies")),
    )  # fmt: skip
    asks: dict[str, list[str]] = {}
    for card in pack.cards:
        for action in card.actions:
            for unit in action.units:
                asks.setdefault(unit, []).append(action.statement)
    rows = tuple(
        (
            reading.id, reading.text, reading.shown_as, reading.language, reading.role, ", ".join(reading.themes),
            "; ".join(asks.get(reading.id, ())), round(reading.certainty, 2), reading.by, reading.topic, reading.stance,
            reading.copies,
        )
        for reading in pack.readings
    )  # fmt: skip
    return Table("units", t("packs.sheet_units"), columns, rows)


def _topics(pack: Pack, t: Strings) -> Table:
    columns = (
        Column(t("packs.col_topic"), 11), Column(t("packs.col_label"), 34), Column(t("packs.col_units")),
        Column(t("packs.col_voices")), Column(t("packs.col_keywords"), 70), Column(t("packs.col_meets"), 40),
    )  # fmt: skip
    rows = tuple(
        (of["id"], of["label"], of["n_units"], of["n_voices"], of["keywords"], of["themes"]) for of in pack.topics
    )
    return Table("topics", t("packs.sheet_topics"), columns, rows)


def _outcomes(pack: Pack, t: Strings) -> Table:
    columns = (
        Column(t("packs.col_theme"), 18), Column(t("packs.col_action"), 34), Column(t("packs.col_outcome"), 50),
        Column(t("packs.col_question"), 50), Column(t("packs.col_icf"), 20, hint=t("packs.hint_icf")),
        Column(t("packs.col_emcc"), 20, hint=t("packs.hint_emcc")), Column(t("packs.col_status"), 30),
    )  # fmt: skip
    rows = tuple(row for card in pack.cards for row in _drafts(card, t))
    return Table("outcomes", t("packs.sheet_outcomes"), columns, rows)


def _drafts(card: Card, t: Strings) -> Iterator[tuple[Cell, ...]]:
    """Yield a row per action and question, side by side; the longer list goes on alone."""
    backed = [action for action in card.actions if action.units]
    for i in range(max(len(backed), len(card.questions))):
        action = backed[i] if i < len(backed) else None
        yield (
            card.label,
            action.statement if action else None,
            action.outcome if action else None,
            card.questions[i] if i < len(card.questions) else None,
            None,
            None,
            t("packs.draft"),
        )


def _lines(items: tuple[str, ...]) -> str:
    return "\n".join(f"• {item}" for item in items)
