"""Time every stage on the shipped corpus and on one many times larger made from it; print a table.

Usage: python benchmarks/stages.py [--factor N] [--json FILE]. Both studies are temporary folders.

The larger corpus has N variants of each distinct tip and comment of the shipped one. In a variant about 40 % of
the words are replaced by content words of the same language, so no variant repeats another. Voices are renamed
with the variant. Seconds are those that the run itself takes down; they include what a stage imports, which is
most of them on the small corpus. Vectors are computed in `segment`, which needs them first; `embed` reads them
from the study's cache.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
_REPLACED = 0.4
_CONTENT_LETTERS = 4
_PER = {"ingest": "passages", "deduplicate": "passages"}
_STAGE_LIMIT = 600
_WORD = re.compile(r"(\w+)")


def copy_study(target: Path) -> Path:
    """Make a study of the shipped corpus and return its folder."""
    for name in ("study.toml", "codebook.toml"):
        shutil.copy(ROOT / name, target / name)
    shutil.copytree(ROOT / "data" / "raw", target / "data" / "raw")
    return target


def enlarge(small: Path, target: Path, factor: int) -> Path:
    """Make a study of `factor` variants of the distinct tips and comments of a finished run; return its folder."""
    import pandas as pd

    for name in ("study.toml", "codebook.toml"):
        shutil.copy(small / name, target / name)
    processed = small / "data" / "processed"
    passages = pd.read_parquet(processed / "passages.parquet")
    aside = set(pd.read_parquet(processed / "duplicates.parquet")["passage_id"])
    distinct = passages[passages["role"].isin(["tip", "comment"]) & ~passages["passage_id"].isin(aside)]
    records = [
        (p.text, p.language, p.passage_id if pd.isna(p.voice) else p.voice)
        for p in distinct.sort_values("passage_id").itertuples()
    ]
    vocabulary: dict[str, list[str]] = {}
    for language in sorted({language for _, language, _ in records}):
        found = {w.lower() for text, code, _ in records if code == language for w in _content_words(text)}
        vocabulary[language] = sorted(found)
    raw = target / "data" / "raw"
    raw.mkdir(parents=True)
    for number in range(factor):
        lines = [
            json.dumps(
                {
                    "author": f"{voice} {number}",
                    "lang": language,
                    "text": variant(text, vocabulary[language], random.Random(f"{i} {number}")),
                },
                ensure_ascii=False,
            )
            for i, (text, language, voice) in enumerate(records)
        ]
        (raw / f"variant-{number:04d}.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return target


def variant(text: str, vocabulary: list[str], draw: random.Random) -> str:
    """Return the text with about 40 % of its words replaced by others, the longer words first."""
    pieces = _WORD.split(text)
    places = range(1, len(pieces), 2)
    content = [i for i in places if _is_content(pieces[i])]
    function = [i for i in places if not _is_content(pieces[i])]
    draw.shuffle(content)
    draw.shuffle(function)
    for i in (content + function)[: max(1, round(_REPLACED * len(places)))]:
        word = draw.choice(vocabulary)
        pieces[i] = word.capitalize() if pieces[i][:1].isupper() else word
    return "".join(pieces)


def _content_words(text: str) -> Iterator[str]:
    return (word for word in _WORD.findall(text) if _is_content(word))


def _is_content(word: str) -> bool:
    return len(word) >= _CONTENT_LETTERS and word.isalpha()


def work(folder: Path) -> None:
    """Run a study stage by stage in this process; print one JSON line per stage, then one with the table sizes."""
    from pipeline import run as runner
    from pipeline.stages import STAGES
    from pipeline.study import load

    study = load(folder)
    for stage in STAGES:
        print(json.dumps({"starts": stage.name}), flush=True)
        signal.alarm(_STAGE_LIMIT)  # without a handler the alarm ends this process
        outcome = runner.run(study, until=stage.name, quiet=True)
        signal.alarm(0)
        print(json.dumps({"stage": stage.name, "seconds": outcome.ran[stage.name], "peak_mib": _peak()}), flush=True)
    print(json.dumps({"rows": _sizes(study.processed)}), flush=True)


def _peak() -> float:
    """Return the largest memory this process has held so far, in MiB."""
    unit = 1024**2 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


def _sizes(processed: Path) -> dict[str, int]:
    import pyarrow.parquet

    def rows(name: str) -> int:
        return int(pyarrow.parquet.read_metadata(processed / f"{name}.parquet").num_rows)

    coded = pyarrow.parquet.read_table(processed / "codings.parquet", columns=["unit_id"])
    return {
        "sources": rows("sources"),
        "passages": rows("passages"),
        "duplicates": rows("duplicates"),
        "units": rows("units"),
        "coded": len(coded["unit_id"].unique()),
        "topics": rows("topics"),
    }


def measure(folder: Path) -> dict[str, Any]:
    """Run a study in a process of its own; return seconds and peak per stage, sizes, and the no-change time."""
    print(f"running {folder.name} …", file=sys.stderr, flush=True)
    done = subprocess.run(
        [sys.executable, __file__, "--work", str(folder)], stdout=subprocess.PIPE, text=True, check=False
    )
    told = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    if done.returncode:
        last = next((line["starts"] for line in reversed(told) if "starts" in line), "none")
        why = f"took more than {_STAGE_LIMIT} s" if done.returncode == -signal.SIGALRM else "broke off"
        sys.exit(f"{folder.name}: stage {last} {why}; finished: {[line for line in told if 'stage' in line]}")
    return {
        "rows": told[-1]["rows"],
        "stages": {line["stage"]: line for line in told if "stage" in line},
        "no_change_seconds": no_change(folder),
    }


def no_change(folder: Path, times: int = 3) -> float:
    """Return the wall time of `glosa run` where nothing is stale, the best of a few."""
    best = float("inf")
    for _ in range(times):
        started = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-m", "pipeline", "run", "--study", str(folder)],
            capture_output=True,
            text=True,
            check=True,
        )
        best = min(best, time.perf_counter() - started)
        if "Nothing changed" not in done.stdout:
            sys.exit(f"a second run was not a no-change run:\n{done.stdout}")
    return best


def table(small: dict[str, Any], large: dict[str, Any], factor: int) -> str:
    """Return the measurements of both sizes side by side."""
    head = f"{'':12s} {'shipped corpus':>36s}   {f'{factor} times larger':>36s}"
    columns = f"{'seconds':>9s} {'per second':>17s} {'peak MiB':>8s}"
    lines = [head, f"{'stage':12s} {columns}   {columns}   {'ratio':>6s}"]
    for name, a in small["stages"].items():
        b = large["stages"][name]
        per = _PER.get(name, "units")
        cells = [
            f"{x['seconds']:9.2f} {side['rows'][per] / x['seconds']:8.0f} {per:8s} {x['peak_mib']:8.0f}"
            for side, x in ((small, a), (large, b))
        ]
        lines.append(f"{name:12s} {cells[0]}   {cells[1]}   {b['seconds'] / a['seconds']:6.1f}")
    totals = [sum(x["seconds"] for x in side["stages"].values()) for side in (small, large)]
    peaks = [max(x["peak_mib"] for x in side["stages"].values()) for side in (small, large)]
    cells = [f"{t:9.2f} {'':17s} {p:8.0f}" for t, p in zip(totals, peaks, strict=True)]
    lines.append(f"{'all':12s} {cells[0]}   {cells[1]}   {totals[1] / totals[0]:6.1f}")
    quiet = [side["no_change_seconds"] for side in (small, large)]
    lines.append(f"{'no change':12s} {quiet[0]:9.2f} {'':26s}   {quiet[1]:9.2f} {'':26s}   {quiet[1] / quiet[0]:6.1f}")
    lines.append("")
    for what in small["rows"]:
        lines.append(f"{what:12s} {small['rows'][what]:9,d} {'':26s}   {large['rows'][what]:9,d}")
    lines.append("")
    lines.append("Peak: the most memory the process has held up to the end of the stage. No change: wall time of")
    lines.append("`glosa run` where nothing is stale, best of 3. Coded: units that recommend something.")
    return "\n".join(lines)


def main() -> None:
    """Measure both sizes and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--factor", type=int, default=100, help="how many times larger (default 100)")
    parser.add_argument("--json", type=Path, help="write the measurements to this file as well")
    parser.add_argument("--work", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.work:
        work(options.work)
        return
    if options.factor < 1:
        parser.error("--factor must be at least 1")
    with tempfile.TemporaryDirectory() as folder:
        folders = [Path(folder) / "shipped", Path(folder) / f"{options.factor}-times"]
        for path in folders:
            path.mkdir()
        small = measure(copy_study(folders[0]))
        large = measure(enlarge(folders[0], folders[1], options.factor))
    print(table(small, large, options.factor))
    if options.json:
        found = {"factor": options.factor, "shipped": small, "larger": large}
        options.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
