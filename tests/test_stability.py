"""How stable topics are: groups that are there come back, chance doesn't, and the matching is the best there is."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.engines import consensus, stability, topics
from pipeline.engines.stability import Stability
from tests.planted import groups, unit, with_few_members

pytestmark = pytest.mark.filterwarnings("error")


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(topics, "_with_bertopic", lambda texts, vectors, engine: engine.fit(vectors))
    monkeypatch.setattr(consensus, "fit", with_few_members())


def measured(vectors: np.ndarray, voices: list[str] | None = None, refits: int = 4) -> Stability:
    found = topics.fit(["text"] * len(vectors), vectors, 5, 0.05)
    return stability.measure(found, vectors, voices or [f"v{i}" for i in range(len(vectors))], 5, refits=refits)


def test_groups_that_are_there_appear_again_and_chance_does_not() -> None:
    clear = measured(groups(4, 25, 0.1)[0])
    assert clear.n_refits == 4
    assert (clear.appears == 1).all()
    assert clear.jaccard.min() > 0.85
    assert clear.agreement[4] == max(clear.agreement.values()) > 0.95
    noise = measured(unit(np.random.default_rng(3).normal(size=(100, 32))))
    assert noise.appears.mean() < 0.6
    assert noise.jaccard.mean() < 0.6
    assert max(noise.agreement.values()) < 0.6


def test_a_topic_that_hangs_on_one_voice_is_gone_when_it_is() -> None:
    vectors, labels = groups(3, 20)
    voices = ["one" if label == 2 else f"v{i}" for i, label in enumerate(labels)]
    found = topics.fit(["text"] * 60, vectors, 5, 0.05)
    steady = stability.measure(found, vectors, voices, 5, refits=10)
    topic = int(found.topics[labels == 2][0])
    without = [not (labels[stability.without_some(np.array(voices), i)] == 2).any() for i in range(10)]
    assert 0 < sum(without) < 10
    assert steady.appears[topic] == pytest.approx(1 - sum(without) / 10), "no match counts as 0"
    assert (np.delete(steady.appears, topic) == 1).all()


@pytest.mark.parametrize("n_voices", [1, 2, 3, 5, 40])
def test_refits_leave_out_whole_voices(n_voices: int) -> None:
    voices = np.array([f"v{i % n_voices}" for i in range(120)], dtype=object)
    for number in range(10):
        kept = stability.without_some(voices, number)
        inside, outside = set(voices[kept]), set(np.delete(voices, kept))
        assert not inside & outside
        assert outside, "somebody is left out"
        assert len(inside) == min(round(0.8 * n_voices), n_voices - 1)
        assert list(kept) == sorted(kept)
    draws = {tuple(stability.without_some(voices, number)) for number in range(10)}
    assert len(draws) > 1 or n_voices == 1


def test_a_refit_takes_no_more_than_it_can(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stability, "_LARGEST", 30)
    kept = stability.without_some(np.array([f"v{i}" for i in range(100)], dtype=object), 0)
    assert len(kept) == 30
    assert list(kept) == sorted(set(kept))


def test_one_voice_or_one_topic_is_not_measured() -> None:
    vectors = groups(3, 20)[0]
    assert measured(vectors, ["one"] * 60).n_refits == 0
    assert measured(vectors[:1].repeat(60, axis=0)).n_refits == 0
    assert measured(vectors[:10]).n_refits == 0


def jaccards(first: np.ndarray, second: np.ndarray, n_first: int) -> np.ndarray:
    rows = []
    for a in range(n_first):
        own = set(np.flatnonzero(first == a))
        others = [set(np.flatnonzero(second == b)) for b in range(max(int(second.max()) + 1, n_first))]
        rows.append([len(own & other) / max(len(own | other), 1) for other in others])
    return np.array(rows)


@settings(max_examples=60)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=25))
def test_the_match_is_the_best_of_all(pairs: list[tuple[int, int]]) -> None:
    first, second = (np.array(column) for column in zip(*pairs, strict=True))
    found = stability.matched(first, second, 4)
    table = jaccards(first, second, 4)
    best = max(sum(table[a, b] for a, b in enumerate(order)) for order in permutations(range(table.shape[1]), 4))
    assert found.sum() == pytest.approx(best)
    assert ((found >= 0) & (found <= 1)).all()


def test_a_greedy_match_would_be_worse() -> None:
    """The first topic's best partner is the only one that the second has; it has to make do with another."""
    first = np.array([0] * 9 + [1] * 5)
    second = np.array([0] * 5 + [1] * 4 + [0] * 5)
    assert list(stability.matched(first, second, 2)) == pytest.approx([4 / 9, 5 / 10])
    assert list(stability.matched(first, first * 0, 2)) == pytest.approx([9 / 14, 0]), "no match counts as 0"
