"""What the report says of one theme besides its numbers: actions, and how it varies across languages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipeline.report import page
from pipeline.report.strings import Strings
from pipeline.report.wording import Results


def make(found: Results, t: Strings) -> dict[str, dict[str, Any]]:
    """Return by theme: `actions`, `note`, `not_found`, `unmatched`, `against` (a count) and `across` (by language)."""
    return {theme["id"]: _theme(theme, found, t) for theme in found["themes"] if theme["id"] != "other"}


def _theme(theme: Mapping[str, Any], found: Results, t: Strings) -> dict[str, Any]:
    asked = found["actions"].get(theme["id"], {"framed": True, "actions": [], "n_unmatched": theme["n_units"]})
    rows = sorted(asked["actions"], key=lambda row: -int(row["n_units"]))
    absent = [_said(row, t) for row in rows if not row["n_units"]]
    return {
        "actions": [
            {"text": _said(row, t), "backed": t("packs.backed", n_units=row["n_units"], n_voices=row["n_voices"])}
            for row in rows
            if row["n_units"]
        ],
        "note": t("packs.actions_note" if asked["framed"] else "packs.actions_note_include"),
        "not_found": t("packs.not_found", list="; ".join(absent)) if absent else "",
        "unmatched": t("packs.unmatched", n=asked["n_unmatched"], base=theme["n_units"]),
        "against": len({unit for row in rows for unit in row["against"]}),
        "across": [_level(level, theme["id"], t) for level in found["groups"]["language"]],
    }


def _said(row: Mapping[str, Any], t: Strings) -> str:
    texts: Mapping[str, str] = row["do"]
    return texts.get(t.language) or next(iter(texts.values()), "")


def _level(level: Mapping[str, Any], theme: str, t: Strings) -> dict[str, str]:
    cell = level["cells"].get(theme)
    name = t.name("languages", level["level"])
    if level["suppressed"] or cell is None:
        return {"name": name, "share": "", "voices": t("groups.suppressed")}
    voices = f"{cell['n_voices']} / {level['base_voices']}"
    return {"name": name, "share": page.percent(cell["voice_share"]), "voices": voices}
