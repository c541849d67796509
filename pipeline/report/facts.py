"""What the page needs besides the results: names in its language, and what it is itself."""

from __future__ import annotations

from typing import Any

from pipeline import __version__
from pipeline.editions import Edition
from pipeline.engines.coder import BLENDED, TRAINED
from pipeline.engines.e5 import NAME as SECOND_MODEL
from pipeline.engines.topics import MIN_UNITS
from pipeline.estimates import MIN_EXPECTED
from pipeline.report import calibration, citation, sentences, theme_facts, topic_facts, variations, ways, wording
from pipeline.report.strings import Strings
from pipeline.report.wording import Results
from pipeline.sensitivity import BOUND_STEP, THRESHOLD_STEP


def make(found: Results, edition: Edition, t: Strings) -> dict[str, Any]:
    """Return what the templates ask for beside the results."""
    named = wording.labels(found, t)
    groups = {
        group: [
            {**level, "name": level["level"] if group == "source" else t.name(f"{group}s", level["level"])}
            for level in levels
        ]
        for group, levels in found["groups"].items()
    }
    return {
        "version": __version__,
        "edition": edition.name,
        "notice": _notice(found, edition, t),
        "policy": t(f"editions.policy_{found['settings']['report']['quotation']}"),
        "groups": groups,
        "labels": {**t.section("targets"), **named},
        "thresholds": ", ".join(f"{named[i]} {value:.2f}" for i, value in found["thresholds"].items()),
        "grades": {row["theme_id"]: row["grade"] for row in wording.overall(found)},
        "corrected_levels": [
            {"name": level["name"], "theme": theme, "cell": cell}
            for levels in groups.values()
            for level in levels
            for theme, cell in level["cells"].items()
            if cell and wording.interval(cell["corrected"]["units"])
        ],
        "voices_raw": all(theme["corrected"]["voices"]["low"] is None for theme in found["themes"]),
        "topics": topic_facts.make(found, named, MIN_UNITS, t),
        "min_expected": MIN_EXPECTED,
        "variations": variations.named(found["sensitivity"], t),
        "threshold_step": THRESHOLD_STEP,
        "bound_step": BOUND_STEP,
        "errors": calibration.rows(found, t),
        "findings": sentences.findings(found, t),
        "cautions": sentences.cautions(found, t),
        "trained": found["method"] in {TRAINED, BLENDED},
        "second": SECOND_MODEL,
        "of_theme": theme_facts.make(found, t),
        "languages": ways.languages(found, t),
        "forms": ways.forms(t),
        "citation": citation.words(found, edition, t),
        "bibtex": citation.bibtex(found, edition, t),
    }


def _notice(found: Results, edition: Edition, t: Strings) -> str:
    """Return what stands on top: who may read this edition, and why it may quote what it quotes."""
    if not edition.is_public:
        return t("editions.restricted")
    mixed = any(policy != edition.policy for policy in edition.by_source.values())
    return t(f"editions.public_{'mixed' if mixed else edition.policy}", licence=found["settings"]["report"]["licence"])
