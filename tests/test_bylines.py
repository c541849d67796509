from __future__ import annotations

import pytest

from pipeline import bylines

TEXT = "I told her the same day, and I put it in writing that the fault was mine."


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("Ana Ruiz · 2d", "Ana Ruiz"),
        ("Priya Raman · 3rd · HR partner, logistics", "Priya Raman"),
        ("**Jörg von Aalen** (edited 3 days ago)", "Jörg von Aalen"),
        ("by Marta Lago, 3 May 2024", "Marta Lago"),
        ("@coach_lia", "@coach_lia"),
        ("ruth_81 · 14:32", "ruth_81"),
    ],
)
def test_a_name_with_an_age_is_a_byline(line: str, name: str) -> None:
    assert bylines.find(["A title", line, TEXT], [False] * 3) == {1: name}


def test_bare_names_are_bylines_where_there_are_several() -> None:
    page = ["A title", "Dr Solène Auffray", TEXT, "Paul Lind, nurse", TEXT]
    assert bylines.find(page, [False] * 5) == {1: "Dr Solène Auffray", 3: "Paul Lind"}
    assert bylines.find(page[:3], [False] * 3) == {}


@pytest.mark.parametrize(
    "line",
    [
        "Never again.",
        "Say sorry",
        "Ask Ana first",
        "Supervision",
        "Pedir perdón y callar",
        "TRUST",
        TEXT,
        "In 2019 we stopped",
    ],
)
def test_short_answers_are_no_bylines(line: str) -> None:
    assert bylines.find(["A title", line, TEXT, "Me too", TEXT], [False] * 5) == {}


def test_a_title_and_page_furniture_are_no_bylines() -> None:
    assert bylines.find(["Ana Ruiz · 2d", TEXT], [False, False]) == {}
    assert bylines.find(["A title", "Ana Ruiz · 2d", TEXT], [False, True, False]) == {}
