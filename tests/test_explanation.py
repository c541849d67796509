"""Why a code: parts of a text, the weight of words, the nearest examples, and what `glosa explain` says."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from pipeline import cli, explanation, occlusion, study, trace
from pipeline.coded import records
from pipeline.engines import coder, encoder, judge, recommender, shipped
from pipeline.errors import GlosaError
from pipeline.explanation import CODEBOOK, NOT_CONSIDERED, Said
from pipeline.occlusion import parts, weigh, without
from pipeline.store import read_table
from tests.conftest import FakeEncoder, cases, glosa, make_study

THEMES = ("accountability", "prevention", "empathy", "dialogue", "supervision")
WORDS = st.lists(
    st.sampled_from(["Ask", "her", "supervisora", "don't", "pe\u0301", "e-mail", "42", "l’ami"]), max_size=9
)
GAPS = st.sampled_from([" ", "  ", ", ", " — ", "\n", ' "', "/", "... ", " (", ") "])
TELLING = {"ask": 0.5, "her": -0.2, "supervisora": 0.125, "don't": 0.05, "42": 0.0}


@st.composite
def texts(draw: st.DrawFn) -> tuple[str, list[str]]:
    """A text and its words, with all kinds of gaps between them."""
    words = draw(WORDS)
    gaps = [draw(GAPS) for _ in range(len(words) + 1)]
    return "".join(f"{gap}{word}" for gap, word in zip(gaps, [*words, ""], strict=True)).strip(), words


def words_of(text: str) -> list[str]:
    return [text[part.start : part.end] for part in parts(text, 10_000) if len(part.runs) == 1]


def linear(asked: Sequence[str]) -> np.ndarray:
    """A scorer that adds up the words, and one that counts them."""
    return np.array([[sum(TELLING.get(w.lower(), 0.0) for w in words_of(t)), len(words_of(t))] for t in asked])


# ── parts and weights ──────────────────────────────────────────────────────────────────────────────────────────────


@given(texts())
def test_a_part_left_out_takes_its_words_along_and_no_other(drawn: tuple[str, list[str]]) -> None:
    text, words = drawn
    assert words_of(text) == words
    for part in parts(text):
        left = [word for i, word in enumerate(words) if i not in part.runs]
        assert words_of(without(text, part)) == left


@given(st.text(max_size=60))
def test_any_text_can_be_taken_apart(text: str) -> None:
    words = words_of(text)
    for part in parts(text):
        assert text[part.start : part.end].strip() == text[part.start : part.end] != ""
        assert words_of(without(text, part)) == [word for i, word in enumerate(words) if i not in part.runs]


def test_what_is_left_closes_up() -> None:
    text = "Ask  her, now."
    assert [without(text, part) for part in parts(text)] == ["her, now.", "Ask  , now.", "Ask  her, .", ", now."]


@pytest.mark.parametrize(("n", "runs"), [(0, 0), (1, 1), (50, 50), (54, 54), (56, 28), (100, 25), (900, 12)])
def test_long_texts_are_cut_into_runs_and_every_word_stands_in_one(n: int, runs: int) -> None:
    text = " ".join(f"w{i}" for i in range(n))
    found = parts(text)
    single = [part for part in found if len(part.runs) == 1]
    assert len(single) == runs
    assert len(found) == max(2 * runs - 1, 0)
    assert " ".join(text[part.start : part.end] for part in single) == text


@given(texts())
def test_of_a_linear_scorer_the_weights_are_the_words_own(drawn: tuple[str, list[str]]) -> None:
    text, words = drawn
    found = weigh(text, linear)
    for part, (weight, count) in zip(found.parts, found.weights, strict=True):
        own = sum(TELLING.get(words[run].lower(), 0.0) for run in part.runs)
        assert weight == pytest.approx(own, abs=1e-9)
        assert count == len(part.runs)
    single = [weight for part, weight in zip(found.parts, found.weights[:, 0], strict=True) if len(part.runs) == 1]
    assert sum(single) == pytest.approx(found.scores[0], abs=1e-9)
    words_for, words_against = found.strongest(0, 99)
    assert {w.words.lower() for w in words_for} == {w.lower() for w in words if TELLING.get(w.lower(), 0) > 0}
    assert {w.words.lower() for w in words_against} == {"her"} & {w.lower() for w in words}


def test_the_strongest_come_first_and_ties_go_to_the_earlier_word() -> None:
    words_for, words_against = weigh("her don't ask, supervisora. Ask", linear).strongest(0, 3)
    assert [(w.words, w.weight) for w in words_for] == [("ask", 0.5), ("Ask", 0.5), ("supervisora", 0.125)]
    assert [(w.words, w.weight) for w in words_against] == [("her", -0.2)]


def test_a_pair_is_named_where_either_word_makes_up_for_the_other() -> None:
    def either(asked: Sequence[str]) -> np.ndarray:
        return np.array([[float(bool({"ask", "tell"} & set(words_of(t))))] for t in asked])

    assert [w.words for w in weigh("now ask tell her", either).strongest(0, 5)[0]] == ["ask tell"]
    assert weigh("now ask her, tell her", either).strongest(0, 5) == ((), ())


def test_no_word_stands_in_two_pairs() -> None:
    def any_two(asked: Sequence[str]) -> np.ndarray:
        return np.array([[len(words_of(t)) >= 3] for t in asked], dtype=float)

    assert [w.words for w in weigh("a b c d", any_two).strongest(0, 9)[0]] == ["a b", "c d"]


@given(texts())
def test_the_scorer_is_asked_once_in_sorted_order_without_repeats(drawn: tuple[str, list[str]]) -> None:
    asked: list[list[str]] = []

    def score(variants: Sequence[str]) -> np.ndarray:
        asked.append(list(variants))
        return linear(variants)

    weigh(drawn[0], score)
    assert len(asked) == 1
    assert asked[0] == sorted(set(asked[0]))


# ── nearest ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_nearest_are_those_with_the_largest_cosine() -> None:
    random = np.random.default_rng(3)
    vectors, vector = random.normal(size=(40, 6)), random.normal(size=6)
    cosines = [float(v @ vector / np.linalg.norm(v) / np.linalg.norm(vector)) for v in vectors]
    found = explanation.nearest(vector, vectors, 7)
    assert [i for i, _ in found] == sorted(range(40), key=lambda i: -cosines[i])[:7]
    assert [likeness for _, likeness in found] == pytest.approx(sorted(cosines, reverse=True)[:7], abs=1e-4)


def test_ties_go_to_the_first_and_nothing_is_like_nothing() -> None:
    rows = np.array([[0.0, 1.0], [2.0, 0.0], [1.0, 0.0], [0.0, 0.0]])
    assert explanation.nearest(np.array([3.0, 0.0]), rows, 4) == [(1, 1.0), (2, 1.0), (0, 0.0), (3, 0.0)]
    assert explanation.nearest(np.array([0.0, 0.0]), rows, 1) == [(0, 0.0)]
    assert explanation.nearest(np.array([1.0, 0.0]), np.empty((0, 2)), 4) == []


# ── the coder, asked about sentences that nobody said ──────────────────────────────────────────────────────────────


def test_what_is_remembered_is_encoded_once_in_sorted_order(fake_encoder: FakeEncoder) -> None:
    encoder = judge.Remembering(fake_encoder)
    first = encoder.encode(["b", "a", "b"])
    assert (encoder.encode(["c", "b"])[1] == first[0]).all()
    assert (first == fake_encoder.encode(["b", "a", "b"])).all()
    assert fake_encoder.calls[:2] == [["a", "b"], ["c"]]
    assert len(encoder.encode([])) == 0


NO_LESSONS = judge.Lessons(np.empty((0, 0)), [], np.empty((0, 0)))


@pytest.fixture(scope="module")
def shipped_judge(tmp_path_factory: pytest.TempPathFactory) -> judge.Judge:
    return judge.load(study.load(make_study(tmp_path_factory.mktemp("judge"), {})), NO_LESSONS)


@pytest.mark.parametrize(
    ("text", "language", "theme", "word"),
    [
        ("You could bring it up with your supervisor before Friday.", "en", "supervision", "supervisor"),
        ("Yo lo hablaría con mi supervisora antes del viernes.", "es", "supervision", "supervisora"),
        ("Eu levaria isso ao supervisor ainda esta semana.", "pt", "supervision", "supervisor"),
        ("You owe them an apology, and soon.", "en", "accountability", "apology"),
    ],
)
def test_a_word_that_carries_a_theme_weighs_for_it(
    shipped_judge: judge.Judge, text: str, language: str, theme: str, word: str
) -> None:
    found = explanation.weigh_words(shipped_judge, text, language)
    top = found.strongest(1 + THEMES.index(theme), 3)[0]
    assert word in " ".join(w.words for w in top).split()


@pytest.mark.slow
def test_the_word_that_a_reader_would_name_is_mostly_among_the_first_three(shipped_judge: judge.Judge) -> None:
    """Of 30 sentences whose telling word was written down beforehand, those to which the coder assigns the theme.

    When this was written: 29 sentences, 23 with the word among the first three.
    """
    found = []
    for case in cases("carriers"):
        weighed = explanation.weigh_words(shipped_judge, case["text"], case["language"])
        target = 1 + THEMES.index(case["theme"])
        if weighed.scores[target] >= shipped.thresholds("accurate")[case["theme"]]:
            named = " ".join(w.words for w in weighed.strongest(target, 3)[0]).split()
            found.append(bool(set(case["word"].split()) & set(named)))
    assert len(found) >= 25
    assert np.mean(found) >= 0.7


def test_a_sentence_is_judged_the_same_in_any_company(shipped_judge: judge.Judge, tmp_path: Path) -> None:
    text = "Ask a mentor, then write down what you promised."
    asked = sorted({without(text, part) for part in parts(text)} | {text})
    alone = judge.load(study.load(make_study(tmp_path, {})), NO_LESSONS)([text], ["en"])
    for order in (asked, asked[::-1]):
        found = shipped_judge(order, ["en"] * len(order))
        assert found.recommendation[order.index(text)] == alone.recommendation[0]
        assert (found.themes[order.index(text)] == alone.themes[0]).all()


def test_another_codebook_and_the_fast_profile_are_judged_by_their_own_coder(tmp_path: Path) -> None:
    loaded = study.load(make_study(tmp_path, {}, '[coding]\nprofile = "fast"\n'))
    themes = loaded.codebook.themes[1:3]
    own = study.Study(loaded.root, loaded.settings, study.Codebook(themes=themes))
    asked = ["Agree on a rule for the next meeting.", "Imagine how she felt."]
    vectors = encoder.embedded().encode(asked)
    for one in (loaded, own):
        expected = coder.load(one.codebook, encoder.embedded()).probabilities(vectors, asked)
        found = judge.load(one, NO_LESSONS)(asked, ["en", "en"])
        assert (found.themes == expected).all()
        assert (found.recommendation == recommender.probabilities(vectors, asked, ["en", "en"])).all()
    assert found.themes.shape == (2, 2)


# ── the command ────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def coded_study(finished: study.Study, tmp_path_factory: pytest.TempPathFactory) -> study.Study:
    """The finished run with codings of two people: Ana's of one unit, hers and Ben's of another."""
    folder = tmp_path_factory.mktemp("explained") / "study"
    shutil.copytree(finished.root, folder)
    first, second = _assigned(finished, "supervision")[:2]
    (folder / "data" / "coded").mkdir(exist_ok=True)
    (folder / "data" / "coded" / "own.csv").write_text(
        f"unit_id,coder,codes\n{first},ana,dialogue|empathy\n{second},ana,supervision\n{second},ben,\n",
        encoding="utf-8",
    )
    return study.load(folder)


def said(unit_id: str, loaded: study.Study, *options: str) -> str:
    """Return what `glosa explain` prints."""
    return CliRunner().invoke(cli.app, ["explain", unit_id, "--study", str(loaded.root), *options]).stdout


def _assigned(loaded: study.Study, theme: str) -> list[str]:
    codings = read_table(loaded.processed / "codings.parquet", "codings")
    return sorted(codings.loc[(codings["theme_id"] == theme) & codings["assigned"], "unit_id"])


def _units(loaded: study.Study) -> pd.DataFrame:
    return read_table(loaded.processed / "units.parquet", "units").set_index("unit_id")


def test_people_are_named_before_the_machine(coded_study: study.Study) -> None:
    first, second = _assigned(coded_study, "supervision")[:2]
    shown = said(first, coded_study).splitlines()
    what = [line.split()[0] for line in shown]
    assert what[:2] == ["unit", "people"]
    assert shown[1].endswith("  ana: empathy, dialogue")
    assert what.index("recommendation") < what.index("supervision") < what.index("example")
    both = explanation.explain(coded_study, second)
    assert both.people == (Said("ana", "", ("supervision",)), Said("ben", "", ()))
    assert "ben: nothing applies" in [value for _, value in explanation.lines(both)]


@pytest.mark.slow
def test_json_says_the_same_and_in_another_process_the_same_to_the_byte(coded_study: study.Study) -> None:
    unit_id = _assigned(coded_study, "supervision")[0]
    found = explanation.explain(coded_study, unit_id)
    shown = said(unit_id, coded_study, "--json")
    assert json.loads(shown) == json.loads(json.dumps(asdict(found)))
    assert found.text in shown
    assert glosa("explain", unit_id, "--json", "--study", str(coded_study.root)).stdout == shown


def test_an_unknown_unit_is_answered_as_by_trace(coded_study: study.Study) -> None:
    letters = []
    for ask in (explanation.explain, lambda *about: list(trace.lines(*about))):
        with pytest.raises(GlosaError, match="there is no such unit") as caught:
            ask(coded_study, "u0")
        letters.append(caught.value.letter())
    assert letters[0] == letters[1]


def test_scores_thresholds_and_states_are_those_of_the_run(finished: study.Study) -> None:
    codings = read_table(finished.processed / "codings.parquet", "codings")
    chosen, margin = shipped.thresholds("accurate"), finished.settings.coding.margin
    for unit_id in (*_assigned(finished, "supervision")[:2], *_assigned(finished, "other")[:2]):
        found = explanation.explain(finished, unit_id)
        own = codings[codings["unit_id"] == unit_id].set_index("theme_id")
        assert {d.name: (d.score, d.status) for d in found.themes} == {
            theme: (row["score"], row["status"]) for theme, row in own.iterrows()
        }
        for decision in found.themes[:-1]:
            assert decision.threshold == chosen[decision.name]
            assert (decision.status == "assigned") == (decision.score >= round(chosen[decision.name] + margin, 6))
        assert found.recommendation.status == "yes"
        assert found.method == "trained-blend"
        assert found.themes[0].words_for
        assert found.themes[-1].name == "other"
        assert not found.notes
        assert not found.people


def test_a_unit_that_recommends_nothing_is_explained_too(finished: study.Study) -> None:
    units = _units(finished)
    unit_id = sorted(units.index[~units["is_recommendation"]])[0]
    found = explanation.explain(finished, unit_id)
    assert found.recommendation.status == "no"
    assert found.recommendation.score < found.recommendation.threshold == finished.settings.units.threshold
    assert {decision.status for decision in found.themes} == {NOT_CONSIDERED}
    assert any("no theme was considered" in note for note in found.notes)


def test_examples_come_from_the_codebook_and_from_people_but_not_from_the_unit_itself(
    coded_study: study.Study,
) -> None:
    taught = {text for theme in coded_study.codebook.themes for texts in theme.examples.values() for text in texts}
    first, second = _assigned(coded_study, "supervision")[:2]
    texts = _units(coded_study)["text"]
    found = explanation.explain(coded_study, first)
    likeness = [example.likeness for example in found.nearest]
    assert len(likeness) == 5
    assert likeness == sorted(likeness, reverse=True)
    for example in found.nearest:
        assert example.text in taught if example.coded_by == CODEBOOK else example.text == texts[second]

    coded = records.load(
        coded_study, _units(coded_study).reset_index(), read_table(coded_study.processed / "sources.parquet", "sources")
    )
    by_people, ids = explanation.coded_examples(coded, _units(coded_study).reset_index())
    assert [(e.coded_by, e.codes, i) for e, i in zip(by_people, ids, strict=True) if i == second] == [
        ("ben", (), second),
        ("ana", ("supervision",), second),
    ]
    assert {e.language for e in explanation.taught_examples(coded_study.codebook)} >= {"en", "es", "pt"}


def test_the_studys_cache_of_vectors_keeps_only_the_codebooks_examples(coded_study: study.Study) -> None:
    ids = sorted(_units(coded_study).index)[-2:]

    def rows() -> int:
        with closing(sqlite3.connect(coded_study.state / "vectors.sqlite")) as database:
            return int(database.execute("SELECT count(*) FROM vectors").fetchone()[0])

    explanation.explain(coded_study, ids[0])
    before = rows()
    explanation.explain(coded_study, ids[1])
    assert rows() == before


def test_a_coder_that_has_changed_since_the_run_is_noticed(finished: study.Study) -> None:
    def other(texts: Sequence[str], languages: Sequence[str]) -> judge.Judgement:
        assert set(languages) == {language}
        return judge.Judgement(np.full(len(texts), 0.7), np.full((len(texts), len(finished.codebook.ids)), 0.4))

    unit_id = _assigned(finished, "supervision")[0]
    language = _units(finished).at[unit_id, "language"]
    found = explanation.explain(finished, unit_id, other)
    assert any("glosa run" in note for note in found.notes)
    assert found.recommendation.words_for == found.recommendation.words_against == ()
    assert "words" in [what for what, _ in explanation.lines(found)]


def test_a_run_that_was_stopped_before_the_vectors_is_noticed(coded_study: study.Study, tmp_path: Path) -> None:
    shutil.copytree(coded_study.root, tmp_path / "stopped")
    stopped, unit_id = study.load(tmp_path / "stopped"), _assigned(coded_study, "supervision")[0]
    file = stopped.processed / "vectors.parquet"
    table = read_table(file, "vectors")
    table[table["unit_id"] != unit_id].to_parquet(file, index=False)
    fixed = judge.Judgement(np.full(1, 0.7), np.full((1, len(stopped.codebook.ids)), 0.4))
    with pytest.raises(GlosaError, match=f"knows no unit {unit_id}"):
        explanation.explain(
            stopped, unit_id, lambda texts, _: judge.Judgement(*(np.repeat(a, len(texts), 0) for a in fixed))
        )


def test_without_a_run_it_says_so(tmp_path: Path) -> None:
    with pytest.raises(GlosaError, match="glosa run"):
        explanation.explain(study.load(make_study(tmp_path, {})), "u0")


def test_the_word_pattern_keeps_what_belongs_together() -> None:
    assert words_of("Bem-vindo! Don’t e-mail l'ami; pe\u0301 (42) «sí»") == [
        "Bem-vindo", "Don’t", "e-mail", "l'ami", "pe\u0301", "42", "sí",
    ]  # fmt: skip
    assert occlusion.parts("… — !") == ()
