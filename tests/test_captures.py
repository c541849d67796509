"""The half of the labelled captures that was looked at while the rules were written, end to end in every format.

Floors stand a little under what is measured (`make bench-ingest`). The judges were trained on these captures, so the
floors keep what is reached from being lost; how good it is elsewhere is told by pages left out and by the fresh half.
"""

from __future__ import annotations

import pytest

from benchmarks import captures


@pytest.fixture(scope="module")
def hits() -> captures.Hits:
    return captures.measure("seen")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("measure", "floor"),
    [
        ("passage found", 0.99), ("role comment", 0.995), ("precision of repetitions", 1.0), ("recall exact", 1.0),
        ("recall truncated", 1.0), ("recall near", 0.97), ("precision of translations", 0.98),
        ("recall translation", 0.83), ("role navigation", 0.98), ("role prompt", 0.93), ("role tip", 0.96),
        ("language, 6 words or more", 0.99), ("language, under 6 words", 0.97),
    ],
)  # fmt: skip
def test_labelled_captures(hits: captures.Hits, measure: str, floor: float) -> None:
    wrong = [shown for right, shown in hits[measure] if not right]
    assert hits[measure], measure
    assert 1 - len(wrong) / len(hits[measure]) >= floor, wrong
