"""Measure ingest and deduplication end to end on labelled captures in every format; print a table.

Usage: python benchmarks/captures.py [--show]. `captures-seen.jsonl` was looked at while the rules were written;
`captures-fresh.jsonl`, where there is one, was written by somebody who had not seen the code, and nothing is tuned on
it; once it has been looked at, it is appended to the other. Each half is
built into real files, run through `ingest` and `deduplicate`, and compared with its labels. Wilson 95 % intervals.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import pandas as pd  # noqa: E402

from pipeline import run  # noqa: E402
from pipeline.intervals import wilson  # noqa: E402
from pipeline.study import load  # noqa: E402
from tests.builders import blocks, build  # noqa: E402

HALVES = ("seen", "fresh")
STUDY = '[study]\ntitle = "Cases"\nquestion = "What is read?"\nlanguages = ["es", "en", "pt", "fr", "de", "it"]\n'
Hits = defaultdict[str, list[tuple[bool, str]]]


def captures(half: str) -> list[dict[str, Any]]:
    """Return the labelled captures of a half; none where nobody has written it yet."""
    file = ROOT / "tests" / "cases" / f"captures-{half}.jsonl"
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()] if file.exists() else []


def tables(half: str, folder: Path) -> dict[str, pd.DataFrame]:
    """Build the captures into a study, run it as far as deduplication, return its tables."""
    raw = folder / "data" / "raw"
    raw.mkdir(parents=True)
    (folder / "study.toml").write_text(STUDY, encoding="utf-8")
    (folder / "codebook.toml").write_bytes((ROOT / "codebook.toml").read_bytes())
    for capture in captures(half):
        name, content = build(capture)
        (raw / name).write_bytes(content)
    run.run(load(folder), until="deduplicate", quiet=True)
    return {
        name: pd.read_parquet(folder / "data" / "processed" / f"{name}.parquet")
        for name in ("sources", "passages", "duplicates")
    }


def matched(half: str, found: dict[str, pd.DataFrame]) -> Iterator[tuple[str, dict[str, Any], Any]]:
    """Yield (key, label, passage or None) for every labelled block, matched by file, words and order."""
    files = found["sources"].set_index("source_id")["file"]
    queues: dict[tuple[str, str], list[Any]] = defaultdict(list)
    for passage in found["passages"].sort_values(["source_id", "start"]).itertuples():
        queues[files[passage.source_id].split("#")[0], _plain(passage.text)].append(passage)
    for capture in captures(half):
        for block in blocks(capture):
            queue = queues[f"{capture['name']}.{capture['format']}", _plain(block["text"])]
            yield f"{capture['name']}/{block['id']}", block, queue.pop(0) if queue else None


def _plain(text: str) -> str:
    return "".join(text.split())


def measure(half: str) -> Hits:
    """Return, per measure, whether each case was right, with what to show where it wasn't."""
    if not captures(half):
        return defaultdict(list)
    with tempfile.TemporaryDirectory() as folder:
        found = tables(half, Path(folder))
    labelled = list(matched(half, found))
    hits: Hits = defaultdict(list)
    for key, block, passage in labelled:
        _judge_passage(hits, key, block, passage)
    _judge_links(hits, labelled, found["duplicates"])
    return hits


def _judge_passage(hits: Hits, key: str, block: dict[str, Any], passage: Any) -> None:
    shown = f"{key}: {block['text'][:70]!r}"
    if passage is None:
        if block["role"] != "navigation":  # what names a voice or counts likes may be read without being a passage
            hits["passage found"].append((False, shown))
        return
    hits["passage found"].append((True, shown))
    hits[f"role {block['role']}"].append((passage.role == block["role"], f"{shown} read as {passage.role}"))
    if block["role"] in {"tip", "comment"} and block.get("language"):
        size = "under 6 words" if len(block["text"].split()) < 6 else "6 words or more"
        right = passage.language == block["language"]
        hits[f"language, {size}"].append((right, f"{shown} read as {passage.language}, is {block['language']}"))


def _judge_links(hits: Hits, labelled: list[tuple[str, dict[str, Any], Any]], duplicates: pd.DataFrame) -> None:
    passage_of = {key: passage.passage_id for key, _, passage in labelled if passage is not None}
    key_of = {passage: key for key, passage in passage_of.items()}
    truth = {key: target_of(key, block) for key, block, _ in labelled if block.get("copy_of")}
    stands_for = dict(zip(duplicates["passage_id"], duplicates["duplicate_of"], strict=True))
    texts = {key: block["text"] for key, block, _ in labelled}
    for key, block, passage in labelled:
        if passage is None or not block.get("copy_of") or truth[key] not in passage_of:
            continue
        ends = {end_of(passage.passage_id, stands_for), end_of(passage_of[truth[key]], stands_for)}
        hits[f"recall {block['kind']}"].append((len(ends) == 1, f"{key} → {truth[key]}: {block['text'][:70]!r}"))
    for row in duplicates.itertuples():
        a, b = key_of.get(row.passage_id), key_of.get(row.duplicate_of)
        if a and b and not _is_furniture(a, labelled):
            same = end_of(a, truth) == end_of(b, truth) or _plain(texts[a]).casefold() == _plain(texts[b]).casefold()
            kind = "translation" if row.kind == "translation" else "repetition"
            hits[f"precision of {kind}s"].append((same, f"{a} → {b}: {texts[a][:60]!r} / {texts[b][:60]!r}"))


def _is_furniture(key: str, labelled: list[tuple[str, dict[str, Any], Any]]) -> bool:
    return next(block["role"] for other, block, _ in labelled if other == key) == "navigation"


def target_of(key: str, block: dict[str, Any]) -> str:
    """Return the key of what a block is a copy of."""
    target = str(block["copy_of"])
    return target if "/" in target else f"{key.rsplit('/', 1)[0]}/{target}"


def end_of(key: str, links: dict[str, str]) -> str:
    """Return the key that a chain of copies leads to."""
    seen = {key}
    while key in links and links[key] not in seen:
        key = links[key]
        seen.add(key)
    return key


def main() -> None:
    """Print one line per measure, for both halves, and with --show every miss of the seen half."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--show", action="store_true", help="print every miss of the seen half")
    options = parser.parse_args()
    results = {half: measure(half) for half in HALVES}
    print(f"{'end to end, every format':28s} {'seen half':>26s} {'fresh half':>26s}")
    for name in sorted(set(results["seen"]) | set(results["fresh"])):
        print(f"{name:28s} {' '.join(cell([hit for hit, _ in results[half][name]]) for half in HALVES)}")
    if options.show:
        for name, cases in results["seen"].items():
            for hit, shown in cases:
                if not hit:
                    print(f"{name}: {shown}")


def cell(hits: list[bool]) -> str:
    """Return a share with its n and Wilson 95 % interval, as a cell of the printed table."""
    if not hits:
        return f"{'–':>26s}"
    low, high = wilson(sum(hits) / len(hits), len(hits))
    return f"{sum(hits):4d}/{len(hits):<4d} {sum(hits) / len(hits):.3f} [{low:.2f}, {high:.2f}]"


if __name__ == "__main__":
    main()
