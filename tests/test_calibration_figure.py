from __future__ import annotations

from typing import Any

import pytest

from pipeline import charts, charts_checks
from pipeline.engines.coder import TRAINED
from pipeline.engines.shipped import read_json
from pipeline.report import calibration
from pipeline.report.strings import Strings

THEMES = ["accountability", "prevention", "empathy", "dialogue", "supervision"]


def results(method: str, validation: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "themes": [{"id": theme, "label": theme.capitalize()} for theme in THEMES],
        "coder": read_json("figures.json")["accurate"],
        "method": method,
        "people": {"validation": validation},
    }


def people(theme: str) -> dict[str, Any]:
    ends = {f"{name}{end}": value for name in ("precision", "recall") for end, value in (("", 0.6), ("_low", 0.4), ("_high", 0.8))}  # fmt: skip  # noqa: E501
    return {"theme_id": theme, "group": "all", **ends}


def test_without_people_it_shows_the_shipped_figures_without_an_interval() -> None:
    rows = calibration.rows(results(TRAINED, []), Strings("en"))
    figures = read_json("figures.json")["accurate"]
    assert [row["name"] for row in rows] == ["recommends something", *(theme.capitalize() for theme in THEMES)]
    assert rows[2]["error"] == figures["themes"]["calibration_error_by_theme"]["prevention"]
    assert rows[2]["recall"] == (figures["themes"]["recall"]["prevention"], None, None)
    assert rows[0]["chance"] == figures["recommendation"]["calibration_error_by_chance"]


def test_with_people_it_shows_what_they_measured_and_a_foreign_codebook_has_no_calibration() -> None:
    rows = calibration.rows(
        results("codebook-regression", [people("prevention"), people("recommendation")]), Strings("en")
    )
    assert [(row["name"], row["error"], row["recall"]) for row in rows] == [
        ("recommends something", None, (0.6, 0.4, 0.8)),
        ("Prevention", None, (0.6, 0.4, 0.8)),
    ]
    assert calibration.rows(results("codebook-regression", []), Strings("en")) == []


@pytest.mark.parametrize("language", ["en", "es", "pt"])
def test_the_alternative_text_names_what_is_off(language: str) -> None:
    t = Strings(language)
    rows = calibration.rows(results(TRAINED, []), t)
    text = calibration.alternative(rows, t)
    assert "Prevention" in text
    assert "0.729" in text
    assert "Supervision" not in text
    assert calibration.alternative([], t) == t("calibration.none")


def test_the_charts_are_drawn_the_same_to_the_byte_also_where_there_is_nothing() -> None:
    right = [((0.9, 0.8, 0.95), (0.5, None, None)), ((None, None, None), (None, None, None))]
    words = ("error", "right", "precision", "recall")
    drawn = [charts_checks.errors(["a", "b"], [(0.05, 0.02), (None, None)], right, words, "nothing") for _ in range(2)]
    assert charts.to_svg(drawn[0]) == charts.to_svg(drawn[1])
    strip = charts_checks.sensitivity(["a"], [0.2], [[(0.1, "without x"), (0.3, "with y")]], "axis", "nothing")
    said = {text.get_text().replace("\n", " ") for text in strip.axes[0].texts}
    assert said == {"10\u00a0% without x", "30\u00a0% with y"}
    for empty in (
        charts_checks.errors([], [], [], words, "nothing"),
        charts_checks.sensitivity([], [], [], "", "nothing"),
    ):
        assert [text.get_text() for text in empty.axes[0].texts] == ["nothing"]
