"""Measure how often the stances found by cue words are right, and how many of those taken are found.

Usage: python -m benchmarks.stances. The passages (`tests/cases/stance.jsonl`) were written for this project by one
hand: two parts before and between versions of the cues ("development"), one after, for which no cue was changed
("untouched"). They are short, and most of them take a stance, far more than in a corpus.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pipeline import stances
from pipeline.intervals import wilson

CASES = Path(__file__).resolve().parents[1] / "tests" / "cases" / "stance.jsonl"


def measured(cases: Sequence[dict[str, Any]], stance: str | None = None) -> tuple[int, int, int]:
    """Return how many passages are rightly given a stance (any, where none is named), are given it, and take it."""
    found = [
        (case["stance"], one.stance if (one := stances.find(case["text"], case["language"])) else "none")
        for case in cases
    ]
    wanted = stances.STANCES if stance is None else (stance,)
    right = sum(said == is_ and said in wanted for is_, said in found)
    return right, sum(said in wanted for _, said in found), sum(is_ in wanted for is_, _ in found)


def main() -> None:
    """Print precision and recall with Wilson's interval, for each part."""
    cases = [json.loads(line) for line in CASES.read_text(encoding="utf-8").splitlines()]
    for half in ("development", "untouched"):
        own = [case for case in cases if case["half"] == half]
        for stance in (*stances.STANCES, None):
            right, given, taken = measured(own, stance)
            shown = []
            for of in (given, taken):
                low, high = wilson(right / max(of, 1), of)
                shown.append(f"{right}/{of} = {right / max(of, 1):.2f} [{low:.2f}, {high:.2f}]")
            print(f"{half:12s} n={len(own):3d}  {stance or 'any stance':15s} precision {shown[0]}  recall {shown[1]}")


if __name__ == "__main__":
    main()
