"""Findings in words: what the rules say of small numbers, in three languages, and what they never say."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline import findings
from pipeline.report import sentences
from pipeline.report.strings import Strings

NOTHING = {"share": None, "low": None, "high": None, "estimator": "not estimable"}
Interval = tuple[float, float, float]


def estimate(share: Interval | None) -> dict[str, Any]:
    if share is None:
        return NOTHING
    return {"share": share[0], "low": share[1], "high": share[2], "estimator": "difference"}


def results(
    shares: Mapping[str, Interval | None],
    n_gold: int = 0,
    grades: Mapping[str, str] | None = None,
    languages: Mapping[str, Mapping[str, Interval | None]] | None = None,
    n_dissent: int = 2,
    voices: bool = False,
) -> dict[str, Any]:
    """Return what `results.build` gives, as far as findings look at it: 40 voices, 60 units; themes by id."""
    themes = [
        {
            "id": theme, "label": theme.capitalize(), "n_voices": 10 + i, "n_units": 12 + i,
            "corrected": {"units": estimate(share), "voices": estimate(share if voices else None)},
        }
        for i, (theme, share) in enumerate(shares.items())
    ]  # fmt: skip
    other = {"id": "other", "label": "other", "n_voices": 4, "n_units": 6}
    levels = [
        {
            "level": code,
            "suppressed": False,
            "cells": {t: {"corrected": {"units": estimate(s)}} for t, s in own.items()},
        }
        for code, own in (languages or {}).items()
    ]
    moved = {theme: {"n_units": 1, "share": 0.5, "difference": -2.25} for theme in shares}
    return {
        "corpus": {"n_eligible": 60, "base_voices": 40},
        "themes": [*themes, {**other, "corrected": {"units": NOTHING, "voices": NOTHING}}],
        "groups": {
            "language": levels,
            "role": [{"level": "tip", "suppressed": True, "cells": {}}],
            "source": [{"level": "a", "suppressed": False, "cells": {}}],
        },
        "people": {
            "n_units": n_gold,
            "n_gold": n_gold,
            "reliability": [{"theme_id": t, "group": "all", "grade": g} for t, g in (grades or {}).items()],
            "validation": [],
        },
        "languages": [
            {"level": "en", "suppressed": False, "eligible": 50},
            {"level": "de", "suppressed": True, "eligible": None},
        ],
        "coder": {"themes": {"by_language": {"en": {}, "es": {}, "other": {}}}},
        "sensitivity": [
            {"variation": "main", "level": "", "suppressed": False, "themes": {}},
            {"variation": "without_language", "level": "es", "suppressed": False, "themes": moved},
        ],
        "dissent": {
            "base": {"n_passages": 30},
            "stances": {"not_restorable": {"n_passages": n_dissent, "n_voices": n_dissent}},
            "silent": {"n_voices": 5},
            "n_voices": 45,
        },
        "uncoded": {"n_other": 6, "n_abstained": 3},
    }  # fmt: skip


def worded(found: dict[str, Any], language: str = "en") -> list[dict[str, Any]]:
    return sentences.findings({**found, "findings": findings.find(found)}, Strings(language))


RAW = results({"care": None, "rules": None})
CODED = results({"care": (0.5, 0.4, 0.6), "rules": (0.2, 0.1, 0.3), "talk": (0.3, 0.2, 0.45)}, n_gold=50,
                grades={"care": "reliable", "rules": "tentative", "talk": "reliable"})  # fmt: skip


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("en", "Voices that recommend each theme, of 40, and units that carry it, of 60, as the machine coded them, in the codebook’s order: Care (voices: 10, units: 12); Rules (voices: 11, units: 13)."),  # noqa: E501
        ("es", "Voces que recomiendan cada tema, de 40, y unidades que lo llevan, de 60, según la codificación automática y en el orden del libro de códigos: Care (voces: 10, unidades: 12); Rules (voces: 11, unidades: 13)."),  # noqa: E501
        ("pt", "Vozes que recomendam cada tema, de 40, e unidades que o trazem, de 60, conforme a codificação automática e na ordem do livro de códigos: Care (vozes: 10, unidades: 12); Rules (vozes: 11, unidades: 13)."),  # noqa: E501
    ],
)  # fmt: skip
def test_what_a_machine_coded_is_counted_and_not_ordered(language: str, expected: str) -> None:
    found = worded(RAW, language)
    assert found[0]["text"] == expected
    assert [one["kind"] for one in found] == ["themes", "comparison", "sensitivity", "minority", "coverage"]
    assert {one["grade"] for one in found} == {"descriptive"}


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("en", "More recommendations carry the first than the second, and their intervals do not overlap: Care 50 % (40 % to 60 %) and Rules 20 % (10 % to 30 %). Pairs of themes told apart: 1; the others cannot be."),  # noqa: E501
        ("es", "Más recomendaciones llevan el primero que el segundo, y sus intervalos no se solapan: Care 50 % (de 40 % a 60 %) y Rules 20 % (de 10 % a 30 %). Pares de temas que se distinguen: 1; los demás no pueden distinguirse."),  # noqa: E501
        ("pt", "Mais recomendações trazem o primeiro do que o segundo, e os seus intervalos não se sobrepõem: Care 50 % (de 40 % a 60 %) e Rules 20 % (de 10 % a 30 %). Pares de temas que se distinguem: 1; os demais não podem ser distinguidos."),  # noqa: E501
    ],
)  # fmt: skip
def test_one_theme_is_called_more_frequent_where_intervals_lie_apart(language: str, expected: str) -> None:
    comparison = worded(CODED, language)[1]
    assert comparison["text"].replace("\u00a0", " ") == expected
    assert comparison["grade"] == "tentative"  # the weaker of the two


def test_voices_are_compared_where_their_shares_are_corrected() -> None:
    found = results({"care": (0.5, 0.4, 0.6), "rules": (0.2, 0.1, 0.3)}, n_gold=50, voices=True)
    assert worded(found)[1]["text"].startswith("More voices recommend")


def test_groups_are_compared_by_corrected_intervals_only() -> None:
    cells = {"en": {"care": (0.6, 0.5, 0.7), "rules": None}, "es": {"care": (0.2, 0.1, 0.3), "rules": (0.9, 0.8, 1.0)}}
    shares: dict[str, Interval | None] = {"care": (0.4, 0.3, 0.5), "rules": None}
    found = findings.find(results(shares, n_gold=50, languages=cells))
    groups = next(one for one in found if one["kind"] == "groups")
    assert (groups["key"], groups["themes"], groups["values"]["n_compared"]) == ("groups_differ", ["care"], 1)
    alike = {"en": {"care": (0.4, 0.3, 0.5), "rules": None}, "es": {"care": (0.3, 0.2, 0.4), "rules": None}}
    found = findings.find(results(shares, n_gold=50, languages=alike))
    assert next(one for one in found if one["kind"] == "groups")["key"] == "groups_alike"


shares = st.one_of(
    st.none(),
    st.lists(st.integers(0, 100), min_size=3, max_size=3).map(
        lambda v: (sorted(v)[1] / 100, min(v) / 100, max(v) / 100)
    ),
)
grades = st.sampled_from(["reliable", "tentative", "descriptive", "insufficient", "undefined"])


@given(
    st.lists(st.tuples(shares, grades), min_size=1, max_size=5),
    st.lists(shares, min_size=2, max_size=3),
    st.booleans(),
    st.integers(0, 2),
)
def test_no_difference_is_claimed_where_intervals_overlap(
    rows: list[tuple[Interval | None, str]], levels: list[Interval | None], coded: bool, n_dissent: int
) -> None:
    names = ["care", "rules", "talk", "help", "amends"][: len(rows)]
    by_theme = {name: share if coded else None for name, (share, _) in zip(names, rows, strict=True)}
    measured = {name: grade for name, (_, grade) in zip(names, rows, strict=True)} if coded else {}
    languages = {
        code: {"care": share if coded else None} for code, share in zip(["en", "es", "pt"], levels, strict=False)
    }
    found = results(by_theme, 50 if coded else 0, measured, languages, n_dissent)
    told = findings.find(found)
    assert 3 <= len(told) <= 5
    assert {"themes", "minority", "coverage"} <= {one["kind"] for one in told}
    for one in told:
        for pair in one["values"].get("list", []):
            if "a_share" in pair:
                assert pair["a_share"]["low"] > pair["b_share"]["high"]
        order = ["reliable", "tentative", "descriptive", "insufficient"]
        for theme in one["themes"]:
            grade = measured.get(theme, "descriptive")
            assert order.index(one["grade"]) >= (3 if grade == "undefined" else order.index(grade))
    if not any(findings.apart(found["themes"][i]["corrected"]["units"], found["themes"][j]["corrected"]["units"])
               for i in range(len(names)) for j in range(len(names))):  # fmt: skip
        assert not [one for one in told if one["key"].startswith("more_")]
    numbers = []
    for language in ("en", "es", "pt"):
        t = Strings(language)
        both = {**found, "findings": told, "cautions": findings.cautions(found)}
        text = [one["text"] for one in sentences.findings(both, t)] + sentences.cautions(both, t)
        assert not any("{" in line for line in text)
        numbers.append([sorted(re.findall(r"\d+(?:\.\d+)?", line)) for line in text])
    assert numbers[0] == numbers[1] == numbers[2]


def test_what_must_not_be_concluded_follows_from_what_the_study_lacks() -> None:
    keys = [one["key"] for one in findings.cautions(RAW)]
    assert keys == [
        "frequent_raw",
        "groups_raw",
        "roles",
        "population",
        "one_source",
        "one_language",
        "languages",
        "effect",
    ]
    assert findings.cautions(RAW)[6]["values"] == {"languages": ["de"]}
    few = {**RAW, "corpus": {"n_eligible": 60, "base_voices": 12}}
    assert {"key": "few_voices", "values": {"n": 12}} in findings.cautions(few)
    coded = results(
        {"care": (0.5, 0.4, 0.6), "rules": None}, 50, {"care": "reliable", "rules": "insufficient"}, n_dissent=0
    )
    said = {one["key"]: one["values"] for one in findings.cautions(coded)}
    assert said["not_estimable"] == {"themes": ["rules"], "n_gold": 50}
    assert said["agreement"] == {"themes": ["rules"]}
    assert {"frequent", "groups", "dissent"} <= said.keys()
    assert "one_coder" in {one["key"] for one in findings.cautions(results({"care": None}, 50))}


def test_nothing_is_found_in_nothing() -> None:
    assert findings.find({**RAW, "corpus": {"n_eligible": 0, "base_voices": 0}}) == []
