"""What the machine decides of every unit without people's codes of it: the side that validation and correction need.

The coding stage keeps, in `machine_codings`, its decisions about the units that people coded, made by a coder that had
not learned from them. All other units are as `codings` has them.
"""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from pipeline.estimates import ALL, OTHER, RECOMMENDATION
from pipeline.study import UnitsSection


def recommends(units: pd.DataFrame, settings: UnitsSection) -> pd.Series:
    """Return, per row of `units`, whether the machine takes it for a recommendation; with `"all"` every unit counts."""
    return units["recommendation_score"].ge(settings.threshold) | (settings.eligible == ALL)


def decisions(
    units: pd.DataFrame,
    codings: pd.DataFrame,
    machine_codings: pd.DataFrame,
    theme_ids: Sequence[str],
    settings: UnitsSection,
) -> pd.DataFrame:
    """Return units × (`recommendation`, themes, `other`): what the machine decides, as booleans, by unit id."""
    blind = set(machine_codings["unit_id"])
    both = pd.concat([codings[~codings["unit_id"].isin(blind)], machine_codings])
    chosen = both.loc[both["assigned"], ["unit_id", "theme_id"]]
    table = pd.crosstab(chosen["unit_id"], chosen["theme_id"]).gt(0) if len(chosen) else pd.DataFrame()
    table = table.reindex(index=units["unit_id"], columns=[*theme_ids, OTHER], fill_value=False).astype(bool)
    found = recommends(units, settings).to_numpy()
    return table.mul(found, axis=0).assign(**{RECOMMENDATION: found})[[RECOMMENDATION, *theme_ids, OTHER]]
