"""How common topics are, whether they follow the language, and how they meet the themes."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline import crosswalk, leakage, schemas, topic_estimates
from pipeline.engines import levelled
from pipeline.estimates import ALL, GROUPS
from pipeline.topic_estimates import effective, estimate, holm, share
from tests.planted import unit

pytestmark = pytest.mark.filterwarnings("error")
COVERAGE, RUNS = 0.9, 400


@pytest.fixture(autouse=True)
def fewer_shuffles(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(topic_estimates, "SHUFFLES", 199)


def frame(topics: Sequence[int], voices: Sequence[object], languages: Sequence[str] | None = None) -> pd.DataFrame:
    n = len(topics)
    return pd.DataFrame(
        {
            "unit_id": [f"u{i:04}" for i in range(n)],
            "voice": [str(voice) for voice in voices],
            "language": list(languages or ["en", "es"] * n)[:n],
            "role": (["comment", "comment", "tip"] * n)[:n],
            "source": ["s0"] * n,
            "topic_id": np.array(topics, dtype=np.int64),
        },
        index=range(100, 100 + n),
    )


# -- estimates ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [0, 1, 2, 3, 14, 16, 50])
@pytest.mark.parametrize("n_topics", [0, 1, 3])
def test_estimates_of_any_number_of_units(n: int, n_topics: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(topic_estimates, "SHUFFLES", 2)
    for voices in (range(n), [0] * n):
        table = estimate(frame([i % (n_topics + 1) - 1 for i in range(n)], voices), n_topics, {})
        checked = schemas.validate("topic_estimates", table)
        assert set(checked["topic_id"]) == (set(range(n_topics)) if n else set())


def test_counts_add_up() -> None:
    draws = np.random.default_rng(1)
    units = frame(draws.integers(-1, 3, 90).tolist(), draws.integers(0, 30, 90).tolist())
    table = estimate(units, 3, {})
    for (group, level), own in table.groupby(["group", "level"]):
        inside = units if group == ALL else units[units[group] == level]
        assert own["n_units"].sum() + (inside["topic_id"] == -1).sum() == len(inside) == own["base_units"].iloc[0]
        assert (own["base_voices"] == inside["voice"].nunique()).all()
        assert (own["n_voices"] <= own["base_voices"]).all()
    for group in GROUPS:
        assert table.loc[table["group"] == group, "n_units"].sum() == table.loc[table["group"] == ALL, "n_units"].sum()
    assert ((table["share_low"] <= table["share"]) & (table["share"] <= table["share_high"])).all()
    assert table.loc[table["group"] == ALL, "p"].isna().all()


voiced = st.lists(st.tuples(st.integers(1, 9), st.floats(0, 1)), min_size=1, max_size=12)


@settings(max_examples=25)
@given(voiced)
def test_units_are_worth_no_more_than_they_are(voices: list[tuple[int, float]]) -> None:
    sizes = np.array([size for size, _ in voices], dtype=float)
    counts = np.array([round(size * part) for size, part in voices], dtype=float)
    assert 0 < effective(counts, sizes) <= sizes.sum()
    units = frame(
        [0 if i < count else -1 for size, count in zip(sizes, counts, strict=True) for i in range(int(size))],
        [v for v, size in enumerate(sizes) for _ in range(int(size))],
    )
    found = share(units, 0)
    assert 0 <= found["share_low"] <= found["share"] <= found["share_high"] <= 1
    assert found["share_low"] < found["share_high"]


@settings(max_examples=30)
@given(st.integers(1, 40), st.integers(2, 40), st.integers(2, 12))
def test_voices_that_say_the_same_throughout_count_once(yes: int, no: int, size: int) -> None:
    n = yes + no
    counts, sizes = np.array([size] * yes + [0] * no, dtype=float), np.full(n, float(size))
    assert effective(counts, sizes) == pytest.approx(n - 1), "one less: the variance is that of a sample of voices"
    assert effective(sizes, sizes) == effective(sizes * 0, sizes) == n
    assert effective(np.ones(n), sizes) == n, "and the same where all voices are alike"


def test_alike_voices_are_so_whatever_the_rounding() -> None:
    for n, part, rest in product((2, 3, 7, 13, 30), range(1, 10), range(1, 10)):
        sizes = np.arange(1, n + 1, dtype=float)
        assert effective(part * sizes, (part + rest) * sizes) == n


@pytest.mark.parametrize(
    ("raw", "adjusted"),
    [
        ([0.01, 0.04, 0.03], [0.03, 0.06, 0.06]),
        ([0.01, None, 0.02], [0.02, None, 0.02]),
        ([0.9, 0.8], [1.0, 1.0]),
        ([None], [None]),
        ([], []),
    ],
)
def test_p_values_are_adjusted_for_their_number(raw: list[float | None], adjusted: list[float | None]) -> None:
    """Worked by hand: of three, the least times three, the next times two, and never less than the one before."""
    assert holm(raw) == adjusted


def p_of(units: pd.DataFrame, hidden: set[str] | None = None) -> dict[int, float | None]:
    table = estimate(units, 2, {"language": hidden or set()})
    own = table[table["group"] == "language"]
    assert own.groupby("topic_id")["p"].nunique(dropna=False).max() == 1, "one p for all levels"
    return {row.topic_id: None if pd.isna(row.p) else row.p for row in own.itertuples()}


def test_planted_differences_are_told_and_none_where_there_are_none() -> None:
    languages = ["en", "es"] * 40
    by_language = [0 if i % 2 == 0 and i % 5 else 1 if i % 4 == 1 else -1 for i in range(80)]
    found = p_of(frame(by_language, range(80), languages))
    assert found[0] is not None
    assert found[0] == 2 / 200, "no shuffle gave as much; times two topics"
    alike = p_of(frame([(i // 2) % 3 - 1 for i in range(80)], range(80), languages))
    assert alike[0] is not None
    assert alike[0] > 0.2


def test_units_of_one_voice_are_no_evidence_each() -> None:
    """Two of eleven voices talk on and on: by units a great difference, by voices none that couldn't be chance."""
    voices = [*[0] * 40, *[1] * 40, *range(2, 42)]
    topics = [*[0] * 40, *[-1] * 40, *[i % 2 - 1 for i in range(40)]]
    languages = [*["en"] * 40, *["es"] * 40, *[["en", "es"][i // 2 % 2] for i in range(40)]]
    p = p_of(frame(topics, voices, languages))[0]
    assert p is not None
    assert p > 0.1


def test_no_p_where_fewer_than_five_voices_are_to_be_expected() -> None:
    few = [0] * 9 + [1] * 31
    languages = ["en", "es"] * 20
    found = p_of(frame(few, range(40), languages))
    assert found[0] is None, "9 of 40 voices, 20 in each language: 4.5 are to be expected"
    assert found[1] is not None
    assert p_of(frame([0] * 10 + [1] * 30, range(40), languages))[0] is not None


def test_hidden_levels_are_marked_and_take_no_part() -> None:
    languages = ["en"] * 30 + ["es"] * 30 + ["pt"] * 3
    units = frame([i % 2 for i in range(60)] + [0] * 3, range(63), languages)
    table = estimate(units, 2, {"language": {"pt"}})
    assert set(table.loc[table["suppressed"], "level"]) == {"pt"}
    assert table.loc[table["suppressed"], "group"].eq("language").all()
    without = p_of(frame([i % 2 for i in range(60)], range(60), languages[:60]))
    assert p_of(units, {"pt"}) == without != {0: None, 1: None}
    assert p_of(units) == {0: None, 1: None}, "three voices are too few for a cell"
    assert p_of(units, {"pt", "es"}) == {0: None, 1: None}, "one level differs from none"


def covered(p: float, n_voices: int, alike: float, draws: np.random.Generator) -> float:
    """Return how many of the intervals hold `p`, of clustered units: beta-binomial, 1 to 8 units a voice."""
    hits = 0
    for _ in range(RUNS):
        sizes = draws.integers(1, 9, n_voices)
        spread = (1 - alike) / alike
        counts = draws.binomial(sizes, draws.beta(p * spread, (1 - p) * spread, n_voices))
        topics = np.concatenate([np.arange(n) >= k for n, k in zip(sizes, counts, strict=True)]).astype(int)
        found = share(pd.DataFrame({"topic_id": topics, "voice": np.repeat(np.arange(n_voices), sizes)}), 0)
        hits += found["share_low"] <= p <= found["share_high"]
    return hits / RUNS


@pytest.mark.slow
def test_the_intervals_hold_the_truth(capsys: pytest.CaptureFixture[str]) -> None:
    draws = np.random.default_rng(0)
    cells = {
        (p, n, alike): covered(p, n, alike, draws)
        for p in (0.1, 0.3, 0.5)
        for n in (40, 120)
        for alike in (0.05, 0.3, 0.7)
    }
    with capsys.disabled():
        print("\np, voices, correlation within a voice: coverage of 95 % intervals in", RUNS)  # noqa: T201
        print("\n".join(f"{key}: {value:.3f}" for key, value in cells.items()))  # noqa: T201
    assert min(cells.values()) >= COVERAGE


# -- leakage -----------------------------------------------------------------------------------------------------


def test_topics_that_are_languages_leak_everything() -> None:
    languages = ["en", "es", "pt"] * 20
    found = leakage.measure(
        [["pt", "es", "en"].index(code) for code in languages], languages, [str(i) for i in range(60)], 49
    )
    assert found is not None
    assert found.nmi == 1
    assert found.p == 1 / 50
    assert found.chance < found.high < 0.3


def test_topics_that_have_nothing_to_do_with_languages_leak_no_more_than_chance() -> None:
    topics, languages = [i % 4 for i in range(120)], [["en", "es", "pt"][i // 4 % 3] for i in range(120)]
    found = leakage.measure(topics, languages, [str(i) for i in range(120)], 49)
    assert found is not None
    assert found.nmi <= found.chance <= found.high
    assert found.p > 0.5


def test_the_baseline_shuffles_voices() -> None:
    """Six voices with ten units each, a topic of their own each: it could hardly be otherwise, in any language."""
    voices = [str(i // 10) for i in range(60)]
    found = leakage.measure([i // 10 for i in range(60)], [["en", "es"][i // 10 % 2] for i in range(60)], voices, 49)
    assert found is not None
    assert found.chance == pytest.approx(found.nmi, abs=1e-4)
    assert found.p == 1


@pytest.mark.parametrize(
    ("topics", "languages", "voices"),
    [
        ([], [], []),
        ([0, 0], ["en", "es"], ["a", "b"]),
        ([0, 1], ["en", "en"], ["a", "b"]),
        ([0, 1], ["en", "es"], ["a", "a"]),
    ],
)
def test_no_leakage_can_be_said(topics: list[int], languages: list[str], voices: list[str]) -> None:
    assert leakage.measure(topics, languages, voices) is None


# -- levelled ----------------------------------------------------------------------------------------------------


def spoken(n_pt: int = 60) -> tuple[np.ndarray, list[str]]:
    """Return vectors of the same matters in three languages that lie apart."""
    languages = ["en"] * 60 + ["es"] * 60 + ["pt"] * n_pt
    offsets = {"en": np.eye(24)[20], "es": np.eye(24)[21], "pt": np.eye(24)[22]}
    matter = np.eye(24)[np.arange(len(languages)) % 3] + np.random.default_rng(2).normal(0, 0.1, (len(languages), 24))
    return unit(matter + 2 * np.stack([offsets[code] for code in languages])), languages


def nearest(vectors: np.ndarray, axes: range) -> list[int]:
    return [int(i) for i in vectors[:, list(axes)].argmax(axis=1)]


def test_offsets_of_languages_are_taken_out() -> None:
    vectors, languages = spoken()
    after = levelled.by_language(vectors, languages)
    names = np.array(languages)
    for code in ("en", "es", "pt"):
        assert np.linalg.norm(vectors[names == code].mean(axis=0)) > 0.8
        assert np.linalg.norm(after[names == code].mean(axis=0)) < 0.1
    assert np.allclose(np.linalg.norm(after, axis=1), 1, atol=1e-6)
    assert nearest(after, range(3)) == [i % 3 for i in range(180)], "the matter is still there"
    voices = [str(i) for i in range(180)]
    before = leakage.measure(nearest(vectors, range(24)), languages, voices, 9)
    later = leakage.measure(nearest(after, range(24)), languages, voices, 9)
    assert before is not None
    assert later is not None
    assert before.nmi > 0.9
    assert later.nmi < 0.05


def test_a_language_of_few_units_is_left_where_it_is() -> None:
    vectors, languages = spoken(levelled.MIN_CENTRED - 1)
    after = levelled.by_language(vectors, languages)
    assert np.linalg.norm(after[120:].mean(axis=0)) > 0.5
    assert np.linalg.norm(after[:60].mean(axis=0)) < 0.1


@pytest.mark.parametrize("n", [1, 2, 3, 120])
def test_identical_vectors_have_no_direction_left(n: int) -> None:
    """Else rounding would set languages apart, and nothing but them."""
    row = unit(np.random.default_rng(0).normal(size=(1, 96)))
    found = levelled.by_language(row.repeat(n, axis=0), [["en", "es"][i % 2] for i in range(n)])
    assert found.dtype == np.float32
    assert not found.any()


# -- crosswalk ---------------------------------------------------------------------------------------------------


def coded(*rows: tuple[str, str]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["unit_id", "theme_id"])


@pytest.mark.parametrize(
    ("codes", "kind", "main"),
    [
        (coded(("u0", "a"), ("u1", "a"), ("u2", "b")), crosswalk.INSIDE, "a"),
        (coded(("u0", "a"), ("u1", "b"), ("u2", "c"), ("u3", "other")), crosswalk.ACROSS, "a"),
        (coded(("u0", "b"), ("u1", "b"), ("u2", "other"), ("u3", "abstained")), crosswalk.OUTSIDE, "b"),
        (coded(("u0", "other"), ("u1", "other")), crosswalk.OUTSIDE, None),
        (coded(), crosswalk.ACROSS, None),
        (coded(("x", "a"), ("y", "a")), crosswalk.ACROSS, None),
    ],
)
def test_how_a_topic_meets_the_themes(codes: pd.DataFrame, kind: str, main: str | None) -> None:
    own = frame([0] * 4, range(4)).assign(unit_id=["u0", "u1", "u2", "u3"])
    found = crosswalk.meeting(own, codes, ["a", "b", "c", "other"])
    assert (found["crosswalk"], found["main_theme"]) == (kind, main)
    assert found["n_other"] == (codes["theme_id"] == "other").sum()
    assert found["n_coded"] <= 4


def test_codes_by_unit_and_their_table() -> None:
    codings = pd.DataFrame(
        [
            ("u0", "a", True, "assigned"),
            ("u0", "b", True, "assigned"),
            ("u1", "a", False, "abstained"),
            ("u1", "b", False, "abstained"),
            ("u2", "a", False, "rejected"),
            ("u3", "a", True, "assigned"),
            ("u3", "b", False, "abstained"),
            ("gone", "a", True, "assigned"),
        ],
        columns=["unit_id", "theme_id", "assigned", "status"],
    )
    codes = crosswalk.by_unit(codings, ["u0", "u1", "u2", "u3"])
    assert sorted(codes.itertuples(index=False, name=None)) == [
        ("u0", "a"), ("u0", "b"), ("u1", "abstained"), ("u3", "a"),
    ]  # fmt: skip
    members = pd.DataFrame({"unit_id": ["u0", "u1", "u3"], "topic_id": [0, 0, 1]})
    table = schemas.validate("topic_themes", crosswalk.table(members, codes, ["a", "b", "other"]))
    assert list(table["n_both"]) == [1, 1, 0, 1, 0, 0]
    nothing = crosswalk.by_unit(codings[:0], ["u0"])
    assert len(schemas.validate("topic_themes", crosswalk.table(members[:0], nothing, ["a"]))) == 0
