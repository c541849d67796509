"""Sensitivity in words: what each variation is called, and what its figure and alternative text say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipeline.report import page
from pipeline.report.strings import Strings

Record = Mapping[str, Any]
Named = tuple[float, str]
_NAMES = {"without_language": "languages", "only_role": "roles"}


def name(record: Record, t: Strings) -> str:
    """Return what a variation is called."""
    variation, level = record["variation"], record["level"]
    if variation == "thresholds":
        return t(f"variations.thresholds_{level}")
    if level == "hidden":
        return t("variations.without_hidden")
    shown = t.name(_NAMES[variation], level) if variation in _NAMES else level
    return t(f"variations.{variation}", level=shown)


def named(records: list[Record], t: Strings) -> list[dict[str, Any]]:
    """Return the records with their names."""
    return [{**record, "name": name(record, t)} for record in records]


def strips(records: list[Record], t: Strings) -> dict[str, tuple[float, list[Named]]]:
    """Return, per theme, the share reported and the shares under all variations shown, with their names."""
    found: dict[str, tuple[float, list[Named]]] = {}
    for record in records:
        for theme, cell in (record["themes"] or {}).items():
            if cell["share"] is None:
                continue
            if record["variation"] == "main":
                found[theme] = (cell["share"], [])
            elif theme in found:
                found[theme][1].append((cell["share"], name(record, t)))
    return found


def alternative(records: list[Record], labels: Mapping[str, str], t: Strings) -> str:
    """Return the figure's alternative text: which share moves most, and when."""
    moves = [
        (abs(share - main), labels.get(theme, theme), main, share, called)
        for theme, (main, others) in strips(records, t).items()
        for share, called in others
    ]
    if not moves or not max(moves)[0]:
        return t("sensitivity.alt_none")
    _, label, main, share, called = max(moves, key=lambda move: move[0])
    return t("sensitivity.alt", label=label, main=page.percent(main), share=page.percent(share), variation=called)
