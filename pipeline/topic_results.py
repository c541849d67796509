"""Every number that the report prints about topics, gathered from the topic tables into plain values.

What is said first is the coverage: how many of the eligible units belong to a topic at all. Topics that held in the
refits come before those that did not; none is left out.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from pipeline.crosswalk import ABSTAINED, OUTSIDE
from pipeline.estimates import ALL, GROUPS

Tables = Mapping[str, pd.DataFrame]
Values = dict[str, Any]

LIST = "list"
UNSTABLE = "unstable"
MAX_POINTS = 5_000
_ORDER = {"stable": 0, "unmeasured": 1, UNSTABLE: 2}


def build(tables: Tables) -> Values:
    """Return what the report says of topics.

    Args:
        tables: `topics`, `topic_families`, `topic_memberships`, `topic_themes`, `topic_estimates`, `topic_fits`,
            `topic_summary` and `sources`, as `schemas` declares them.

    Returns:
        `rows` (one per topic, the stable ones first), `families`, `themes` (ids in the order of the crosswalk),
        `groups` (shares by language, role and source), `split` (how each topic's units divide among the languages
        shown), `fits` (the evidence for the number of topics), `leakage`, `candidates` (ids of topics outside the
        codebook), and `assigned` of `base` units with `method`, `n_sample` and `n_refits`. Suppressed cells are None.
    """
    summary = next(tables["topic_summary"].itertuples())
    languages, rows = _by_language(_rows(tables, int(summary.n_refits)))
    groups = {group: _group(tables, group, [row["id"] for row in rows]) for group in GROUPS}
    return {
        "assigned": int(summary.n_assigned),
        "base": int(summary.n_eligible),
        "share": int(summary.n_assigned) / int(summary.n_eligible) if summary.n_eligible else None,
        "method": summary.method,
        "n_sample": int(summary.n_sample),
        "n_refits": int(summary.n_refits),
        "n_unstable": sum(row["steadiness"] == UNSTABLE for row in rows),
        "rows": rows,
        "families": _families(tables["topic_families"], rows),
        "languages": languages,
        "themes": list(dict.fromkeys(tables["topic_themes"]["theme_id"])),
        "groups": groups,
        "split": _split(groups["language"], rows, int(summary.n_eligible)),
        "fits": [_fit(row) for row in tables["topic_fits"].sort_values("k").itertuples()],
        "leakage": _leakage(summary),
        "candidates": [row["id"] for row in rows if row["crosswalk"] == OUTSIDE],
    }


def worded(topics: Mapping[str, Any], language: str) -> Values:
    """Return the same with every label in a language, where it has one; `lang` says which it is in."""
    return {
        **topics,
        "rows": [{**row, **_label(row["labels"], language, row["label"])} for row in topics["rows"]],
        "families": [{**row, **_label(row["labels"], language, row["label"])} for row in topics["families"]],
    }


def points(tables: Tables) -> Values:
    """Return the map: at most `MAX_POINTS` units with place, theme and topic, and the middle of every topic.

    `alike` is the share of the units drawn whose nearest neighbour on the map stands under the same theme, `by_chance`
    what that would be were the themes shuffled. A unit stands under the likeliest theme that it is coded with, else
    as `other` or `abstained`. Where there are too many, those with the first ids are taken; ids are hashes, so that
    this is a sample as good as any.
    """
    layout = tables["layout"].sort_values("unit_id")
    topics = _assigned(tables["topic_memberships"]).set_index("unit_id")["topic_id"]
    topic = layout["unit_id"].map(topics)
    codes = tables["codings"][tables["codings"]["assigned"]].sort_values("score", ascending=False, kind="stable")
    theme = layout["unit_id"].map(codes.drop_duplicates("unit_id").set_index("unit_id")["theme_id"])
    middles = layout.groupby(topic)[["x", "y"]].median().round(4)
    drawn = layout.index[:MAX_POINTS]
    return {
        "n_units": len(layout),
        **_alike(layout.loc[drawn, ["x", "y"]].to_numpy(), theme.loc[drawn].fillna(ABSTAINED)),
        "drawn": {str(i): int(n) for i, n in theme.loc[drawn].fillna(ABSTAINED).value_counts().sort_index().items()},
        "x": [float(x) for x in layout.loc[drawn, "x"].round(4)],
        "y": [float(y) for y in layout.loc[drawn, "y"].round(4)],
        "theme": list(theme.loc[drawn].fillna(ABSTAINED)),
        "topic": [None if pd.isna(t) else int(t) for t in topic.loc[drawn]],
        "middles": [{"topic": int(t), "x": float(row["x"]), "y": float(row["y"])} for t, row in middles.iterrows()],
    }


def _alike(places: np.ndarray, themes: pd.Series) -> Values:
    """Return how often neighbours on the map have one theme, and how often they would by chance."""
    from scipy.spatial import cKDTree

    n = len(themes)
    if n < 2:
        return {"alike": None, "by_chance": None}
    _, near = cKDTree(places).query(places, k=2)
    other = np.where(near[:, 0] == np.arange(n), near[:, 1], near[:, 0])
    sizes = themes.value_counts().to_numpy()
    same = themes.to_numpy() == themes.to_numpy()[other]
    return {"alike": float(same.mean()), "by_chance": float((sizes * (sizes - 1)).sum() / (n * (n - 1)))}


def _assigned(memberships: pd.DataFrame) -> pd.DataFrame:
    return memberships[memberships["assigned"]]


def _rows(tables: Tables, n_refits: int) -> list[Values]:
    """Return one entry per topic: first those that held in the refits, by id."""
    cross = tables["topic_themes"].sort_values("n_both", ascending=False, kind="stable")
    overall = tables["topic_estimates"]
    overall = overall[overall["group"] == ALL].set_index("topic_id")
    ordered = sorted(tables["topics"].itertuples(), key=lambda row: (_ORDER[row.steadiness], row.topic_id))
    return [_row(row, cross, overall, n_refits) for row in ordered]


def _row(row: Any, cross: pd.DataFrame, overall: pd.DataFrame, n_refits: int) -> Values:
    met = cross[(cross["topic_id"] == row.topic_id) & (cross["n_both"] > 0)]
    labels = json.loads(row.labels)
    stability = _number(row.stability)
    return {
        "id": int(row.topic_id),
        "label": row.label,
        "labels": labels,
        "family": int(row.family_id),
        "n_units": int(row.n_units),
        "n_voices": int(row.n_voices),
        "stability": stability,
        "appears": None if stability is None else round(stability * n_refits),
        "overlap": _number(row.overlap),
        "steadiness": row.steadiness,
        "keywords": json.loads(row.keywords),
        "central": json.loads(row.central),
        "crosswalk": row.crosswalk,
        "main_theme": None if pd.isna(row.main_theme) else row.main_theme,
        "n_coded": int(row.n_coded),
        "n_other": int(row.n_other),
        "n_abstained": int(row.n_abstained),
        "themes": [
            {"id": t.theme_id, "n": int(t.n_both), "share": int(t.n_both) / int(row.n_units)} for t in met.itertuples()
        ],
        "estimate": _cell(overall.loc[row.topic_id]) if row.topic_id in overall.index else None,
    }


def _by_language(rows: Sequence[Values]) -> tuple[list[str], list[Values]]:
    """Return the languages that have keywords, those with words in most topics first, and the rows in that order."""
    counts = Counter(code for row in rows for code in row["keywords"])
    order = sorted(counts, key=lambda code: (-counts[code], code))

    def ordered(values: Mapping[str, Any]) -> Values:
        return {code: values[code] for code in dict.fromkeys([*order, *values]) if code in values}

    return order, [{**row, **{key: ordered(row[key]) for key in ("keywords", "central")}} for row in rows]


def _families(families: pd.DataFrame, rows: Sequence[Values]) -> list[Values]:
    return [
        {
            "id": int(family.family_id),
            "label": family.label,
            "labels": json.loads(family.labels),
            "n_units": int(family.n_units),
            "n_voices": int(family.n_voices),
            "topics": [row["id"] for row in rows if row["family"] == family.family_id],
        }
        for family in families.sort_values("family_id").itertuples()
    ]


def _group(tables: Tables, group: str, ids: Sequence[int]) -> Values:
    """Return a group's levels, and for every topic its p-value and a cell per level, in the same order."""
    estimates = tables["topic_estimates"]
    own = estimates[estimates["group"] == group]
    files = tables["sources"].set_index("source_id")["file"]
    order = {"by": ["suppressed", "base_units", "level"], "ascending": [True, False, True]}
    levels = own.drop_duplicates("level").sort_values(**order)
    cells = {(row["topic_id"], row["level"]): row for _, row in own.iterrows()}
    tested = own.dropna(subset="p").drop_duplicates("topic_id").set_index("topic_id")["p"]
    return {
        "levels": [
            {
                "level": files.get(level.level, level.level) if group == "source" else level.level,
                "suppressed": bool(level.suppressed),
                "base_voices": None if level.suppressed else int(level.base_voices),
                "base_units": None if level.suppressed else int(level.base_units),
            }
            for level in levels.itertuples()
        ],
        "rows": [
            {
                "topic": topic,
                "p": _number(tested.get(topic)),
                "cells": [_cell(cells.get((topic, level))) for level in levels["level"]],
            }
            for topic in ids
        ],
    }


def _split(group: Values, rows: Sequence[Values], n_eligible: int) -> Values:
    """Return, for all units and for every topic, the shares of the levels that are shown, the largest level first."""
    shown = [i for i, level in enumerate(group["levels"]) if not level["suppressed"]]
    base = [group["levels"][i]["base_units"] / n_eligible for i in shown]
    own = [[row["cells"][i]["n_units"] if row["cells"][i] else 0 for i in shown] for row in group["rows"]]
    return {
        "levels": [group["levels"][i]["level"] for i in shown],
        "all": base,
        "rows": [[n / row["n_units"] for n in counts] for row, counts in zip(rows, own, strict=True)],
    }


def _cell(row: pd.Series | None) -> Values | None:
    if row is None or row["suppressed"]:
        return None
    counts = {key: int(row[key]) for key in ("n_voices", "n_units", "base_voices", "base_units")}
    shares = {"share": "share", "low": "share_low", "high": "share_high"}
    return counts | {key: _number(row[column]) for key, column in shares.items()}


def _fit(row: Any) -> Values:
    return {
        "k": int(row.k),
        "silhouette": _number(row.silhouette),
        "agreement": _number(row.agreement),
        "chosen": bool(row.chosen),
    }


def _leakage(summary: Any) -> Values | None:
    """Return how much a unit's topic tells of its language, beside what it tells where languages are shuffled."""
    nmi = _number(summary.leak_nmi)
    if nmi is None:
        return None
    chance, high, p = (_number(getattr(summary, f"leak_{key}")) for key in ("chance", "high", "p"))
    return {"nmi": nmi, "chance": chance, "high": high, "p": p, "beyond_chance": high is not None and nmi > high}


def _label(labels: Mapping[str, Mapping[str, str]], language: str, default: str) -> Values:
    found = labels.get(language, {})
    return {"label": found.get("text") or default, "lang": found.get("language")}


def _number(value: Any) -> float | None:
    return None if value is None or pd.isna(value) else float(value)
