"""Charts of topics: the same bytes for the same values, no label on another, a sentence where there is nothing."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from pipeline import charts, topic_charts, topic_results
from pipeline.report import topic_figures
from pipeline.report.strings import Strings, available
from tests import topic_frames as frames

LABELS = {"empathy": "Empathy", "dialogue": "Dialogue", "other": "other"}


def results(tables: dict[str, Any]) -> dict[str, Any]:
    return {"topics": topic_results.build(tables), "points": topic_results.points(tables), "codebook": []}


def texts(figure: Any) -> list[str]:
    """Return every text that a figure shows."""
    from matplotlib.text import Text

    figure.draw_without_rendering()
    return [text.get_text() for text in figure.findobj(Text) if text.get_visible() and text.get_text()]


@pytest.fixture(scope="module")
def drawn() -> dict[str, Any]:
    return topic_figures.draw(results(frames.tables()), LABELS, 15, Strings("en"))


def test_bars_say_how_stable_each_topic_is(drawn: dict[str, Any]) -> None:
    shown = texts(drawn["topics"])
    assert "18 · in 17 of 20 refits" in shown
    assert "10 · in 7 of 20 refits · unstable" in shown
    assert sum(bool(patch.get_hatch()) for patch in drawn["topics"].axes[0].patches) == 1


def test_languages_are_named_in_their_bars_and_hidden_ones_hatched(drawn: dict[str, Any]) -> None:
    axes = drawn["topic_languages"].axes[0]
    assert "English 50\u00a0%" in texts(drawn["topic_languages"])
    widths = [patch.get_width() for patch in axes.patches if patch.get_hatch()]
    assert widths[0] == pytest.approx(0.2)
    assert {round(sum(patch.get_width() for patch in axes.patches) / 5, 6)} == {1.0}


def test_evidence_marks_what_was_chosen(drawn: dict[str, Any]) -> None:
    assert "chosen: 4" in texts(drawn["topic_fits"])
    assert len(drawn["topic_fits"].axes) == 2
    alone = topic_charts.evidence([2, 3], [0.1, None], [None, None], None, ("s", "a", "k", "c"), "nothing")
    assert len(alone.axes) == 1


def test_the_same_values_give_the_same_bytes() -> None:
    found = results(frames.tables())
    once, again = (topic_figures.draw(found, LABELS, 15, Strings("es")) for _ in range(2))
    for name in once:
        assert charts.to_svg(once[name]) == charts.to_svg(again[name])


def test_without_topics_every_figure_says_why() -> None:
    found = results(frames.nothing(1) | {"layout": frames.layout().iloc[:0]})
    assert all(texts(figure) for figure in topic_figures.draw(found, LABELS, 15, Strings("pt")).values())
    for language in available():
        said = topic_figures.alternatives(found, 15, Strings(language))
        assert set(said) == {"topics", "topic_languages", "topic_fits", "topic_map"}
        assert all(len(sentence) > 20 for sentence in said.values())


@pytest.mark.parametrize("language", available())
def test_alternative_texts_state_the_finding(language: str) -> None:
    said = topic_figures.alternatives(results(frames.tables()), 15, Strings(language))
    assert "20" in said["topics"]
    assert "94" in said["topic_fits"]
    assert "%" in said["topic_map"]
    assert "%" in said["topic_languages"]


@pytest.mark.parametrize("n", [1, 6, 25])
def test_names_on_the_map_stand_apart(n: int) -> None:
    rng = np.random.default_rng(n)
    middles = np.vstack([np.full((n, 2), 300.0), rng.uniform(0, 600, size=(n, 2))])
    halves = np.tile([70.0, 10.0], (len(middles), 1))
    frame = np.array([[0.0, 0.0], [700.0, 500.0]])
    placed = topic_charts.apart(middles, halves, frame)
    assert (placed - halves >= frame[0] - 1e-6).all()
    assert (placed + halves <= frame[1] + 1e-6).all()
    for i in range(len(placed)):
        for j in range(i):
            assert (np.abs(placed[i] - placed[j]) >= halves[i] + halves[j] - 1e-6).any()
    assert (topic_charts.apart(middles, halves, frame) == placed).all()


@pytest.mark.parametrize("n", [1, 350])
def test_maps_of_any_size(n: int) -> None:
    rng = np.random.default_rng(0)
    points = {"x": list(rng.random(n)), "y": list(rng.random(n)), "theme": ["empathy", "other", "abstained"] * n}
    points["theme"] = points["theme"][:n]
    figure = topic_charts.units(
        points, {**LABELS, "abstained": "abstained"}, [(0.5, 0.5, "a"), (0.5, 0.5, "b")], "n", ""
    )
    assert {"a", "b"} <= set(texts(figure))


def test_a_map_of_many_topics_names_the_largest_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(topic_figures, "MAX_NAMES", 2)
    shown = " ".join(texts(topic_figures.draw(results(frames.tables()), LABELS, 15, Strings("en"))["topic_map"]))
    assert "of the 2 largest topics" in shown.replace("\n", " ")
    assert "listen, hear" in shown
    assert "screenshot" not in shown
