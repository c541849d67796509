"""Code every eligible unit with the codebook's themes: as people did, else as the machine does."""

from __future__ import annotations

import numpy as np
import pandas as pd

from pipeline import estimates
from pipeline.coded import gold, people
from pipeline.engines import cache, coder, learning
from pipeline.estimates import OTHER, RECOMMENDATION
from pipeline.store import Store
from pipeline.study import Codebook, CodingSection, Study


def run(study: Study, store: Store) -> None:
    """Load units and what people said of them, learn from it and judge, save codings."""
    units, passages, sources = (store.table(name) for name in ("units", "passages", "sources"))
    shares = gold.load(study, units, sources).shares
    judged = to_judge(estimates.spoken_units(units, passages, study.settings.units.eligible), shares)
    rows = store.table("vectors").set_index("unit_id")["row"]
    vectors = store.vectors()[rows.loc[judged["unit_id"]].to_numpy()] if len(judged) else np.empty((0, 0))

    encoders = cache.for_study(study), cache.tuned_for(study), cache.plain_for(study)
    chosen = coder.load(study.codebook, *encoders, list(judged["text"]))
    codes = taught_by(judged, shares, study.codebook.ids, study.settings.units.eligible)
    probabilities = learning.cross_fit(chosen, vectors, list(judged["text"]), codes, list(judged["voice"]))
    decided = code(list(judged["unit_id"]), probabilities, study.codebook, study.settings.coding, chosen.method)
    eligible = decided["unit_id"].isin(set(judged.loc[judged["eligible"], "unit_id"]))

    store.save_table("codings", people.overrule(decided[eligible], shares))
    store.save_table("machine_codings", decided[decided["unit_id"].isin(set(shares.index))])


def to_judge(units: pd.DataFrame, shares: pd.DataFrame) -> pd.DataFrame:
    """Return the units that are eligible, and those that people coded."""
    return units[units["eligible"] | units["unit_id"].isin(set(shares.index))]


def taught_by(units: pd.DataFrame, shares: pd.DataFrame, theme_ids: tuple[str, ...], eligible: str) -> np.ndarray:
    """Return people's codes (units × themes, 0 to 1), NaN for units that can teach nothing of themes.

    These are units that nobody coded, and, where only recommendations are coded, those that are none.
    """
    if not len(units):
        return np.empty((0, len(theme_ids)))
    teaching = shares if eligible == estimates.ALL else shares[shares[RECOMMENDATION] > 0.5]
    found: np.ndarray = teaching.reindex(index=units["unit_id"], columns=list(theme_ids)).to_numpy(dtype=np.float64)
    return found


def code(
    unit_ids: list[str],
    probabilities: np.ndarray,
    codebook: Codebook,
    settings: CodingSection,
    method: str,
) -> pd.DataFrame:
    """Return one row per unit and theme, and one for `other`.

    Args:
        unit_ids: the eligible units.
        probabilities: array (units × themes).
        codebook: the themes, in the columns' order.
        settings: thresholds and margin.
        method: what decided; the shipped coder's own thresholds go with it.
    """
    thresholds, rows = coder.thresholds(codebook.ids, settings, method), []
    for unit_id, p in zip(unit_ids, probabilities.tolist(), strict=True):
        statuses, status = coder.decide(p, thresholds, settings.margin)
        rows += [(unit_id, *row) for row in zip(codebook.ids, p, statuses, strict=True)]
        other = {coder.ASSIGNED: coder.REJECTED, coder.REJECTED: coder.ASSIGNED}.get(status, status)
        rows.append((unit_id, OTHER, round(float(np.prod(1 - np.asarray(p))), 4), other))
    frame = pd.DataFrame(rows, columns=["unit_id", "theme_id", "score", "status"])
    frame = frame.assign(method=method, assigned=(frame["status"] == coder.ASSIGNED).astype(bool))
    return frame[["unit_id", "theme_id", "score", "assigned", "method", "status"]]
