from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from pipeline import schemas, sensitivity
from pipeline.coded import rethreshold
from pipeline.report import variations as words
from pipeline.report.strings import Strings
from pipeline.sensitivity import Material
from pipeline.store import read_table
from pipeline.study import DeduplicateSection, Study

ADVICE = "ask {who} what they need from you and then wait for a full answer before you say a word about yourself"


@pytest.fixture(scope="module")
def material() -> Material:
    """Twelve voices of one unit, and one of eight; English but for six voices; v0's comment stands a second time."""
    voices = [f"v{i}" for i in range(12)] + ["talker"] * 8
    units = pd.DataFrame(
        {
            "voice": voices,
            "language": ["es"] * 6 + ["en"] * 14,
            "role": "comment",
            "source": ["s0"] * 6 + ["s1"] * 14,
            "passage_id": [f"p{i}" for i in range(12)] + ["long"] * 8,
        },
        index=[f"u{i}" for i in range(20)],
    )
    codes = pd.DataFrame({"a": [i < 5 for i in range(20)], "other": [i >= 5 for i in range(20)]}, index=units.index)
    texts = [f"nothing but number {i} is said here" for i in range(12)]
    texts[0], texts[1] = ADVICE.format(who="the other person"), ADVICE.format(who="all the other people in the room")
    ids = [f"p{i}" for i in range(12)]
    passages = pd.DataFrame({"passage_id": ids, "text": texts, "voice": None, "language": "en"})
    duplicates = pd.DataFrame(
        [("copy", "p0", "near", 0.9), ("same", "p0", "exact", 1.0), ("traduzido", "p7", "translation", 0.8)],
        columns=["passage_id", "duplicate_of", "kind", "similarity"],
    )
    return Material(units, codes, passages, duplicates, {"language": set(), "role": set(), "source": set()}, 5)


@pytest.fixture(scope="module")
def table(material: Material) -> pd.DataFrame:
    lower = material.codes.assign(a=True)
    varied = sensitivity.variations(material, DeduplicateSection(), frozenset(), {"lower": lower})
    return sensitivity.table(varied)


def cell(table: pd.DataFrame, variation: str, level: str = "", theme: str = "a") -> tuple[int, int, bool]:
    row = table.set_index(["variation", "level", "theme_id"]).loc[(variation, level, theme)]
    return int(row["n_units"]), int(row["base_units"]), bool(row["suppressed"])


@pytest.mark.parametrize(
    ("variation", "level", "expected"),
    [
        ("main", "", (5, 20, False)),
        ("near", "0.75", (4, 19, False)),  # p1 repeats p0 with a few words more
        ("near", "0.95", (6, 21, False)),  # the copy comes back with the code of p0
        ("repeats", "", (7, 23, False)),
        ("without_top_voice", "", (5, 12, True)),  # one voice could be worked out
        ("without_top_voices", "5", (3, 8, False)),
        ("without_language", "es", (0, 14, False)),
        ("without_language", "en", (5, 6, False)),
        ("without_translated", "", (5, 19, True)),
        ("thresholds", "lower", (20, 20, False)),
    ],
)
def test_every_variation_by_hand(
    table: pd.DataFrame, variation: str, level: str, expected: tuple[int, int, bool]
) -> None:
    assert cell(table, variation, level) == expected


def test_the_table_is_as_declared_and_differences_are_points(table: pd.DataFrame) -> None:
    schemas.validate("sensitivity", table)
    assert len(set(table["variation"]) - {"main"}) == 7
    row = table[(table["variation"] == "without_language") & (table["level"] == "es") & (table["theme_id"] == "a")]
    assert row["difference"].item() == -25.0


def test_a_suppressed_variation_tells_only_how_far_a_theme_moves_at_most(table: pd.DataFrame) -> None:
    records = {(r["variation"], r["level"]): r for r in sensitivity.records(table)}
    top = records["without_top_voice", ""]
    assert (top["suppressed"], top["base_units"], top["themes"], top["at_most"]) == (
        True,
        None,
        None,
        20,
    )  # 16.7 points
    assert records["without_top_voices", "5"]["at_most"] is None
    assert records["main", ""]["themes"]["a"] == {"n_units": 5, "share": 0.25, "difference": 0.0}


def test_the_rest_of_a_shown_group_must_not_be_few_either(material: Material) -> None:
    """Without the k most prolific voices, a source would be left with one voice: its numbers would follow."""
    across = material.units["voice"].isin(["v0", "v1", "v2", "v6", "talker"])
    assert not sensitivity._gives_away(material, across)
    nearly_s1 = material.units["voice"].isin([f"v{i}" for i in range(6, 12)])
    assert sensitivity._gives_away(material, nearly_s1)
    unshown = {"language": {"en", "es"}, "role": set(), "source": {"s0", "s1"}}
    assert not sensitivity._gives_away(Material(**{**vars(material), "hidden": unshown}), nearly_s1)


def test_an_empty_corpus_has_no_shares(material: Material) -> None:
    nobody = Material(**{**vars(material), "units": material.units.head(0), "codes": material.codes.head(0)})
    empty = sensitivity.table(sensitivity.variations(nobody, DeduplicateSection(), frozenset(), {}))
    schemas.validate("sensitivity", empty)
    assert empty["share"].isna().all()
    assert {record["at_most"] for record in sensitivity.records(empty)} == {None}


def test_thresholds_that_are_not_moved_give_the_codes_again_and_lower_ones_find_more(finished: Study) -> None:
    codings = read_table(finished.processed / "codings.parquet", "codings")
    nobody = pd.DataFrame(columns=["recommendation", *finished.codebook.ids, "other"], dtype=float)
    nobody.index = nobody.index.astype("str")
    arguments: tuple[Any, ...] = (codings, nobody, finished.codebook.ids, finished.settings.coding)
    now = rethreshold.moved(*arguments, 0.0)
    assigned = codings.pivot(index="unit_id", columns="theme_id", values="assigned")[list(now.columns)]
    pd.testing.assert_frame_equal(now, assigned.astype(bool), check_names=False)
    lower, higher = rethreshold.moved(*arguments, -0.1), rethreshold.moved(*arguments, 0.1)
    themes = list(finished.codebook.ids)
    assert (lower[themes] >= now[themes]).all().all()
    assert (higher[themes] <= now[themes]).all().all()
    assert higher["other"].sum() > lower["other"].sum()


@pytest.mark.parametrize("language", ["en", "es", "pt"])
def test_every_variation_has_a_name_and_the_figure_says_what_moves_most(table: pd.DataFrame, language: str) -> None:
    t = Strings(language)
    named = words.named(sensitivity.records(table), t)
    assert len({row["name"] for row in named}) == len(named)
    assert all(row["name"] and "{" not in row["name"] for row in named)
    text = words.alternative(sensitivity.records(table), {"a": "Alpha"}, t)
    assert "Alpha" in text and "100" in text
