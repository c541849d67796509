"""The way back from a unit to its place in a capture, and forward to its codes."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline.store import find_unit, read_table
from pipeline.study import Study


def lines(study: Study, unit_id: str) -> Iterator[tuple[str, str]]:
    """Yield (what, value) from the unit to its source, its copies and its codes."""
    tables = {
        name: read_table(study.processed / f"{name}.parquet", name)
        for name in ("units", "passages", "sources", "duplicates", "codings", "topic_memberships")
    }
    unit = find_unit(tables["units"], unit_id)
    passage = tables["passages"].set_index("passage_id").loc[unit["passage_id"]]
    source = tables["sources"].set_index("source_id").loc[passage["source_id"]]
    copies = tables["duplicates"][tables["duplicates"]["duplicate_of"] == unit["passage_id"]]
    codings = tables["codings"][tables["codings"]["unit_id"] == unit_id]
    yield "unit", unit["text"]
    yield "recommends", f"{'yes' if unit['is_recommendation'] else 'no'} ({unit['recommendation_score']:.2f})"
    for coding in codings.sort_values("score", ascending=False).itertuples():
        yield "coding", f"{coding.theme_id} {coding.score:.2f} {coding.status} ({coding.method})"
    for row in tables["topic_memberships"][tables["topic_memberships"]["unit_id"] == unit_id].itertuples():
        yield "topic", f"{row.topic_id} ({row.score:.2f})"
    yield (
        "passage",
        f"{unit['passage_id']}, {passage['role']}, {passage['language']}, voice {passage['voice']}",
    )
    yield "source", f"{source['file']}, {passage['locator']}, characters {unit['start']}–{unit['end']}"
    yield "sha256", source["sha256"]
    yield (
        "copies",
        f"{len(copies)} repetitions ({', '.join(copies['kind'])})" if len(copies) else "no repetition",
    )
    place = source["text"][max(0, unit["start"] - 60) : unit["end"] + 60].replace("\n", " ⏎ ")
    yield "in place", f"…{place}…"
