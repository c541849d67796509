"""The codes as they would be with the machine's thresholds moved: from its scores, under what people decided."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from pipeline.coded import people
from pipeline.engines import coder
from pipeline.estimates import OTHER, PEOPLE
from pipeline.study import CodingSection


def moved(
    codings: pd.DataFrame, shares: pd.DataFrame, theme_ids: Sequence[str], settings: CodingSection, by: float
) -> pd.DataFrame:
    """Return unit ids × (themes, `other`): what each unit is coded with; by 0, what it is coded with now.

    Args:
        codings: the study's, with the machine's scores.
        shares: per unit and theme, the share of coders who marked it (`gold.shares`).
        theme_ids: the codebook's.
        settings: thresholds and margin.
        by: what is added to every threshold; they stay within 0.01 and 0.99.
    """
    method = next((m for m in codings["method"] if m != PEOPLE), "")
    thresholds = [min(0.99, max(0.01, t + by)) if by else t for t in coder.thresholds(theme_ids, settings, method)]
    scores = codings[codings["theme_id"] != OTHER].pivot(index="unit_id", columns="theme_id", values="score")
    scores = scores.reindex(columns=list(theme_ids))  # where nothing is coded, the pivot has no column
    status: dict[tuple[str, str], str] = {}
    for unit, row in zip(scores.index, scores.to_numpy().tolist(), strict=True):
        found, whole = coder.decide(row, thresholds, settings.margin)
        status |= {(unit, theme): one for theme, one in zip(theme_ids, found, strict=True)}
        status[unit, OTHER] = {coder.ASSIGNED: coder.REJECTED, coder.REJECTED: coder.ASSIGNED}.get(whole, whole)
    said = [status[key] for key in zip(codings["unit_id"], codings["theme_id"], strict=True)]
    machine = codings.assign(status=said, assigned=[one == coder.ASSIGNED for one in said], method=method)
    decided = people.overrule(machine, shares)
    table = decided.pivot(index="unit_id", columns="theme_id", values="assigned").astype(bool)
    return table.reindex(columns=[*theme_ids, OTHER], fill_value=False)
