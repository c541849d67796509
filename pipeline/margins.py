"""What the counts of passages by language, role and source may show: the same levels as the shares of themes, or fewer.

A level that is hidden there is hidden here. Counts of passages hold voices that recommend nothing and repetitions, so
a level may be hidden here alone, with what rules 1 and 2 of `suppression` ask for.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

import pandas as pd

from pipeline import estimates, roles
from pipeline.suppression import hidden_levels

Row = Mapping[str, Any]


def hidden(passages: pd.DataFrame, shares: pd.DataFrame, k: int) -> dict[str, set[str]]:
    """Return, per group, the levels whose passages are not counted in public.

    Args:
        passages: all that were captured.
        shares: the table `theme_estimates`.
        k: the least number of voices.
    """
    voiced = passages[passages["role"].isin([roles.TIP, roles.COMMENT])]
    spoken = voiced.assign(
        who=estimates.voices(passages).loc[voiced["passage_id"]].to_numpy(), source=voiced["source_id"]
    )
    unshown = estimates.hidden_levels_of(shares)
    return {
        group: hidden_levels(spoken.groupby(group)["who"].agg(set).to_dict(), k, unshown[group])
        for group in estimates.GROUPS
    }


def by_level(rows: Iterable[Row], unshown: Collection[str]) -> list[dict[str, Any]]:
    """Return rows about a `level` without the numbers of hidden ones; these stand last, by name, and say so."""
    marked = [{**row, "suppressed": row["level"] in unshown} for row in rows]
    kept = [row for row in marked if not row["suppressed"]]
    blank = [{k: v if k in {"level", "suppressed"} else None for k, v in row.items()} for row in marked]
    return kept + sorted((row for row in blank if row["suppressed"]), key=lambda row: str(row["level"]))


def pooled(rows: Iterable[Row], column: str, unshown: Collection[str], by: str) -> list[dict[str, Any]]:
    """Return rows (`column`, `by`, `n`) with hidden values of `column` taken together under None, at the end."""
    kept = [dict(row) for row in rows if row[column] not in unshown]
    together: dict[str, int] = {}
    for row in rows:
        if row[column] in unshown:
            together[row[by]] = together.get(row[by], 0) + row["n"]
    return kept + [{column: None, by: kind, "n": n} for kind, n in sorted(together.items())]


def without(counts: Mapping[str, int], unshown: Collection[str]) -> dict[str, int | None]:
    """Return counts by level, None for hidden ones."""
    return {level: None if level in unshown else n for level, n in counts.items()}
