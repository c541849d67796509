"""How far the coder's probabilities and codes are off: what its figure shows, and the table under it.

Calibration comes from the shipped coder's held-out sentences, and holds only where it codes with its own codebook.
Precision and recall are those against people's codes of this study where there are any, with intervals; else those
of the held-out sentences.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipeline.engines.coder import BLENDED, TRAINED
from pipeline.estimates import RECOMMENDATION
from pipeline.report import page, wording
from pipeline.report.strings import Strings
from pipeline.report.wording import Results

Figure = tuple[float | None, float | None, float | None]  # value, lower and upper end of its interval
NONE: Figure = (None, None, None)


def rows(found: Results, t: Strings) -> list[dict[str, Any]]:
    """Return one row per target: `name`, `error`, `chance`, `precision` and `recall`; none where nothing is known."""
    labels = {**wording.labels(found, t), RECOMMENDATION: t.name("targets", RECOMMENDATION)}
    ids = [theme["id"] for theme in found["themes"] if theme["id"] != "other"]
    shipped = _shipped(found["coder"]) if found["method"] in {TRAINED, BLENDED} else {}
    people = {row["theme_id"]: row for row in found["people"]["validation"] if row["group"] == "all"}
    made: list[dict[str, Any]] = []
    for target in (RECOMMENDATION, *ids):
        own = shipped.get(target, {})
        if people:
            row = people.get(target, {})
            right = {name: _with_ends(row, name) for name in ("precision", "recall")}
        else:
            right = {name: (own.get(name), None, None) for name in ("precision", "recall")}
        made.append({"name": labels[target], "error": own.get("error"), "chance": own.get("chance"), **right})
    return [one for one in made if one["error"] is not None or one["precision"][0] is not None]


def alternative(shown: list[dict[str, Any]], t: Strings) -> str:
    """Return the figure's alternative text: where calibration is off by more than chance, and the lowest recall."""
    off = [one["name"] for one in shown if one["error"] is not None and one["error"] > one["chance"]]
    recalls = [(one["recall"][0], one["name"]) for one in shown if one["recall"][0] is not None]
    said = []
    if any(one["error"] is not None for one in shown):
        said.append(t("calibration.alt_off", list=", ".join(off)) if off else t("calibration.alt_well"))
    if recalls:
        lowest, name = min(recalls)
        said.append(t("calibration.alt_recall", label=name, recall=page.figure(lowest)))
    return " ".join(said) or t("calibration.none")


def _shipped(figures: Mapping[str, Any]) -> dict[str, dict[str, float]]:
    """Return the shipped coder's figures by target."""
    advice, themes = figures["recommendation"], figures["themes"]
    found = {
        theme: {
            "error": error,
            "chance": themes["calibration_error_by_chance"][theme],
            "precision": themes["precision"][theme],
            "recall": themes["recall"][theme],
        }
        for theme, error in themes["calibration_error_by_theme"].items()
    }
    of_advice = {name: advice[name] for name in ("precision", "recall")}
    of_advice |= {"error": advice["calibration_error"], "chance": advice["calibration_error_by_chance"]}
    return {RECOMMENDATION: of_advice, **found}


def _with_ends(row: Mapping[str, Any], name: str) -> Figure:
    return (row[name], row[f"{name}_low"], row[f"{name}_high"]) if row else NONE
