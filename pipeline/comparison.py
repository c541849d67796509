"""Repetitions side by side, with the differing words marked, for a person to audit."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pipeline import audits
from pipeline.store import read_table
from pipeline.study import Study


def links(study: Study, kind: str | None = None) -> list[dict[str, Any]]:
    """Return the links of a finished run with both texts, by kept passage; all kinds, or one."""
    passages = read_table(study.processed / "passages.parquet", "passages").set_index("passage_id")
    table = read_table(study.processed / "duplicates.parquet", "duplicates")
    chosen = table if kind is None else table[table["kind"] == kind]
    return [
        {
            "passage_id": row.passage_id,
            "duplicate_of": row.duplicate_of,
            "found_as": row.kind,
            "similarity": row.similarity,
            "text": passages.at[row.passage_id, "text"],
            "kept_text": passages.at[row.duplicate_of, "text"],
        }
        for row in chosen.sort_values(["duplicate_of", "passage_id"]).itertuples()
    ]


def marked(kept: str, copy: str) -> str:
    """Return the copy's words with what differs from the kept text: [-left out-] and {+put in+}."""
    from rapidfuzz.distance import Indel

    ours, theirs = kept.split(), copy.split()
    out: list[str] = []
    for step in Indel.opcodes([w.casefold() for w in ours], [w.casefold() for w in theirs]):
        if step.tag == "equal":
            out += theirs[step.dest_start : step.dest_end]
        elif step.tag == "delete":
            out.append(f"[-{' '.join(ours[step.src_start : step.src_end])}-]")
        else:
            out.append(f"{{+{' '.join(theirs[step.dest_start : step.dest_end])}+}}")
    return " ".join(out)


def lines(study: Study, kind: str | None, limit: int) -> Iterator[str]:
    """Yield the clusters: the kept text, and below it each repetition with its kind and likeness."""
    found = links(study, kind)
    kept = ""
    for link in found[:limit]:
        if link["duplicate_of"] != kept:
            kept = link["duplicate_of"]
            yield f"{kept}  {link['kept_text']}"
        text = link["text"] if link["found_as"] == "translation" else marked(link["kept_text"], link["text"])
        yield f"    {link['passage_id']}  {link['found_as']} {link['similarity']:.2f}  {text}"
    if len(found) > limit:
        yield f"… and {len(found) - limit} more (--limit)."


def write_sheet(study: Study) -> int:
    """Write every link into the audit sheet, keeping the verdicts that stand in it; return the number of rows."""
    found = links(study)
    study.audit_file.parent.mkdir(parents=True, exist_ok=True)
    temporary = study.audit_file.with_name(f".{study.audit_file.name}.part")
    temporary.write_text(audits.sheet(found, audits.read(study.audit_file)), encoding="utf-8")
    temporary.replace(study.audit_file)
    return len(found)
