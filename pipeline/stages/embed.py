"""Turn every unit into a vector with the study's sentence-transformers model."""

from __future__ import annotations

import pandas as pd

from pipeline.engines import cache
from pipeline.store import Store
from pipeline.study import Study


def run(study: Study, store: Store) -> None:
    """Load the units, embed them, save the vectors and which row is whose."""
    units = store.table("units")

    vectors = cache.for_study(study).encode(list(units["text"]))

    store.save_vectors(vectors)
    store.save_table("vectors", pd.DataFrame({"unit_id": units["unit_id"], "row": range(len(units))}))
