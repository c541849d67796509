"""What the page says of topics besides the numbers: sentences, names and the block for the codebook."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipeline import candidate_themes
from pipeline.report import page
from pipeline.report.strings import Strings, languages
from pipeline.report.wording import Results
from pipeline.topic_results import LIST

FEW_UNITS = 50  # with fewer, a topic is a handful of sentences


def make(found: Results, labels: Mapping[str, str], min_units: int, t: Strings) -> dict[str, Any]:
    """Return what the section on topics asks for.

    Args:
        found: the results, in the report's language.
        labels: names of the themes.
        min_units: from how many units on topics are looked for.
        t: the strings.
    """
    topics = found["topics"]
    return {
        "intro": intro(topics, min_units, t),
        "stability": {row["id"]: stability(row, topics["n_refits"], t) for row in topics["rows"]},
        "crosswalk": {row["id"]: crosswalk(row, labels, t) for row in topics["rows"]},
        "names": {row["id"]: row for row in topics["rows"]},
        "groups": [
            {"id": group, "levels": _levels(group, of["levels"], t), "rows": [_tested(row, t) for row in of["rows"]]}
            for group, of in topics["groups"].items()
            if of["levels"]
        ],
        "leakage": leakage(topics["leakage"], t),
        "candidates": candidates(found),
    }


def intro(topics: Results, min_units: int, t: Strings) -> list[str]:
    """Return the sentences on top: the coverage first, then how topics were found and how far they hold."""
    if topics["method"] == LIST:
        return [t("topics.few", base=topics["base"], min=min_units)]
    if not topics["rows"]:
        return [t("topics.none_found", base=topics["base"])]
    said = [
        t("topics.coverage", assigned=topics["assigned"], base=topics["base"], share=page.percent(topics["share"])),
        t(f"topics.method_{topics['method']}", base=topics["base"], n_sample=topics["n_sample"]),
        t("topics.refits", n=topics["n_refits"], n_unstable=topics["n_unstable"], n_topics=len(topics["rows"]))
        if topics["n_refits"]
        else t("topics.no_refits"),
    ]
    return [*said, *([t("topics.small", base=topics["base"])] if topics["base"] < FEW_UNITS else []), t("topics.note")]


def stability(row: Mapping[str, Any], n_refits: int, t: Strings) -> str:
    """Return in how many refits a topic was found again."""
    return t("topics.unmeasured") if row["appears"] is None else t("topics.appears", n=row["appears"], of=n_refits)


def crosswalk(row: Mapping[str, Any], labels: Mapping[str, str], t: Strings) -> str:
    """Return how a topic lies to the themes."""
    return t(f"topics.{row['crosswalk']}", theme=labels.get(row["main_theme"], row["main_theme"]))


def leakage(found: Mapping[str, Any] | None, t: Strings) -> str:
    """Return how far topics follow languages, beside what chance would give."""
    if found is None:
        return t("topics.leak_unmeasured")
    figures = {key: page.figure(found[key]) for key in ("nmi", "chance", "high")}
    return t("topics.leak_some" if found["beyond_chance"] else "topics.leak_none", **figures, p=p_value(found["p"]))


def candidates(found: Results, quotes: Mapping[str, Mapping[str, list[str]]] | None = None) -> str:
    """Return the block for `codebook.toml`: one draft of a theme for every topic outside the codebook."""
    topics = found["topics"]
    outside = [row for row in topics["rows"] if row["id"] in topics["candidates"]]
    drafts = {code: str(Strings(code).raw("topics.draft")) for code in languages(found["report_languages"])}
    return candidate_themes.block(outside, [entry["id"] for entry in found["codebook"]], drafts, quotes)


def p_value(p: float | None) -> str:
    """Return a p-value with three decimals, or what stands for one that is very small or that there is none."""
    return "–" if p is None else "< 0.001" if p < 0.001 else f"{p:.3f}"


def _tested(row: Mapping[str, Any], t: Strings) -> dict[str, Any]:
    return {**row, "p": t("topics.withheld") if row["p"] is None else p_value(row["p"])}


def _levels(group: str, levels: list[Mapping[str, Any]], t: Strings) -> list[dict[str, Any]]:
    return [
        {**level, "name": level["level"] if group == "source" else t.name(f"{group}s", level["level"])}
        for level in levels
    ]
