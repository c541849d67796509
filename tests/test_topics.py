from __future__ import annotations

import random

import numpy as np
import pytest

from pipeline.engines import topics
from tests.conftest import FakeEncoder


def corpus(n: int) -> list[str]:
    rng = random.Random(1)
    vocabulary = [
        "sorry",
        "apologise",
        "listen",
        "feelings",
        "policy",
        "training",
        "supervisor",
        "board",
        "talk",
        "ask",
    ]
    return [f"{i} " + " ".join(rng.choices(vocabulary, k=6)) for i in range(n)]


@pytest.mark.parametrize("n", [0, 1, 2, 3, 14, 15, 16, 50, 120])
def test_any_number_of_units(n: int, fake_encoder: FakeEncoder) -> None:
    texts = corpus(n)
    found = topics.fit(texts, fake_encoder.encode(texts), 5)
    assert len(found) == n
    if n < topics.MIN_UNITS:
        assert set(found) <= {-1}
    used = sorted(set(found) - {-1})
    assert used == list(range(len(used))), "numbered from 0 without gaps"
    sizes = [found.count(topic) for topic in used]
    assert sizes == sorted(sizes, reverse=True), "by size"
    assert all(size >= 5 for size in sizes)
    words = topics.keywords(texts, ["en"] * n, found)
    assert set(words) == set(used)


@pytest.mark.parametrize("text", ["the same words", "的", "12 34"])
def test_identical_units(text: str, fake_encoder: FakeEncoder) -> None:
    texts = [text] * 20
    found = topics.fit(texts, fake_encoder.encode(texts), 5)
    assert found == [0] * 20
    topics.keywords(texts, ["en"] * 20, found)


def test_groups_that_are_apart_are_found() -> None:
    rng = np.random.default_rng(0)
    centres = np.eye(3, 16)
    vectors = np.vstack([centres[i % 3] + rng.normal(scale=0.05, size=16) for i in range(45)])
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    found = topics.fit([f"text {i}" for i in range(45)], vectors, 5)
    assert {tuple(sorted({found[i] for i in range(k, 45, 3)})) for k in range(3)} == {(0,), (1,), (2,)}


def test_centrality_is_zero_without_topic(fake_encoder: FakeEncoder) -> None:
    scores = topics.centrality(fake_encoder.encode(["a", "b", "c"]), [0, 0, -1])
    assert scores[2] == 0
    assert ((scores >= 0) & (scores <= 1)).all()
