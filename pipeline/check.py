"""The laws that the tables of a study obey, checked on the real ones."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from pipeline import manifest, schemas
from pipeline.store import read_table
from pipeline.study import Study


def problems(study: Study) -> Iterator[str]:
    """Yield a sentence for every law that is broken."""
    tables = {name: read_table(study.processed / f"{name}.parquet", name) for name in schemas.TABLES}
    yield from _counts(tables)
    yield from _spans(tables["passages"], tables["sources"].set_index("source_id")["text"])
    yield from _spans(
        tables["units"].join(tables["passages"].set_index("passage_id")["source_id"], on="passage_id"),
        tables["sources"].set_index("source_id")["text"],
    )
    yield from _units_in_passages(tables)
    yield from _codings(tables, study)
    yield from _outputs(study)


def _counts(tables: dict[str, pd.DataFrame]) -> Iterator[str]:
    """Every repetition is a passage, points to one that is kept, and nothing points to itself."""
    passages, duplicates = set(tables["passages"]["passage_id"]), tables["duplicates"]
    aside, kept = set(duplicates["passage_id"]), set(duplicates["duplicate_of"])
    if not aside <= passages or not kept <= passages:
        yield "duplicates names passages that passages.parquet does not have."
    if aside & kept:
        yield f"{len(aside & kept)} passages are set aside and yet stand for others."
    segmented = set(tables["units"]["passage_id"])
    if segmented & set(duplicates.loc[~duplicates["counted"], "passage_id"]):
        yield "a repetition that is not counted has units."


def _spans(frame: pd.DataFrame, texts: pd.Series) -> Iterator[str]:
    """A span is trimmed, not empty, and equal to its slice of the source text."""
    for row in frame.itertuples():
        if texts[row.source_id][row.start : row.end] != row.text:
            yield f"{row[1]}: text differs from sources.text[{row.start}:{row.end}]."
        elif row.text.strip() != row.text or not row.text:
            yield f"{row[1]}: the span is not trimmed."


def _units_in_passages(tables: dict[str, pd.DataFrame]) -> Iterator[str]:
    """Units lie in their passage, in order, without overlap."""
    passages = tables["passages"].set_index("passage_id")
    for passage_id, units in tables["units"].groupby("passage_id"):
        spans = sorted(zip(units["start"], units["end"], strict=True))
        inside = passages.at[passage_id, "start"] <= spans[0][0] and spans[-1][1] <= passages.at[passage_id, "end"]
        if not inside or any(a[1] > b[0] for a, b in itertools.pairwise(spans)):
            yield f"{passage_id}: units overlap or lie outside their passage."


def _codings(tables: dict[str, pd.DataFrame], study: Study) -> Iterator[str]:
    """Every eligible unit has a theme, or is `other`, or is abstained; nothing else is coded."""
    units, codings = tables["units"], tables["codings"]
    fresh = units[units["repeats"].isna()]
    chosen = fresh if study.settings.units.eligible == "all" else fresh[fresh["is_recommendation"]]
    decided = set(codings.loc[codings["assigned"] | (codings["status"] == "abstained"), "unit_id"])
    if missing := set(chosen["unit_id"]) - decided:
        yield f"{len(missing)} eligible units are neither coded nor other nor abstained."
    if extra := set(codings["unit_id"]) - set(chosen["unit_id"]):
        yield f"{len(extra)} units are coded that are not eligible."
    counted = codings[codings["assigned"]].groupby("theme_id").size()
    for row in tables["themes"].itertuples():
        if row.n_units != counted.get(row.theme_id, 0):
            n = counted.get(row.theme_id, 0)
            yield f"theme {row.theme_id}: {row.n_units} units in themes.parquet, {n} in codings."


def _outputs(study: Study) -> Iterator[str]:
    """Outputs are the bytes that the last run wrote."""
    for name, entry in manifest.read(study).get("outputs", {}).items():
        path: Path = study.root / name
        if not path.is_file():
            yield f"{name} is gone."
        elif manifest.sha256(path) != entry["sha256"]:
            yield f"{name} is not what the last run wrote."
