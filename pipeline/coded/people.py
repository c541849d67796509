"""People win over the machine, unit by unit: what most coders said of a unit is what it is coded with."""

from __future__ import annotations

import pandas as pd

from pipeline.estimates import OTHER, PEOPLE, RECOMMENDATION


def recommends(units: pd.DataFrame, shares: pd.DataFrame) -> pd.Series:
    """Return, per unit, whether it recommends something: as most coders say, the machine's view where they split."""
    said = units["unit_id"].map(shares[RECOMMENDATION])
    return (said > 0.5) | ((said.isna() | (said == 0.5)) & units["is_recommendation"])


def overrule(codings: pd.DataFrame, shares: pd.DataFrame) -> pd.DataFrame:
    """Return codings with `assigned`, `status`, `method` as people decided, theme by theme; scores stay the machine's.

    Where coders split evenly the machine decides. A unit on which they agree about no code at all is abstained for
    the themes that any of them chose; one of which all say that nothing applies is `other`.

    Args:
        codings: the machine's, one row per unit and theme, `other` included.
        shares: per unit id and theme, the share of coders who marked it (`gold.shares`).
    """
    codings = codings.reset_index(drop=True)
    long = shares.drop(columns=RECOMMENDATION).rename_axis(index="unit_id", columns="theme_id").stack()
    keys = pd.MultiIndex.from_frame(codings[["unit_id", "theme_id"]])
    share = long.reindex(keys).to_numpy()
    by_people = pd.Series(share, index=codings.index).notna()
    settled = by_people & (share != 0.5)
    is_other = codings["theme_id"] == OTHER
    nothing = is_other & by_people & (pd.Series(share).groupby(codings["unit_id"].to_numpy()).transform("max") == 0)
    assigned = codings["assigned"].mask(settled, (share > 0.5) | nothing).astype(bool)
    has_theme = (assigned & ~is_other).groupby(codings["unit_id"]).transform("any")
    assigned &= ~(is_other & has_theme)
    undecided = by_people & ~assigned.groupby(codings["unit_id"]).transform("any") & (share > 0)
    status = codings["status"].mask(by_people, "rejected").mask(undecided, "abstained").mask(assigned, "assigned")
    return codings.assign(assigned=assigned, status=status, method=codings["method"].mask(settled, PEOPLE))
