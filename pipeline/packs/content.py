"""What the packs say, as plain values and in the report's language; the writers only lay it out.

Every number is a number of `results.json`. Nothing is composed but the drafts, which say that they are drafts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipeline import __version__, prevalence, recommend
from pipeline.packs import plain
from pipeline.report.page import percent
from pipeline.report.strings import Strings

FEW = 3  # units below which an action rests on single voices
MAX_QUESTIONS = 4
MAX_QUOTED = 600  # characters of a unit on a card
MAX_IDS = 24  # of an action on a card; the tables have them all
VERBATIM, WITHHELD = "verbatim", "withheld"
_DISSENT = ("not_restorable", "conditional")
_IMPERATIVE = recommend.FEATURES.index("imperative_first")


@dataclass(frozen=True)
class Reading:
    """A unit as the packs show it; names are in the report's language, `code` is the language of the text."""

    id: str
    text: str
    kind: str
    code: str
    language: str
    role: str
    themes: tuple[str, ...]
    certainty: float
    by: str
    topic: int | None
    stance: str
    copies: int
    shown_as: str

    @property
    def short(self) -> str:
        """The text as a card quotes it; the tables have the rest of a very long one."""
        return plain.cut(self.text, MAX_QUOTED, " …")


@dataclass(frozen=True)
class Action:
    """An action statement with what backs it and what argues against it."""

    id: str
    statement: str
    units: tuple[str, ...]
    listed: str
    n_voices: int
    languages: tuple[str, ...]
    roles: tuple[str, ...]
    backing: str
    example: Reading | None
    against: tuple[Reading, ...]
    outcome: str


@dataclass(frozen=True)
class Level:
    """A theme in one language: all None where the cell is withheld."""

    name: str
    n_voices: int | None
    base_voices: int | None
    share: float | None
    text: str


@dataclass(frozen=True)
class Card:
    """A theme card."""

    id: str
    label: str
    definition: str
    include: tuple[str, ...]
    exclude: tuple[str, ...]
    counts: Mapping[str, Any]
    common: tuple[str, ...]
    estimator: str
    levels: tuple[Level, ...]
    actions: tuple[Action, ...]
    actions_note: str
    not_found: tuple[str, ...]
    unmatched: str
    dissent: tuple[Reading, ...]
    questions: tuple[str, ...]
    readings: tuple[Reading, ...]


@dataclass(frozen=True)
class Pack:
    """Everything the packs hold."""

    language: str
    title_language: str
    title: str
    question: str
    notes: tuple[str, ...]
    silent: str
    cards: tuple[Card, ...]
    readings: tuple[Reading, ...]
    topics: tuple[Mapping[str, Any], ...]


def build(found: Mapping[str, Any], readings: Sequence[Mapping[str, Any]], edition: Any, t: Strings) -> Pack:
    """Return the packs' content; the arguments are those of `pipeline.packs.build`."""
    texts = _codebook(found)
    labels = {key: entry["label"] for key, entry in texts.items()} | {"other": t("packs.other")}
    shown = {row["id"]: _reading(row, labels, t) for row in sorted(readings, key=lambda row: str(row["id"]))}
    coded = {row["id"]: tuple(row["themes"]) for row in readings}
    cards = tuple(
        _card(theme, texts[theme["id"]], found, shown, coded, t) for theme in found["themes"] if _is_theme(theme)
    )
    study = found["study"]
    return Pack(
        language=t.language,
        title_language=study["languages"][0],
        title=plain.line(study["title"]),
        question=plain.line(study["question"]),
        notes=_notes(found, edition, t),
        silent=t("packs.silent", n=found["uncoded"]["n_silent"]),
        cards=cards,
        readings=tuple(shown.values()),
        topics=tuple(_topic(row, labels) for row in found["topics"]["rows"]),
    )


def _is_theme(theme: Mapping[str, Any]) -> bool:
    return bool(theme["id"] != "other")


def _codebook(found: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return label, definition, include and exclude by theme."""
    return {
        entry["id"]: {
            **{key: plain.line(entry[key]) for key in ("label", "definition")},
            **{key: tuple(map(plain.line, entry[key])) for key in ("include", "exclude")},
        }
        for entry in found["codebook"]
    }


def _reading(row: Mapping[str, Any], labels: Mapping[str, str], t: Strings) -> Reading:
    hidden, text = t("packs.withheld"), row["text"]
    kind = row["kind"] if text is not None else WITHHELD
    themes = tuple(labels.get(code, code) for code in row["themes"])
    return Reading(
        id=row["id"],
        text=hidden if text is None else plain.line(text),
        kind=kind,
        code=t.language if text is None else row.get("lang") or row["language"] or "und",
        language=t.name("languages", row["language"]) if row["language"] else hidden,
        role=t.name("roles", row["role"]) if row["role"] else hidden,
        themes=themes or (t("packs.abstained"),),
        certainty=float(row["certainty"]),
        by=t(f"packs.by_{row['by']}"),
        topic=row["topic"],
        stance=t(f"packs.{row['stance']}") if row["stance"] else "",
        copies=int(row["copies"]),
        shown_as=t(f"packs.{kind}"),
    )


def _card(
    theme: Mapping[str, Any],
    texts: Mapping[str, Any],
    found: Mapping[str, Any],
    shown: Mapping[str, Reading],
    coded: Mapping[str, tuple[str, ...]],
    t: Strings,
) -> Card:
    key = theme["id"]
    own = sorted((r for i, r in shown.items() if key in coded[i]), key=lambda r: (-r.certainty, r.id))
    asked = found["actions"].get(key, {"framed": True, "actions": [], "n_unmatched": theme["n_units"]})
    rows = [_action(row, asked["framed"], shown, t) for row in asked["actions"]]
    rows.sort(key=lambda action: -len(action.units))
    dissenting = {t(f"packs.{stance}") for stance in _DISSENT}
    units = theme["corrected"]["units"]
    return Card(
        id=key,
        label=texts["label"],
        definition=texts["definition"],
        include=texts["include"],
        exclude=texts["exclude"],
        counts=theme,
        common=tuple(_common(theme, t)),
        estimator=t.name("estimators", units["estimator"]),
        levels=tuple(
            _level(level, key, found["settings"]["report"]["min_voices"], t) for level in found["groups"]["language"]
        ),
        actions=tuple(action for action in rows if action.units or action.against),
        actions_note=t("packs.actions_note" if asked["framed"] else "packs.actions_note_include"),
        not_found=tuple(action.statement for action in rows if not action.units),
        unmatched=t("packs.unmatched", n=asked["n_unmatched"], base=theme["n_units"]),
        dissent=tuple(reading for reading in own if reading.stance in dissenting),
        questions=tuple(t.raw("packs.questions"))[:MAX_QUESTIONS],
        readings=tuple(own),
    )


def _action(row: Mapping[str, Any], framed: bool, shown: Mapping[str, Reading], t: Strings) -> Action:
    do, to = (plain.line(_in(row[key], t.language)) for key in ("do", "to"))
    backing = [shown[i] for i in row["units"] if i in shown]
    return Action(
        id=row["id"],
        statement=do,
        units=tuple(row["units"]),
        listed=_listed(row["units"], t),
        n_voices=row["n_voices"],
        languages=_names((reading.language for reading in backing), t),
        roles=_names((reading.role for reading in backing), t),
        backing=_backing(row, t),
        example=_example(backing, t.language),
        against=tuple(shown[i] for i in row["against"] if i in shown),
        outcome=t("packs.outcome" if framed else "packs.outcome_include", action=to),
    )


def _listed(units: Sequence[str], t: Strings) -> str:
    rest = len(units) - MAX_IDS
    return " ".join(units[:MAX_IDS]) + (f" … {t('packs.more_ids', n=rest)}" if rest > 0 else "")


def _names(names: Iterable[str], t: Strings) -> tuple[str, ...]:
    """Return each name once, what is withheld last."""
    hidden = t("packs.withheld")
    return tuple(sorted(set(names), key=lambda name: (name == hidden, name)))


def _backing(row: Mapping[str, Any], t: Strings) -> str:
    single = f" – {t('packs.single')}" if 0 < row["n_units"] < FEW else ""
    return t("packs.backed", n_units=row["n_units"], n_voices=row["n_voices"]) + single


def _example(backing: Sequence[Reading], language: str) -> Reading | None:
    """Return the shortest imperative in the report's language that may be quoted as it is."""
    quotable = [
        reading
        for reading in backing
        if reading.kind == VERBATIM
        and reading.code == language
        and recommend.features(reading.text, language)[_IMPERATIVE]
    ]
    return min(quotable, key=lambda reading: (len(reading.text), reading.id), default=None)


def _common(theme: Mapping[str, Any], t: Strings) -> list[str]:
    """Return how common a theme is, in sentences with the numbers that the results hold."""
    lines = []
    for kind, n, base, share in (
        ("voices", theme["n_voices"], theme["base_voices"], theme["voice_share"]),
        ("units", theme["n_units"], theme["base_units"], theme["share"]),
    ):
        estimate = theme["corrected"][kind]
        label = t.name("estimators", estimate["estimator"])
        raw = estimate["estimator"] == prevalence.UNCORRECTED
        numbers = {"n": n, "base": base, "share": percent(share)}
        lines.append(t(f"packs.common_{kind}", **numbers, label=label if raw else t("packs.as_coded")))
        if estimate["share"] is not None:
            spread = {part: percent(estimate[part]) for part in ("share", "low", "high")}
            lines.append(t(f"packs.corrected_{kind}", **spread, label=label))
        elif not raw:
            lines.append(t(f"packs.uncorrected_{kind}", label=label))
    return lines


def _level(level: Mapping[str, Any], theme: str, k: int, t: Strings) -> Level:
    cell, name = level["cells"].get(theme), t.name("languages", level["level"])
    if level["suppressed"] or cell is None:
        return Level(name, None, None, None, t("packs.few_voices", k=k))
    n, base, share = cell["n_voices"], level["base_voices"], cell["voice_share"]
    return Level(name, n, base, share, t("packs.of", n=n, base=base, share=percent(share)))


def _topic(row: Mapping[str, Any], labels: Mapping[str, str]) -> dict[str, Any]:
    return {
        "id": row["id"],
        "label": plain.line(row["label"]),
        "n_units": row["n_units"],
        "n_voices": row["n_voices"],
        "keywords": "; ".join(
            f"{code}: {', '.join(map(plain.line, terms))}" for code, terms in row["keywords"].items()
        ),
        "themes": ", ".join(f"{labels.get(of['id'], of['id'])} ({of['n']})" for of in row["themes"]),
    }


def _notes(found: Mapping[str, Any], edition: Any, t: Strings) -> tuple[str, ...]:
    """Return what a reader must know before using a pack."""
    licence = plain.line(found["settings"]["report"]["licence"])
    return (
        t(f"packs.edition_{edition.name}"),
        t(f"packs.policy_{edition.policy}"),
        *((t("explorer.licence", licence=licence),) if edition.policy == VERBATIM and licence else ()),
        t("packs.note_numbers"),
        t("packs.note_actions"),
        t("packs.note_drafts"),
        t("packs.note_competency"),
        t("packs.note_small", k=found["settings"]["report"]["min_voices"]),
        t("packs.note_text"),
        t("packs.made_by", version=__version__),
    )


def _in(texts: Mapping[str, str], language: str) -> str:
    return texts.get(language) or next(iter(texts.values()), "")
