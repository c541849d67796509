"""The arithmetic behind the coder's figures, and what the shipped figures have to hold."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from benchmarks import decisions, hands, measures
from benchmarks.measures import Asked
from pipeline.engines import shipped

RNG = np.random.default_rng(5)


def asked(truth: np.ndarray, probabilities: np.ndarray) -> Asked:
    """Make sentences of three to a passage."""
    sentences = [hands.Sentence(str(i), "es", f"p{i // 3}", True, ()) for i in range(len(truth))]
    return Asked(sentences, truth, probabilities)


def test_calibration_error_by_hand() -> None:
    truth = np.array([True, False, True, True])
    assert measures.calibration_error(truth, np.array([0.55, 0.55, 0.95, 0.95])) == pytest.approx(0.05)


def test_a_mapping_mends_probabilities_that_are_too_sure() -> None:
    honest = RNG.random(3000)
    truth = RNG.random(3000) < honest
    odds = 2 * np.log(honest / (1 - honest))
    sure = 1 / (1 + np.exp(-odds))
    mapping = decisions.platt(sure, truth)
    assert mapping["slope"] == pytest.approx(0.5, abs=0.05)
    mended = shipped.mapped(sure[:, None], [mapping])[:, 0]
    assert measures.calibration_error(truth, mended) < 0.5 * measures.calibration_error(truth, sure)


def test_thresholds_of_calibrated_probabilities_are_near_half_of_the_best_f1() -> None:
    p = RNG.beta(0.3, 1.2, (4000, 2))
    truth = RNG.random(p.shape) < p
    for chosen, y, q in zip(decisions.best_thresholds(truth, p), truth.T, p.T, strict=True):
        best = max(measures.f1(y, q >= t) for t in decisions.GRID)
        assert chosen == pytest.approx(best / 2, abs=0.06)


def test_dropping_the_least_certain_labels_drops_those_next_to_the_threshold() -> None:
    p = np.array([[0.95], [0.9], [0.85], [0.8], [0.52], [0.45], [0.1]])
    truth = np.array([[True], [True], [True], [True], [False], [True], [False]])
    found = measures.abstention(asked(truth, p), np.array([0.5]), 0.05)
    assert (found["assigned"], found["abstained"], found["units_abstained"]) == (4, 2, 2)
    assert (found["precision"], found["recall"]) == (1.0, 0.8)
    full, *_, least = found["curve"]  # type: ignore[misc]
    assert (full["assigned"], full["precision"]) == (5, 0.8)
    assert (least["assigned"], least["precision"]) == (4, 1.0)
    assert found["lift"] == pytest.approx(0.2)


def test_samples_of_the_learning_curve_are_nested_and_keep_passages_whole() -> None:
    learning_curve = pytest.importorskip("benchmarks.learning_curve")
    pool = [hands.Sentence(str(i), "es", f"p{i // 4}", True, ()) for i in range(400)]
    small, large = (set(learning_curve.sample(pool, size)) for size in (50, 200))
    assert small < large
    assert abs(len(small) - 50) <= 2
    assert all(len({i for i in large if i // 4 == k}) in (0, 4) for k in range(100))


@pytest.mark.parametrize("profile", ["accurate", "fast"])
def test_shipped_figures_hold_what_the_report_needs(profile: str) -> None:
    figures = shipped.read_json("figures.json")[profile]
    head, themes = figures["recommendation"], figures["themes"]
    assert head["held_out"] == "hand-b"
    assert sum(of["n"] for of in head["by_language"].values()) == head["n"]
    assert sum(of["n"] for of in themes["by_language"].values()) == themes["n"]
    for theme, f1 in themes["f1"].items():
        low, high = themes["f1_interval"][theme]
        assert low <= f1 <= high
        assert themes["alpha"][theme]["low"] <= themes["alpha"][theme]["value"] <= themes["alpha"][theme]["high"]
        assert 0 <= themes["calibration_error_by_theme"][theme] < 0.15
    curve = themes["abstention"]["curve"]
    assert [of["coverage"] for of in curve] == [1.0, 0.95, 0.9, 0.8]
    assert all(a["assigned"] > b["assigned"] for a, b in itertools.pairwise(curve))
