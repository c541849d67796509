"""How many units two people should code before the reliability of a theme can be told."""

from __future__ import annotations

import math
from typing import NamedTuple

import pandas as pd

from pipeline import agreement, estimates
from pipeline.coded import sampling
from pipeline.store import read_table
from pipeline.study import Study

ALPHAS = (0.667, 0.8)


class Need(NamedTuple):
    """A theme, the share of eligible units that the machine codes with it, and the units needed for each alpha.

    No number where the machine finds the theme nowhere, or everywhere: its share is then unknown, not 0 or 1.
    """

    theme_id: str
    share: float
    needed: tuple[int | None, ...]


class Plan(NamedTuple):
    """What every theme needs, how many units there are, and for each alpha the sheet that would serve every theme.

    A sheet also holds units that the machine takes for no recommendation, so it is longer than what is needed, but
    not longer than there are units. None where no theme has a number. `other` is no theme that a sheet is made for.
    """

    needs: tuple[Need, ...]
    eligible: int
    units: int
    sheets: tuple[int | None, ...]


def plan(study: Study) -> Plan:
    """Return the plan of a study with a finished run."""
    themes, units = (read_table(study.processed / f"{name}.parquet", name) for name in ("themes", "units"))
    found, n_units = needs(themes), int(units["repeats"].isna().sum())
    share = 0.0 if study.settings.units.eligible == estimates.ALL else sampling.NEGATIVES
    own = [need for need in found if need.theme_id != estimates.OTHER]
    most = (max((need.needed[i] or 0 for need in own), default=0) for i in range(len(ALPHAS)))
    sheets = tuple(min(math.ceil(round(n / (1 - share), 6)), n_units) if n else None for n in most)
    return Plan(found, int(themes["base_units"].max()) if len(themes) else 0, n_units, sheets)


def needs(themes: pd.DataFrame) -> tuple[Need, ...]:
    """Return one need per row of the table of themes."""
    rows = []
    for theme in themes.itertuples():
        share = theme.n_units / theme.base_units if theme.base_units else 0.0
        clear = 0 < share < 1
        needed = tuple(agreement.units_to_double_code(share=share, alpha=a) if clear else None for a in ALPHAS)
        rows.append(Need(theme.theme_id, round(share, 4), needed))
    return tuple(rows)
