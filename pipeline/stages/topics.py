"""Discover topics over the eligible units, beside the codebook, and meet them with the themes."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from pipeline import estimates
from pipeline.engines import topics as engine
from pipeline.store import Store
from pipeline.study import Study


def run(study: Study, store: Store) -> None:
    """Load units and vectors, find topics, save topics, memberships and crosswalk."""
    units, passages, codings = (store.table(name) for name in ("units", "passages", "codings"))
    rows = store.table("vectors").set_index("unit_id")["row"]
    eligible = estimates.eligible_units(units, passages, study.settings.units.eligible).sort_values("unit_id")
    vectors = store.vectors()[rows.loc[eligible["unit_id"]].to_numpy()] if len(eligible) else np.empty((0, 0))

    texts, languages = list(eligible["text"]), list(eligible["language"])
    found = engine.fit(texts, vectors, study.settings.topics.min_size)
    members = eligible.assign(topic_id=found, score=engine.centrality(vectors, found))
    members = members[members["topic_id"] >= 0]
    keywords = engine.keywords(texts, languages, found)

    store.save_table("topics", topics_table(members, keywords, study.languages))
    store.save_table("topic_memberships", members[["unit_id", "topic_id", "score"]])
    store.save_table("topic_themes", crosswalk(members, codings, [*study.codebook.ids, estimates.OTHER]))


def topics_table(
    members: pd.DataFrame,
    keywords: Mapping[int, Mapping[str, Sequence[str]]],
    languages: Sequence[str],
) -> pd.DataFrame:
    """Return one row per topic; its label is made of keywords in the report's language, else in the next."""
    rows = [
        {
            "topic_id": topic,
            "label": label(keywords.get(topic, {}), languages),
            "n_units": len(own),
            "n_voices": own["voice"].nunique(),
            "stability": np.nan,
            "keywords": json.dumps(keywords.get(topic, {}), ensure_ascii=False, sort_keys=True),
        }
        for topic, own in members.groupby("topic_id")
    ]
    return pd.DataFrame(rows, columns=["topic_id", "label", "n_units", "n_voices", "stability", "keywords"])


def label(keywords: Mapping[str, Sequence[str]], languages: Sequence[str]) -> str:
    """Return three keywords of the first of `languages` that has any."""
    return next((", ".join(keywords[code][:3]) for code in languages if keywords.get(code)), "(no keywords)")


def crosswalk(members: pd.DataFrame, codings: pd.DataFrame, theme_ids: Sequence[str]) -> pd.DataFrame:
    """Return how many units of each topic are coded with each theme."""
    assigned = codings.loc[codings["assigned"], ["unit_id", "theme_id"]].merge(members, on="unit_id")
    counts = assigned.groupby(["topic_id", "theme_id"]).size()
    rows = [
        {"topic_id": topic, "theme_id": theme, "n_both": int(counts.get((topic, theme), 0))}
        for topic in sorted(members["topic_id"].unique())
        for theme in theme_ids
    ]
    return pd.DataFrame(rows, columns=["topic_id", "theme_id", "n_both"])
