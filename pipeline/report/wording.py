"""What figures and page call the things they show, in the language of the report."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipeline.report.strings import Strings

Results = Mapping[str, Any]


def labels(found: Results, t: Strings) -> dict[str, str]:
    """Return the label of every theme, and of `other`."""
    named = {theme["id"]: theme["label"] for theme in found["themes"]}
    return {**named, "other": t("prevalence.other")}


def overall(found: Results) -> list[Mapping[str, Any]]:
    """Return the rows of reliability that are about the whole corpus."""
    return [row for row in found["people"]["reliability"] if row["group"] == "all"]


def target(row: Mapping[str, Any], named: Mapping[str, str], t: Strings) -> str:
    """Return what a row of reliability is about."""
    return named.get(row["theme_id"]) or t.name("targets", row["theme_id"])


def interval(estimate: Mapping[str, Any]) -> tuple[float, float, float] | None:
    """Return a corrected share with its interval, where there is one."""
    values = (estimate["share"], estimate["low"], estimate["high"])
    return None if None in values else values
