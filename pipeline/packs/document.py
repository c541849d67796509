"""The theme cards as a Word document: headings, tables with repeated headers, every run in its own language."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence

from pipeline.packs import office
from pipeline.packs.content import VERBATIM, Card, Pack, Reading
from pipeline.packs.paper import Paper
from pipeline.report.strings import Strings

MAX_READINGS = 25  # per theme card; the workbook has them all


def build(pack: Pack, t: Strings) -> bytes:
    """Return the document; the same bytes for the same content."""
    title = f"{pack.title}: {t('packs.cards_title')}"
    writer = _Cards(Paper(pack.language, title), t)
    writer.opening(pack)
    for card in pack.cards:
        writer.card(card, pack)
    writer.closing(pack)
    out = io.BytesIO()
    writer.paper.document.save(out)
    return office.cleaned(out.getvalue(), title, pack.language)


class _Cards:
    """Writes the cards, one part after the other."""

    def __init__(self, paper: Paper, t: Strings) -> None:
        self.paper, self.t = paper, t

    def opening(self, pack: Pack) -> None:
        paper = self.paper
        paper.runs([(pack.title, pack.title_language, False)], "Title")
        paper.paragraph(self.t("packs.cards_title"), "Subtitle")
        if pack.question:
            paper.runs([(pack.question, pack.title_language, False)])
        paper.heading(self.t("page.contents"), 1)
        for card in pack.cards:
            paper.link(card.label, _anchor(card))
        paper.link(self.t("packs.sheet_read_me"), "read-me")

    def closing(self, pack: Pack) -> None:
        self.paper.heading(self.t("packs.sheet_read_me"), 1, "read-me", new_page=True)
        self.bullets(pack.notes)

    def card(self, card: Card, pack: Pack) -> None:
        paper, t = self.paper, self.t
        paper.heading(card.label, 1, _anchor(card), new_page=True)
        paper.paragraph(card.definition)
        for heading, items in ((t("codebook.include"), card.include), (t("codebook.exclude"), card.exclude)):
            if items:
                paper.heading(heading, 3)
                self.bullets(items)
        paper.heading(t("packs.common"), 2)
        self.bullets(card.common)
        paper.table(
            (t("packs.col_language"), t("packs.col_voices")), [(x.name, x.text) for x in card.levels], (5.0, 12.0)
        )
        self.actions(card)
        self.counter(card, pack)
        self.drafts(card)
        self.readings(card)

    def actions(self, card: Card) -> None:
        paper, t = self.paper, self.t
        paper.heading(t("packs.actions"), 2)
        paper.paragraph(card.actions_note)
        backed = [action for action in card.actions if action.units]
        if not backed:
            paper.paragraph(t("packs.no_actions"))
        headings = [t(f"packs.{key}") for key in ("col_action", "col_backing", "col_languages", "col_roles")]
        rows = [(a.statement, a.backing, ", ".join(a.languages), ", ".join(a.roles)) for a in backed]
        paper.table(headings, rows, (5.2, 4.6, 4.4, 2.8))
        examples = [(action.statement, action.example) for action in backed if action.example]
        if examples:
            paper.heading(t("packs.in_words"), 3)
        for statement, example in examples:
            if example:
                self.quote(example, f"{statement}: ")
        paper.paragraph(card.unmatched)
        if card.not_found:
            paper.paragraph(t("packs.not_found", list="; ".join(card.not_found)))
        if backed:
            paper.heading(t("packs.backing_units"), 3)
        for action in backed:
            paper.paragraph(f"{action.statement}: {action.listed}", "Small")

    def counter(self, card: Card, pack: Pack) -> None:
        paper, t = self.paper, self.t
        paper.heading(t("packs.counter"), 2)
        against = [(action.statement, reading) for action in card.actions for reading in action.against]
        for statement, reading in against:
            self.quote(reading, f"{t('packs.against', action=statement)} ")
        for reading in card.dissent:
            self.quote(reading, f"{reading.stance}: ")
        if not against and not card.dissent:
            paper.paragraph(t("packs.no_counter"))
        paper.paragraph(pack.silent)

    def drafts(self, card: Card) -> None:
        paper, t = self.paper, self.t
        paper.heading(t("packs.outcomes"), 2)
        paper.paragraph(t("packs.draft"), "Draft")
        outcomes = [action.outcome for action in card.actions if action.units] or [t("packs.outcome_empty")]
        headings = (t("packs.col_outcome"), t("packs.col_icf"), t("packs.col_emcc"))
        paper.table(headings, [(outcome, "", "") for outcome in outcomes], (9.4, 3.8, 3.8))
        for hint in ("icf", "emcc"):
            paper.paragraph(t(f"packs.hint_{hint}"), "Small")
        paper.heading(t("packs.questions_title"), 2)
        paper.paragraph(t("packs.draft"), "Draft")
        self.bullets(card.questions)

    def readings(self, card: Card) -> None:
        self.paper.heading(self.t("packs.readings"), 2)
        for reading in card.readings[:MAX_READINGS]:
            self.quote(reading)
        if len(card.readings) > MAX_READINGS:
            self.paper.paragraph(self.t("packs.more_readings", n=len(card.readings) - MAX_READINGS))

    def bullets(self, items: Iterable[str]) -> None:
        for item in items:
            self.paper.paragraph(item, "List Bullet")

    def quote(self, reading: Reading, before: str = "") -> None:
        """Write a unit in its language, then its id, language and role in the report's."""
        marks = ("“", "”") if reading.kind == VERBATIM else ("", "")
        about = f" ({', '.join((reading.language, reading.role, reading.shown_as))}; {reading.id})"
        runs: Sequence[tuple[str, str, bool]] = (
            (before, "", True),
            (marks[0], "", False),
            (reading.short, reading.code, False),
            (marks[1] + about, "", False),
        )
        self.paper.runs([run for run in runs if run[0]], "List Bullet")


def _anchor(card: Card) -> str:
    return f"theme-{card.id}"
