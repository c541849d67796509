"""The tables that go out as CSV beside the report."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from pipeline.report.wording import Results


def make(tables: Mapping[str, pd.DataFrame], found: Results, files: Mapping[str, str]) -> dict[str, pd.DataFrame]:
    """Return the tables by name; suppressed cells hold no number, and `files` says how a file is called."""
    shown = {row.source_id: files[row.file] for row in tables["sources"].itertuples()}

    def named(name: str) -> pd.DataFrame:
        return tables[name].assign(level=[shown.get(level, level) for level in tables[name]["level"]])

    return {
        "theme_estimates": emptied(named("theme_estimates")),
        "reliability": emptied(tables["reliability"]),
        "validation": emptied(tables["validation"]),
        "cooccurrence": emptied(tables["cooccurrence"]),
        "sensitivity": emptied(tables["sensitivity"]),
        "privacy_summary": pd.DataFrame(privacy_rows(found["privacy"]), columns=["kind", "place", "n"]),
        "topics": tables["topics"],
        "topic_families": tables["topic_families"],
        "topic_estimates": emptied(named("topic_estimates")),
        "topic_fits": tables["topic_fits"],
        "duplicates_summary": pd.DataFrame(found["duplicates"], columns=["kind", "role", "n"]),
        "rejects_summary": pd.DataFrame(found["rejects"], columns=["file", "reason", "n"]),
    }


def emptied(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a table whose suppressed rows hold nothing but what they are about."""
    if "suppressed" not in frame:
        return frame
    kept = {"theme_id", "theme_a", "theme_b", "topic_id", "group", "variation", "level", "suppressed"}
    hidden = [column for column in frame.columns if column not in kept]
    return frame.assign(**{c: frame[c].astype(object).where(~frame["suppressed"], None) for c in hidden})


def privacy_rows(summary: Mapping[str, Any]) -> list[tuple[str, str, int]]:
    """Return what was replaced: kind, where, how often."""
    rows = [(kind, "tips and comments", n) for kind, n in summary["replaced"].items()]
    return [*rows, ("name", "topic keywords", summary["keywords"]), ("name", "file names", summary["files"])]
