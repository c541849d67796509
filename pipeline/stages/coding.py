"""Code every eligible unit with the codebook's themes, and count the themes."""

from __future__ import annotations

import numpy as np
import pandas as pd

from pipeline import estimates
from pipeline.engines import cache, coder
from pipeline.schemas import TABLES
from pipeline.store import Store
from pipeline.study import Codebook, CodingSection, Study


def run(study: Study, store: Store) -> None:
    """Load units and vectors, code them, save codings and counts."""
    units, passages, duplicates = (store.table(name) for name in ("units", "passages", "duplicates"))
    rows = store.table("vectors").set_index("unit_id")["row"]
    eligible = estimates.eligible_units(units, passages, study.settings.units.eligible)
    vectors = store.vectors()[rows.loc[eligible["unit_id"]].to_numpy()] if len(eligible) else np.empty((0, 0))

    chosen = coder.load(study.codebook, cache.for_study(study), cache.tuned_for(study))
    probabilities = chosen.probabilities(vectors, list(eligible["text"]))
    codings = code(list(eligible["unit_id"]), probabilities, study.codebook, study.settings.coding, chosen.method)
    ids, repeats = study.codebook.ids, estimates.occurrences(duplicates)
    counts = estimates.theme_counts(eligible, codings, repeats, ids)
    described = describe(study.codebook, study.languages[0])
    by_group = estimates.theme_estimates(eligible, codings, ids, study.settings.report.min_voices)

    store.save_table("codings", codings)
    store.save_table(
        "themes",
        counts.merge(described, on="theme_id", how="left")[list(TABLES["themes"].columns)],
    )
    store.save_table("theme_estimates", by_group)
    store.save_table("cooccurrence", estimates.cooccurrence(codings, ids))


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
        rows.append((unit_id, estimates.OTHER, round(float(np.prod(1 - np.asarray(p))), 4), other))
    frame = pd.DataFrame(rows, columns=["unit_id", "theme_id", "score", "status"])
    frame = frame.assign(method=method, assigned=(frame["status"] == coder.ASSIGNED).astype(bool))
    return frame[["unit_id", "theme_id", "score", "assigned", "method", "status"]]


def describe(codebook: Codebook, language: str) -> pd.DataFrame:
    """Return label and definition of every theme, and of `other`, in the report's language."""
    rows = [
        {
            "theme_id": theme.id,
            "label": theme.text("label", language),
            "definition": theme.text("definition", language),
        }
        for theme in codebook.themes
    ]
    rows.append(
        {
            "theme_id": estimates.OTHER,
            "label": estimates.OTHER,
            "definition": "A recommendation that fits no theme.",
        }
    )
    return pd.DataFrame(rows)
