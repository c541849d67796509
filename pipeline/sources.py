"""What every capture was read as: its passages, languages, voices, the columns taken, and what was not used."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pandas as pd

from pipeline.store import read_table
from pipeline.study import Study


def lines(study: Study) -> Iterator[str]:
    """Yield the lines about each source, by file, then those about files of which nothing was used."""
    sources, passages, rejects = (
        read_table(study.processed / f"{name}.parquet", name) for name in ("sources", "passages", "rejects")
    )
    for source in sources.sort_values("file").itertuples():
        yield f"{source.file}  ({source.format}, {source.encoding})"
        own = passages[passages["source_id"] == source.source_id]
        aside = rejects[rejects["source_id"] == source.source_id]
        yield from (f"{what:>12s}  {value}" for what, value in _facts(source, own, aside) if value)
    unused = rejects[~rejects["source_id"].isin(sources["source_id"])]
    for reject in unused.sort_values("file").itertuples():
        yield f"{reject.file}  (not used)"
        yield f"{'rejects':>12s}  {reject.reason}: {reject.detail}"


def _facts(source: Any, passages: pd.DataFrame, rejects: pd.DataFrame) -> Iterator[tuple[str, str]]:
    yield "passages", _counted(passages["role"]) or "none"
    yield "languages", _counted(passages["language"])
    yield "voices", str(passages["voice"].nunique() or "none named")
    columns: list[list[str]] = json.loads(source.columns)
    yield "columns", ", ".join(f'{role} "{name}"' for name, role in columns if role)
    yield "not taken", ", ".join(f'"{name}"' for name, role in columns if not role)
    whole = rejects[rejects["locator"] == "file"]
    yield "rejects", _counted(rejects["reason"]) + "".join(f" ({detail})" for detail in whole["detail"])


def _counted(values: pd.Series) -> str:
    """Return how often each value comes, the most frequent first."""
    counts = sorted(values.value_counts().items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(f"{value} {count:,}" for value, count in counts)
