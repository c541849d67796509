"""Topics: any number of units, planted groups, order, threads, and the sample path."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import warnings
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sklearn.metrics import adjusted_rand_score
from threadpoolctl import threadpool_limits

from pipeline.engines import consensus, layout, stability, topics
from pipeline.engines.topics import Cut, Fit
from tests.conftest import ROOT
from tests.planted import groups, hierarchy, unit, with_few_members

pytestmark = pytest.mark.filterwarnings("error")
with_bertopic = topics._with_bertopic
SIZES = (0, 1, 2, 3, 14, 15, 16, 50, 120)
KINDS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "all different": lambda rows: rows,
    "all identical": lambda rows: np.repeat(rows[:1], len(rows), axis=0),
    "two distinct": lambda rows: rows[np.arange(len(rows)) % 2],
    "one apart": lambda rows: rows[np.minimum(np.arange(len(rows)), 1)],
    "all zero": lambda rows: rows * 0,
    "some zero": lambda rows: rows * (np.arange(len(rows)) % 3 > 0)[:, None],
}
CASES = [(kind, n) for kind in KINDS for n in SIZES if n <= 15 or kind in ("all different", "all identical")]


@pytest.fixture(autouse=True)
def without_bertopic(monkeypatch: pytest.MonkeyPatch) -> None:
    """Importing BERTopic takes seconds; what it is told to do is `fit`, and one test below lets it."""
    monkeypatch.setattr(topics, "_with_bertopic", lambda texts, vectors, engine: engine.fit(vectors))


def noise(n: int, dimensions: int = 16, seed: int = 0) -> np.ndarray:
    return unit(np.random.default_rng(seed).normal(size=(n, dimensions)))


def fit(vectors: np.ndarray, min_size: int = 5, margin: float = 0.05) -> Fit:
    return topics.fit([f"text {i}" for i in range(len(vectors))], vectors, min_size, margin)


def assert_laws(found: Fit, n: int, min_size: int, margin: float) -> None:
    """What must hold of every fit whatsoever."""
    k = found.memberships.shape[1]
    assert found.topics.shape == found.margins.shape == (n,)
    assert found.memberships.shape == (n, k)
    assert ((found.margins >= 0) & (found.margins <= 1 + 1e-9)).all()
    if not k:
        assert found.method == topics.LIST
        assert (found.topics == -1).all()
        assert found.parents == ()
        return
    assert (found.memberships >= 0).all()
    assert np.allclose(found.memberships.sum(axis=1), 1)
    counted = found.topics >= 0
    best = found.memberships.max(axis=1)
    assert (found.memberships[np.flatnonzero(counted), found.topics[counted]] == best[counted]).all()
    assert (counted == (found.margins >= margin)).all()
    sizes = np.bincount(found.topics[counted], minlength=k)
    assert len(sizes) == k
    assert list(sizes) == sorted(sizes, reverse=True), "numbered by size"
    assert sizes.min() >= min_size, "no gap, and nothing smaller than a topic"
    assert len(found.parents) == k
    assert sorted(set(found.parents)) == list(range(len(set(found.parents)))), "families without gaps"
    assert found.parents[0] == 0


@pytest.mark.parametrize(("kind", "n"), CASES)
def test_any_number_of_units(kind: str, n: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(consensus, "fit", with_few_members(8))
    vectors = KINDS[kind](noise(n))
    for min_size in (5, n + 2):
        found = fit(vectors, min_size)
        assert_laws(found, n, min_size, 0.05)
        for voices in (["one"] * n, [f"v{i}" for i in range(n)]):
            steady = stability.measure(found, vectors, voices, min_size, refits=1)
            assert len(steady.appears) == len(steady.jaccard) == found.memberships.shape[1]
            assert steady.n_refits <= (len(set(voices)) > 1), "there is nobody to leave out"
    if n < topics.MIN_UNITS:
        assert found.method == topics.LIST


@pytest.mark.parametrize(("kind", "n"), [(kind, n) for kind, n in CASES if n <= 50])
def test_any_number_of_units_has_a_layout(kind: str, n: int) -> None:
    places = layout.places(KINDS[kind](noise(n)))
    assert places.shape == (n, 2)
    assert ((places >= 0) & (places <= 1)).all()


@pytest.mark.parametrize("margin", [0.0, 0.3, 0.6, 0.99])
def test_laws_hold_where_hardly_anything_is_sure(margin: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """A margin leaves units out after the topics were found: that must neither empty a topic nor change the order."""
    monkeypatch.setattr(consensus, "fit", with_few_members())
    for seed in range(2):
        assert_laws(fit(noise(90, seed=seed), margin=margin), 90, 5, margin)


def test_identical_units_are_one_topic() -> None:
    found = fit(KINDS["all identical"](noise(20)))
    assert list(found.topics) == [0] * 20
    assert found.cuts == ()


def test_too_few_for_one_topic_is_a_list() -> None:
    found = fit(groups(2, 10)[0], min_size=21)
    assert found.method == topics.LIST
    assert fit(groups(2, 10)[0], min_size=20).memberships.shape == (20, 1)


@pytest.mark.slow
@pytest.mark.parametrize("texts", [["the same words"] * 20, ["的"] * 20, ["12 34"] * 20, [""] * 20, ["👍"] * 20])
def test_bertopic_itself_takes_any_texts(texts: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """By default it runs with the shipped corpus alone (`finished`)."""
    with warnings.catch_warnings(action="ignore"):
        import bertopic  # noqa: F401
    monkeypatch.setattr(topics, "_with_bertopic", with_bertopic)
    vectors, labels = groups(2, 10)
    assert list(topics.fit(texts, vectors, 5, 0.05).topics) == list(labels)
    assert list(topics.fit(texts, vectors[:1].repeat(20, axis=0), 5, 0.05).topics) == [0] * 20


@pytest.mark.parametrize(("k", "each", "scale"), [(2, 30, 0.2), (3, 20, 0.1), (4, 20, 0.15), (6, 36, 0.15)])
def test_planted_groups_are_found_and_their_number_too(k: int, each: int, scale: float) -> None:
    vectors, labels = groups(k, each, scale, seed=k)
    found = fit(vectors)
    assert found.k == found.memberships.shape[1] == k
    assert adjusted_rand_score(labels, found.topics) == 1
    assert_laws(found, k * each, 5, 0.05)


def test_units_under_the_margin_are_unassigned() -> None:
    found = fit(groups(3, 40, 0.5)[0], margin=0.5)
    low = found.margins < 0.5
    assert low.any()
    assert (found.topics[low] == -1).all()
    assert (found.topics[~low] >= 0).all()


def test_a_group_under_the_least_size_is_dissolved() -> None:
    vectors, labels = groups(3, 20)
    some = (labels < 2) | (np.arange(60) < 10)  # of the third group, three
    assert fit(vectors[some], min_size=4).memberships.shape[1] == 2
    assert fit(vectors[some], min_size=3).memberships.shape[1] == 3
    ensemble = consensus.fit(vectors[some])
    assert np.bincount(topics.topics_of(ensemble, 3, 4)).min() > 3
    assert sorted(np.bincount(topics.topics_of(ensemble, 3, 3)))[0] == 3


def test_families_hold_topics_that_lie_near() -> None:
    vectors, labels = hierarchy()
    found = fit(vectors)
    assert adjusted_rand_score(labels, found.topics) == 1
    families = {(int(labels[found.topics == topic][0]) // 2, found.parents[topic]) for topic in range(6)}
    assert len(families) == len(set(found.parents)) == 3


def test_the_number_of_topics_is_that_of_the_highest_silhouette_and_of_equals_the_least() -> None:
    assert topics.best([Cut(2, 0.1), Cut(3, 0.4), Cut(4, 0.4), Cut(5, None)]) == 3
    assert topics.best([Cut(2, -0.1), Cut(3, None)]) == 2
    assert topics.best([Cut(2, None)]) == topics.best([]) == 1
    assert [topics.most_topics(n) for n in (15, 91, 92, 3012, 100_000)] == [4, 4, 5, 14, 46]


# -- order, threads, processes -----------------------------------------------------------------------------------


def digest(vectors: np.ndarray, voices: list[str], refits: int = 3, laid_out: int = 40) -> str:
    """Return the hash of all that topics are made of."""
    found = fit(vectors)
    steady = stability.measure(found, vectors, voices, 5, refits=refits)
    arrays = (found.memberships, found.topics, steady.appears, steady.jaccard, layout.places(vectors[:laid_out]))
    content = b"".join(np.ascontiguousarray(array).tobytes() for array in arrays)
    return hashlib.sha256(content + repr((found.cuts, sorted(steady.agreement.items()))).encode()).hexdigest()


def test_threads_change_nothing() -> None:
    """So many rows and dimensions that the arithmetic would be split, and end in other bits."""
    vectors, voices = noise(600, 384), [f"v{i // 3}" for i in range(600)]
    found = set()
    for threads in (1, 2):
        with threadpool_limits(threads):
            found.add(digest(vectors, voices, 0))
    assert len(found) == 1


_PROCESS = """
import numpy as np
from pipeline.engines import topics
from tests import test_topics
topics._with_bertopic = lambda texts, vectors, engine: engine.fit(vectors)
print(test_topics.digest(test_topics.noise({n}, {dimensions}), [f"v{{i // 3}}" for i in range({n})], {refits}, {n}))
"""


def in_two_processes(n: int, dimensions: int, refits: int) -> list[str]:
    """Return what two processes find that run at once, with different threads and hash seeds."""
    code = _PROCESS.format(n=n, dimensions=dimensions, refits=refits)
    running = []
    for number in ("1", "2"):
        threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), number)
        own = {**os.environ, **threads, "PYTHONHASHSEED": number}
        running.append(
            subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, env=own, stdout=subprocess.PIPE, text=True)
        )
    return [process.communicate(timeout=280)[0].strip() for process in running]


@pytest.mark.slow
@pytest.mark.parametrize(("n", "dimensions", "refits"), [(300, 64, 3), (2_000, 384, 4)])
def test_two_processes_with_different_threads_find_the_same_bytes(n: int, dimensions: int, refits: int) -> None:
    one, other = in_two_processes(n, dimensions, refits)
    assert one == other
    assert len(one) == 64


def test_axes_have_a_fixed_sign() -> None:
    vectors = noise(60)
    axes = consensus.principal_axes(vectors).axes
    largest = np.abs(axes).argmax(axis=0)
    assert (axes[largest, np.arange(axes.shape[1])] > 0).all()
    assert np.allclose(axes.T @ axes, np.eye(axes.shape[1]), atol=1e-5)
    # Turned about, the same rows lie as before, only mirrored.
    mirrored = consensus.principal_axes(-vectors)
    assert np.allclose(mirrored(-vectors), -consensus.principal_axes(vectors)(vectors), atol=1e-4)


@settings(max_examples=30)
@example([3, 3, 1, 2, 1])
@given(st.lists(st.integers(0, 5), min_size=1, max_size=20))
def test_labels_in_order(labels: list[int]) -> None:
    found = list(consensus.in_order(np.array(labels)))
    seen = list(dict.fromkeys(found))
    assert seen == list(range(len(seen))), "numbered by first row"
    assert len(set(zip(labels, found, strict=True))) == len(set(labels)) == len(seen), "and the same otherwise"


# -- the sample path ---------------------------------------------------------------------------------------------


def test_units_outside_the_sample_are_placed_by_the_same_rule(monkeypatch: pytest.MonkeyPatch) -> None:
    vectors, labels = groups(4, 60, 0.2)
    full = fit(vectors)
    monkeypatch.setattr(topics, "_BLOCK", 50)
    found = topics.fit([f"text {i}" for i in range(240)], vectors, 5, 0.05, size=120)
    assert (full.method, found.method) == (topics.CONSENSUS, topics.SAMPLED)
    assert list(found.rows) == sorted(set(found.rows))
    assert (len(full.rows), len(found.rows), len(found.topics)) == (240, 120, 240)
    assert_laws(found, 240, 5, 0.05)
    assert adjusted_rand_score(full.topics, found.topics) > 0.9
    assert adjusted_rand_score(labels, found.topics) > 0.9
    steady = stability.measure(found, vectors, [f"v{i}" for i in range(240)], 5, refits=2)
    assert steady.appears.mean() > 0.8


def test_the_sample_is_fixed_and_in_order() -> None:
    drawn = topics.sample(100, 10)
    assert len(drawn) == len(set(drawn)) == 10
    assert list(drawn) == sorted(drawn) == list(topics.sample(100, 10))
    assert list(topics.sample(10, 10)) == list(range(10))
    assert consensus.fit(noise(30), members=4).votes.sum() == 30 * 4, "each member has one vote per row"


def test_who_votes_is_the_same_whatever_part_the_tree_is_built_from() -> None:
    vectors = noise(300)
    whole, part = consensus.fit(vectors), consensus.fit(vectors, np.arange(0, 300, 2))
    assert np.array_equal(whole.rows, part.rows)
    assert np.array_equal(whole.votes[::2], part.votes)
    assert len(part.votes) == 150
