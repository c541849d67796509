"""Every table, declared once: what one row is, its columns, its key.

`validate` checks a frame against its declaration (with pandera, imported only when a table is checked).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING

from pipeline.columns import COLUMNS, Column
from pipeline.errors import GlosaError

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class Table:
    """A table: what one row is, the key, and the columns in order."""

    row: str
    key: tuple[str, ...]
    columns: tuple[str, ...]


def _spread(*figures: str) -> tuple[str, ...]:
    return tuple(f"{figure}{end}" for figure in figures for end in ("", "_low", "_high"))


TABLES: Mapping[str, Table] = MappingProxyType(
    {
        "sources": Table(
            "one captured file, or one sheet of a workbook",
            ("source_id",),
            ("source_id", "file", "format", "sha256", "encoding", "bytes", "title", "columns", "text"),
        ),
        "rejects": Table(
            "one piece of input not used",
            ("source_id", "locator"),
            ("source_id", "locator", "file", "reason", "detail"),
        ),
        "passages": Table(
            "one contribution or piece of page text",
            ("passage_id",),
            (
                "passage_id",
                "source_id",
                "locator",
                "start",
                "end",
                "role",
                "voice",
                "language",
                "language_score",
                "language_tag",
                "text",
            ),
        ),
        "duplicates": Table(
            "one passage set aside as a repetition",
            ("passage_id",),
            ("passage_id", "duplicate_of", "kind", "similarity", "counted"),
        ),
        "audits": Table(
            "one pair of passages that a person has looked at",
            ("passage_id", "duplicate_of"),
            ("passage_id", "duplicate_of", "found_as", "verdict", "auditor"),
        ),
        "units": Table(
            "one sentence-sized unit of a distinct tip or comment",
            ("unit_id",),
            (
                "unit_id",
                "passage_id",
                "start",
                "end",
                "language",
                "text",
                "is_recommendation",
                "recommendation_score",
                "repeats",
            ),
        ),
        "vectors": Table("one embedding", ("unit_id",), ("unit_id", "row")),
        "codings": Table(
            "one theme considered for one eligible unit",
            ("unit_id", "theme_id"),
            ("unit_id", "theme_id", "score", "assigned", "method", "status"),
        ),
        "machine_codings": Table(
            "one theme in one unit that people coded, as the machine decides without having learned from that",
            ("unit_id", "theme_id"),
            ("unit_id", "theme_id", "score", "assigned", "method", "status"),
        ),
        "themes": Table(
            "one theme of the codebook, or other",
            ("theme_id",),
            (
                "theme_id",
                "label",
                "definition",
                "n_voices",
                "n_units",
                "n_mentions",
                "base_voices",
                "base_units",
                "share",
                "voice_share",
            ),
        ),
        "theme_estimates": Table(
            "one theme in one group",
            ("theme_id", "group", "level"),
            (
                "theme_id",
                "group",
                "level",
                "n_voices",
                "n_units",
                "base_voices",
                "base_units",
                "share",
                "share_low",
                "share_high",
                "corrected",
                "corrected_low",
                "corrected_high",
                "estimator",
                "suppressed",
                "voice_share",
                "voice_corrected",
                "voice_corrected_low",
                "voice_corrected_high",
                "voice_estimator",
                "n_gold",
                "gold_positives",
            ),
        ),
        "reliability": Table(
            "one theme (or whether a unit recommends) as several people coded it, in one group",
            ("theme_id", "group", "level"),
            (
                "theme_id",
                "group",
                "level",
                "n_units",
                "n_voices",
                "positives",
                "n_marked",
                *_spread("percent", "positive", "alpha", "ac1"),
                "grade",
                "suppressed",
            ),
        ),
        "validation": Table(
            "one theme (or whether a unit recommends) as the machine decides it, against people, in one group",
            ("theme_id", "group", "level"),
            (
                "theme_id",
                "group",
                "level",
                "n_units",
                "n_voices",
                "positives",
                "n_assigned",
                *_spread("precision", "recall", "f1"),
                "suppressed",
            ),
        ),
        "cooccurrence": Table(
            "one pair of themes",
            ("theme_a", "theme_b"),
            ("theme_a", "theme_b", "n_a", "n_b", "n_both", "n_base", "n_voices", "expected", "lift", "jaccard"),
        ),
        "stances": Table(
            "one distinct tip or comment that says whether trust can be restored",
            ("passage_id",),
            ("passage_id", "stance", "start", "end"),
        ),
        "sensitivity": Table(
            "one theme under one variation of the counting",
            ("variation", "level", "theme_id"),
            ("variation", "level", "theme_id", "n_units", "base_units", "share", "difference", "suppressed"),
        ),
        "topics": Table(
            "one inductive topic",
            ("topic_id",),
            (
                "topic_id",
                "label",
                "labels",
                "family_id",
                "n_units",
                "n_voices",
                "stability",
                "overlap",
                "steadiness",
                "crosswalk",
                "main_theme",
                "n_coded",
                "n_other",
                "n_abstained",
                "keywords",
                "central",
            ),
        ),
        "topic_families": Table(
            "one family of topics, the upper level",
            ("family_id",),
            ("family_id", "label", "labels", "n_topics", "n_units", "n_voices"),
        ),
        "topic_memberships": Table(
            "one unit in one topic, as far as it belongs there",
            ("unit_id", "topic_id"),
            ("unit_id", "topic_id", "score", "assigned", "margin"),
        ),
        "topic_estimates": Table(
            "one topic in one group",
            ("topic_id", "group", "level"),
            (
                "topic_id",
                "group",
                "level",
                "n_voices",
                "n_units",
                "base_voices",
                "base_units",
                "share",
                "share_low",
                "share_high",
                "p",
                "suppressed",
            ),
        ),
        "topic_fits": Table(
            "one number of topics that was compared", ("k",), ("k", "silhouette", "agreement", "chosen")
        ),
        "topic_summary": Table(
            "the search for topics as a whole",
            ("method",),
            (
                "method",
                "n_eligible",
                "n_assigned",
                "n_sample",
                "n_refits",
                "n_hidden",
                "leak_nmi",
                "leak_chance",
                "leak_high",
                "leak_p",
            ),
        ),
        "layout": Table("one unit's place on a picture", ("unit_id",), ("unit_id", "x", "y")),
        "topic_themes": Table(
            "one topic met with one theme (crosswalk)",
            ("topic_id", "theme_id"),
            ("topic_id", "theme_id", "n_both"),
        ),
    }
)


@cache
def rules(name: str) -> str:
    """Return a fingerprint of what `validate` asks of a table."""
    table = TABLES[name]
    return hashlib.sha256(repr((table, [COLUMNS[column] for column in table.columns])).encode()).hexdigest()


def validate(name: str, frame: pd.DataFrame) -> pd.DataFrame:
    """Return `frame` with the declared columns and types in order; raise `GlosaError` if it breaks them."""
    import pandera.errors
    import pandera.pandas as pa

    table = TABLES[name]
    schema = pa.DataFrameSchema(
        {column: _pandera_column(pa, COLUMNS[column]) for column in table.columns},
        unique=list(table.key),
        strict=True,
        coerce=True,
        ordered=True,
    )
    try:
        return schema.validate(frame.reset_index(drop=True), lazy=True)
    except pandera.errors.SchemaErrors as error:
        case = error.failure_cases.iloc[0]
        raise GlosaError(
            f"table {name}",
            f"{case['column']}: {case['failure_case']!r} fails {case['check']}.",
            f"{table.row} ({', '.join(table.columns)}).",
            "Rerun the stage that writes it (`glosa run --force STAGE`); if it comes back, report it.",
        ) from None


def _pandera_column(pa: object, column: Column) -> object:
    checks = []
    if column.values:
        checks.append(pa.Check.isin(column.values))  # type: ignore[attr-defined]
    if column.bounds:
        checks.append(pa.Check.in_range(*column.bounds))  # type: ignore[attr-defined]
    return pa.Column(column.dtype, checks, nullable=column.nullable)  # type: ignore[attr-defined]
