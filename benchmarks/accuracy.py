"""Measure a finished run of the shipped corpus against its labels (`tests/cases/corpus.jsonl`); print a table.

Usage: python benchmarks/accuracy.py [STUDY]. Nothing is tuned on these labels.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd

from pipeline.intervals import wilson

ROOT = Path(__file__).resolve().parents[1]


def labelled() -> list[dict]:
    """Return the labelled passages of the shipped corpus."""
    file = ROOT / "tests" / "cases" / "corpus.jsonl"
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def matched(study: Path) -> tuple[list[tuple[dict, object]], list[dict], list[str]]:
    """Pair labels with the run's passages by file, words and order; return pairs, missed labels, extra texts."""
    processed = study / "data" / "processed"
    passages = pd.read_parquet(processed / "passages.parquet")
    files = pd.read_parquet(processed / "sources.parquet").set_index("source_id")["file"]
    found: dict[tuple[str, str], list] = {}
    for p in passages.sort_values(["source_id", "start"]).itertuples():
        found.setdefault((files[p.source_id].split("#")[0], p.text), []).append(p)
    pairs, missed = [], []
    for row in labelled():
        queue = found.get((row["file"], row["text"]))
        if queue:
            pairs.append((row, queue.pop(0)))
        else:
            missed.append(row)
    extra = [p.text for queue in found.values() for p in queue]
    return pairs, missed, extra


def _line(name: str, k: int, n: int) -> str:
    low, high = wilson(k / max(n, 1), n)
    return f"{name:42s} {k:5d} / {n:5d} = {k / max(n, 1):.3f}  [{low:.3f}, {high:.3f}]"


def main() -> None:
    """Print passages, roles, languages, repetitions, units, recommendations and themes."""
    study = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT
    processed = study / "data" / "processed"
    pairs, missed, extra = matched(study)
    print("shipped corpus against its labels; shares with Wilson 95 % intervals\n")
    print(_line("passages found", len(pairs), len(pairs) + len(missed)), f"   extra: {len(extra)}")
    for row in missed[:8]:
        print("   missed:", row["file"], row["n"], repr(row["text"][:90]))
    for text in extra[:8]:
        print("   extra: ", repr(text[:90]))
    for role in ("prompt", "tip", "comment", "navigation"):
        chosen = [(r, p) for r, p in pairs if r["role"] == role]
        print(_line(f"role {role}", sum(p.role == role for _, p in chosen), len(chosen)))
    voiced = [(r, p) for r, p in pairs if r["role"] in {"tip", "comment"} and r["language"] != "und"]
    print(_line("language of tips and comments", sum(r["language"] == p.language for r, p in voiced), len(voiced)))
    for row, passage in pairs:
        if row["role"] != passage.role:
            print("   role", row["role"], "->", passage.role, repr(row["text"][:80]))
        elif row["role"] in {"tip", "comment"} and row["language"] != passage.language:
            print("   language", row["language"], "->", passage.language, repr(row["text"][:80]))
    _repetitions(pairs, processed)
    _units(pairs, processed)


def _repetitions(pairs: list, processed: Path) -> None:
    duplicates = pd.read_parquet(processed / "duplicates.parquet").set_index("passage_id")
    by_place = {(row["file"], row["n"]): passage.passage_id for row, passage in pairs}
    true = {
        frozenset((p.passage_id, by_place[tuple(r["copy_of"])])): r["kind"]
        for r, p in pairs
        if r["copy_of"] and tuple(r["copy_of"]) in by_place
    }
    chosen = {p.passage_id for r, p in pairs if r["role"] != "navigation"}
    found = {frozenset((i, row.duplicate_of)): row.kind for i, row in duplicates.iterrows() if i in chosen}
    for kind in ("exact", "near", "truncated", "translation"):
        wanted = [pair for pair, k in true.items() if k == kind]
        print(_line(f"repetitions found, {kind}", sum(pair in found for pair in wanted), len(wanted)))
    print(_line("repetitions that are true", sum(pair in true for pair in found), len(found)))


def _units(pairs: list, processed: Path) -> None:
    units = pd.read_parquet(processed / "units.parquet")
    codings = pd.read_parquet(processed / "codings.parquet")
    assigned = codings[codings["assigned"]].groupby("unit_id")["theme_id"].agg(frozenset)
    by_passage = {key: list(group.itertuples()) for key, group in units.groupby("passage_id")}
    true_spans = found_spans = both = 0
    rows = []
    for row, passage in pairs:
        mine = {u.text: u for u in by_passage.get(passage.passage_id, [])}
        truth = {u["text"]: u for u in row.get("units", [])}
        if not row.get("units"):
            continue
        true_spans += len(truth)
        found_spans += len(mine)
        both += len(mine.keys() & truth.keys())
        rows += [(truth[t], mine[t], assigned.get(mine[t].unit_id, frozenset())) for t in truth if t in mine]
    print(f"{'F1 sentence boundaries':42s} {2 * both / (true_spans + found_spans):.3f}  (n = {true_spans} labelled)")
    _score("recommendation", [(t["recommendation"], bool(m.is_recommendation)) for t, m, _ in rows])
    themes = sorted({code for t, _, _ in rows for code in t["codes"]} - {"other"})
    scores = [_score(theme, [(theme in t["codes"], theme in codes) for t, _, codes in rows]) for theme in themes]
    print(f"{'macro-F1 over themes, end to end':42s} {np.mean(scores):.3f}")


def _score(name: str, pairs: list[tuple[bool, bool]]) -> float:
    counts = Counter(pairs)
    hit, false, miss = counts[True, True], counts[False, True], counts[True, False]
    f1 = 2 * hit / max(2 * hit + false + miss, 1)
    print(f"{'F1 ' + name:42s} {f1:.3f}  (n = {len(pairs)}, positives {hit + miss}, found {hit + false})")
    return f1


if __name__ == "__main__":
    main()
