"""How topics, found in the material, meet the themes of the codebook."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from pipeline.estimates import OTHER

INSIDE, ACROSS, OUTSIDE = "inside", "across", "outside"
_MOST = 0.5  # of a topic's units: uncoded, the topic lies outside the codebook; in one theme, inside it
ABSTAINED = "abstained"


def by_unit(codings: pd.DataFrame, unit_ids: Sequence[str]) -> pd.DataFrame:
    """Return unit and theme for every code that was assigned; a unit of which the coder can't tell is `abstained`."""
    assigned = codings.loc[codings["assigned"], ["unit_id", "theme_id"]]
    unsure = sorted(set(codings.loc[codings["status"] == ABSTAINED, "unit_id"]) - set(assigned["unit_id"]))
    everything = pd.concat([assigned, pd.DataFrame({"unit_id": unsure, "theme_id": ABSTAINED})])
    return everything[everything["unit_id"].isin(set(unit_ids))]


def table(members: pd.DataFrame, codes: pd.DataFrame, theme_ids: Sequence[str]) -> pd.DataFrame:
    """Return how many units of each topic are coded with each theme (`unit_id`, `topic_id` of `members`)."""
    counts = codes.merge(members[["unit_id", "topic_id"]], on="unit_id").groupby(["topic_id", "theme_id"]).size()
    rows = [
        {"topic_id": topic, "theme_id": theme, "n_both": int(counts.get((topic, theme), 0))}
        for topic in sorted(members["topic_id"].unique())
        for theme in theme_ids
    ]
    return pd.DataFrame(rows, columns=["topic_id", "theme_id", "n_both"])


def meeting(own: pd.DataFrame, codes: pd.DataFrame, theme_ids: Sequence[str]) -> dict[str, Any]:
    """Return where one topic lies: inside a theme, across several, or outside the codebook, with the counts.

    Outside: half of its units or more are `other` or abstained. Inside: half or more have one and the same theme.
    """
    n = own["unit_id"].nunique()
    found = codes[codes["unit_id"].isin(set(own["unit_id"]))]
    n_other = int((found["theme_id"] == OTHER).sum())
    n_abstained = int((found["theme_id"] == ABSTAINED).sum())
    by_theme = {theme: int((found["theme_id"] == theme).sum()) for theme in theme_ids if theme != OTHER}
    main = max(by_theme, key=lambda theme: by_theme[theme]) if any(by_theme.values()) else None
    kind = INSIDE if main and by_theme[main] >= _MOST * n else ACROSS
    if n_other + n_abstained >= _MOST * n:
        kind = OUTSIDE
    return {
        "crosswalk": kind,
        "main_theme": main,
        "n_coded": int(found.loc[~found["theme_id"].isin([OTHER, ABSTAINED]), "unit_id"].nunique()),
        "n_other": n_other,
        "n_abstained": n_abstained,
    }
