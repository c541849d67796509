"""The units from which the coder would learn most: those it is least sure of, and no two that say the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from pipeline import estimates
from pipeline.coded.rounds import SAMPLE_COLUMNS, TRAIN, UNIT
from pipeline.engines import coder
from pipeline.study import Settings

PROPOSED = "proposed"
_DIGITS = 6


def uncertainty(units: pd.DataFrame, codings: pd.DataFrame, settings: Settings) -> pd.Series:
    """Return, per unit id, how near the machine's least sure decision was to its threshold: 1 on it, 0 at the far end.

    Margin sampling (Scheffer, Decomain & Wrobel 2001), the distance to the threshold taken as a share of the room on
    that side. Decisions are the themes and, where only recommendations are coded, whether the unit is one.
    """
    themes = codings[codings["theme_id"] != estimates.OTHER]
    ids, method = (
        list(themes["theme_id"].unique()),
        next((name for name in themes["method"] if name != estimates.PEOPLE), ""),
    )
    own = dict(zip(ids, coder.thresholds(ids, settings.coding, method), strict=True))
    closest = _closeness(themes["score"], themes["theme_id"].map(own)).groupby(themes["unit_id"]).max()
    found = units["unit_id"].map(closest).fillna(0.0).to_numpy(dtype="float64")
    if settings.units.eligible != estimates.ALL:
        found = np.maximum(found, _closeness(units["recommendation_score"], settings.units.threshold).to_numpy())
    return pd.Series(np.round(found, _DIGITS), index=units["unit_id"])


def choose(uncertain: np.ndarray, vectors: np.ndarray, seen: np.ndarray, n: int) -> list[int]:
    """Return `n` rows, each time the one with the largest uncertainty × distance to what was chosen or seen before.

    Args:
        uncertain: one number per row, from 0 to 1.
        vectors: embeddings (rows × dimensions).
        seen: embeddings of units that people have coded already (any number × dimensions).
        n: how many; all where there are fewer. Ties go to the first row.
    """
    rows, known = _unit_length(vectors), _unit_length(seen)
    likeness = np.zeros(len(rows))
    for start in range(0, len(known), 256):
        likeness = np.maximum(likeness, (rows @ known[start : start + 256].T).max(axis=1))
    free = np.ones(len(rows), dtype=bool)
    chosen: list[int] = []
    for _ in range(min(n, len(rows))):
        gain = np.where(free, np.round(uncertain * (1 - np.clip(likeness, 0, 1)), _DIGITS), -1.0)
        best = int(np.argmax(gain))
        chosen.append(best)
        free[best] = False
        likeness = np.maximum(likeness, rows @ rows[best])
    return chosen


def propose(
    units: pd.DataFrame,
    passages: pd.DataFrame,
    uncertain: Mapping[str, float],
    vectors: np.ndarray,
    rows: Mapping[str, int],
    seen: Sequence[str],
    n: int,
) -> pd.DataFrame:
    """Return the proposed units as a sample for training (`SAMPLE_COLUMNS`), by unit id; no probability is given.

    `rows` leads from unit id to its row in `vectors`. Units in `seen`, and those that only repeat another, are left
    out.
    """
    fresh = units["repeats"].isna() & ~units["unit_id"].isin(set(seen)) & units["unit_id"].isin(set(rows))
    free = units[fresh].sort_values("unit_id")
    scores = np.asarray([uncertain[unit] for unit in free["unit_id"]], dtype="float64")
    own, known = ([rows[unit] for unit in ids if unit in rows] for ids in (free["unit_id"], sorted(set(seen))))
    chosen = free.iloc[sorted(choose(scores, vectors[own], vectors[known], n))]
    sample = chosen.assign(
        voice=chosen["passage_id"].map(estimates.voices(passages)),
        stratum=PROPOSED,
        stratum_size=len(free),
        drawn=len(chosen),
        inclusion_probability=float("nan"),
        drawn_as=UNIT,
        purpose=TRAIN,
    )
    return sample[list(SAMPLE_COLUMNS)].reset_index(drop=True)


def _closeness(scores: pd.Series, threshold: pd.Series | float) -> pd.Series:
    above = (scores - threshold) / np.maximum(1 - threshold, 1e-9)
    below = (threshold - scores) / np.maximum(threshold, 1e-9)
    return 1 - above.where(scores >= threshold, below).clip(0, 1)


def _unit_length(vectors: np.ndarray) -> np.ndarray:
    """Return the rows with length 1; a row of zeros stays one."""
    long = np.linalg.norm(vectors, axis=1, keepdims=True) if len(vectors) else np.ones((0, 1))
    unit: np.ndarray = np.asarray(vectors, dtype=np.float64) / np.where(long > 0, long, 1)
    return unit
