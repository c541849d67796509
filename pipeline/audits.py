"""What people say of repetitions: an audit sheet that they fill in and the next run obeys.

`data/audit/duplicates.csv` has one row per pair; `verdict` is `same`, `different` or empty (not looked at).
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from pipeline.errors import GlosaError

if TYPE_CHECKING:
    import pandas as pd

VERDICTS = ("same", "different")
COLUMNS = ("passage_id", "duplicate_of", "found_as", "similarity", "verdict", "auditor", "text", "kept_text")


class Audit(NamedTuple):
    """One verdict on one pair; `found_as` is what the machine had found, or empty where a person added the pair."""

    passage_id: str
    duplicate_of: str
    found_as: str
    verdict: str
    auditor: str


def read(file: Path) -> list[Audit]:
    """Return the verdicts of a sheet, none where there is no sheet; raise `GlosaError` for a row that is wrong."""
    if not file.is_file():
        return []
    rows = csv.DictReader(io.StringIO(file.read_text(encoding="utf-8-sig")))
    missing = [name for name in ("passage_id", "duplicate_of", "verdict") if name not in (rows.fieldnames or ())]
    if missing:
        raise GlosaError(
            file, f"no column {missing[0]!r}.", "the columns of the sheet that `glosa duplicates --sheet` writes.",
            "Put the column back, or move the file away and write a new sheet.",
        )  # fmt: skip
    found: dict[frozenset[str], Audit] = {}
    for number, row in enumerate(rows, start=2):
        verdict = (row["verdict"] or "").strip().lower()
        if not verdict:
            continue
        if verdict not in VERDICTS:
            raise GlosaError(
                file, f"row {number}: the verdict is {row['verdict']!r}.", "same, different, or nothing.",
                "Correct the cell and run again.",
            )  # fmt: skip
        ids = (row["passage_id"].strip(), row["duplicate_of"].strip())
        audit = Audit(*ids, (row.get("found_as") or "").strip(), verdict, (row.get("auditor") or "").strip())
        earlier = found.setdefault(frozenset(ids), audit)
        if earlier.verdict != verdict:
            raise GlosaError(
                file, f"row {number}: the pair has two verdicts.", "one verdict for a pair.",
                "Settle it between the auditors and leave one row.",
            )  # fmt: skip
    return list(found.values())


def pairs(said: Iterable[Audit], verdict: str) -> frozenset[frozenset[str]]:
    """Return the pairs that were given a verdict."""
    return frozenset(frozenset((a.passage_id, a.duplicate_of)) for a in said if a.verdict == verdict)


def different(table: pd.DataFrame) -> frozenset[frozenset[str]]:
    """Return the pairs that a person called different, from the table of audits."""
    return pairs((Audit(*row) for row in table.itertuples(index=False, name=None)), "different")


def sheet(rows: Sequence[dict[str, object]], said: Iterable[Audit]) -> str:
    """Return a sheet as CSV: the rows given, with the verdicts that are known, and verdicts on other pairs."""
    known = {frozenset((a.passage_id, a.duplicate_of)): a for a in said}
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS, restval="", lineterminator="\n")
    writer.writeheader()
    for row in rows:
        audit = known.pop(frozenset((str(row["passage_id"]), str(row["duplicate_of"]))), None)
        writer.writerow({**row, **({"verdict": audit.verdict, "auditor": audit.auditor} if audit else {})})
    for audit in known.values():
        writer.writerow(audit._asdict())
    return out.getvalue()
