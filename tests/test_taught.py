"""A coder taught by any codebook and by coded sentences."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.engines import taught
from pipeline.engines.taught import Mapping
from pipeline.study import Codebook
from tests.conftest import FakeEncoder

THEMES = ("a", "b", "c")
CODEBOOK = Codebook.model_validate(
    {
        "themes": [
            {"id": t, "label": t, "definition": f"about {t}", "examples": [f"{t} one", f"{t} two"]} for t in THEMES
        ]
    }
)
LONE = Codebook(themes=CODEBOOK.themes[:1])
UNITS = [f"unit {i}" for i in range(60)]
CODED = [f"coded {i}" for i in range(12)]
CODES = np.arange(36).reshape(12, 3) % 5 < 2
SEVERAL = st.lists(st.tuples(st.sampled_from(CODED), st.tuples(*[st.booleans()] * 3)), max_size=8)


class Near(FakeEncoder):
    """Texts with the same first word lie near to each other."""

    def _row(self, text: str) -> np.ndarray:
        row = super()._row(text) + 2 * super()._row(text.split()[0])
        return np.asarray(row / np.linalg.norm(row), dtype=np.float32)


class Second(FakeEncoder):
    """Another encoder, of another width."""

    key = "second@1"

    def __init__(self) -> None:
        super().__init__(24)


ENCODER, SECOND = FakeEncoder(), Second()
FEW = settings(max_examples=25)


def judged(coder: taught.TaughtCoder | taught.LoneCoder, texts: list[str]) -> np.ndarray:
    return coder.probabilities(ENCODER.encode(texts), texts)


@pytest.mark.parametrize("second", [None, SECOND])
def test_what_the_codebook_teaches_is_coded_as_it_says(second: FakeEncoder | None) -> None:
    found = judged(taught.fit(CODEBOOK, ENCODER, second), ["a one", "b two", "c one"])
    assert found.argmax(axis=1).tolist() == [0, 1, 2]
    assert ((found >= 0) & (found <= 1)).all()


def test_teaching_sentences_have_a_fixed_order() -> None:
    assert taught.teaching_sentences(CODEBOOK.themes[0]) == ["a one", "a two", "about a"]


@FEW
@given(st.permutations(range(12)), st.permutations(UNITS))
def test_the_order_of_sentences_and_units_plays_no_part(order: list[int], units: list[str]) -> None:
    one = taught.fit(CODEBOOK, ENCODER, SECOND, CODED, CODES, UNITS)
    other = taught.fit(CODEBOOK, ENCODER, SECOND, [CODED[i] for i in order], CODES[order], units)
    assert (judged(one, UNITS) == judged(other, UNITS)).all()


@FEW
@given(SEVERAL, st.sampled_from(range(3)))
def test_coding_a_sentence_with_a_theme_raises_the_theme_there(
    rows: list[tuple[str, tuple[bool, ...]]], theme: int
) -> None:
    texts, codes = [text for text, _ in rows], [code for _, code in rows]

    def coder(*own: tuple[bool, ...]) -> taught.TaughtCoder:
        found = taught.fit(
            CODEBOOK, ENCODER, SECOND, [*texts, *["new"] * len(own)], np.array([*codes, *own]).reshape(-1, 3)
        )
        assert isinstance(found, taught.TaughtCoder)
        return found

    own = tuple(other == theme for other in range(3))
    vector = ENCODER.encode(["new"])
    decision = [c.decision(vector, ["new"])[0, theme] for c in (coder(), coder(own), coder(own, own))]
    assert decision == sorted(set(decision))
    assert judged(coder(own), ["new"])[0, theme] > judged(coder((False,) * 3), ["new"])[0, theme]


def test_more_sentences_of_a_theme_raise_it_among_their_like() -> None:
    encoder = Near()
    texts = [f"like {i}" for i in range(12)]
    found = []
    for n in (0, 3, 10):
        coder = taught.fit(CODEBOOK, encoder, None, texts[:n], np.tile([True, False, False], (n, 1)))
        found.append(coder.probabilities(encoder.encode(texts[10:]), texts[10:])[:, 0].mean())
    assert found == sorted(found)
    assert found[-1] > found[0] + 0.2


def test_units_that_stand_out_teach_how_a_theme_sounds_in_the_study() -> None:
    encoder = Near()
    themes = [{"id": t, "label": t, "definition": f"{t} is {t}", "examples": [f"{t} one"]} for t in THEMES]
    codebook = Codebook.model_validate({"themes": themes})
    units = [f"{t} {i}" for t in THEMES for i in range(40)]
    fresh = [f"a new{i}" for i in range(20)]
    alone, with_units = (taught.fit(codebook, encoder, units=own) for own in ([], units))
    before, after = (c.probabilities(encoder.encode(fresh), fresh)[:, 0].mean() for c in (alone, with_units))
    assert after > before


def test_without_sentences_the_codebook_alone_decides() -> None:
    alone = taught.fit(CODEBOOK, ENCODER, SECOND)
    none = taught.fit(CODEBOOK, ENCODER, SECOND, [], np.zeros((0, 3), dtype=bool))
    assert alone.method == none.method == taught.FROM_CODEBOOK
    assert taught.fit(CODEBOOK, ENCODER, SECOND, CODED, CODES).method == taught.FROM_CODINGS
    assert (judged(alone, UNITS) == judged(none, UNITS)).all()


def test_shares_of_people_may_stand_for_codes() -> None:
    certain, split = (taught.fit(CODEBOOK, ENCODER, None, CODED, CODES * share) for share in (1.0, 0.5))
    assert (judged(taught.fit(CODEBOOK, ENCODER, None, CODED, CODES), CODED) == judged(certain, CODED)).all()
    assert judged(split, CODED)[CODES].mean() < judged(certain, CODED)[CODES].mean()


@pytest.mark.parametrize("second", [None, SECOND])
def test_a_codebook_of_one_theme_works(second: FakeEncoder | None) -> None:
    lone = taught.fit(LONE, ENCODER, second, units=UNITS)
    assert judged(lone, ["a one", "other"]).shape == (2, 1)
    assert judged(lone, ["a one"]) > judged(lone, ["unit 1"])
    told = taught.fit(LONE, ENCODER, second, CODED, CODES[:, :1], UNITS)
    found = judged(told, CODED)[:, 0]
    assert found[CODES[:, 0]].min() > found[~CODES[:, 0]].max()
    only_positive = taught.fit(LONE, ENCODER, second, CODED[:2], np.ones((2, 1), dtype=bool))
    assert isinstance(only_positive, taught.LoneCoder)
    assert judged(only_positive, ["coded 0"]) > judged(lone, ["coded 0"])


def test_a_theme_of_which_nothing_is_said_is_never_found() -> None:
    silent = {"id": "silent", "label": "silent", "definition": {}}
    codebook = Codebook.model_validate({"themes": [*(t.model_dump() for t in CODEBOOK.themes), silent]})
    assert judged(taught.fit(codebook, ENCODER, SECOND, units=UNITS), UNITS)[:, 3].max() < 0.3


def test_no_units_no_rows() -> None:
    for book in (CODEBOOK, LONE):
        coder = taught.fit(book, ENCODER, SECOND)
        assert coder.probabilities(np.empty((0, 16)), []).shape == (0, len(book.ids))


def test_a_coder_learns_as_if_it_had_been_taught_so_from_the_start() -> None:
    sentences, codes = UNITS[:12], np.eye(3)[np.arange(12) % 3]
    later = taught.fit(CODEBOOK, ENCODER, SECOND, units=UNITS).learned(ENCODER.encode(sentences), sentences, codes)
    at_once = taught.fit(CODEBOOK, ENCODER, SECOND, sentences, codes, UNITS)
    assert (judged(later, UNITS) == judged(at_once, UNITS)).all()


def test_decisions_left_out_are_those_of_a_coder_that_never_saw_the_sentence() -> None:
    rng = np.random.default_rng(0)
    x, codes = rng.normal(size=(30, 6)), np.tile([[1.0], [0.0]], (15, 1))
    _, left_out = taught._ridge(x, codes, np.ones(30), np.arange(30))
    for place in range(30):
        # The balance is kept as it was with all thirty, in which both sides have fifteen.
        weights = np.where(np.arange(30) == place, 0.0, 1.0)
        target = (2 * codes[:, 0] - 1) * weights
        penalised = (x * weights[:, None]).T @ x + taught._RIDGE * np.eye(6)
        refitted = x[place] @ np.linalg.solve(penalised, x.T @ target)
        assert left_out[place, 0] == pytest.approx(refitted)


def test_coded_sentences_correct_probabilities_the_more_there_are() -> None:
    rng = np.random.default_rng(1)
    prior = Mapping(4.0, np.array([-1.0, -1.0]))
    true = Mapping(8.0, np.array([-3.0, 1.0]))
    errors = []
    for n in (0, 20, 2000):
        decision = rng.uniform(-1, 1, size=(n, 2))
        found = taught._calibrate(decision, rng.uniform(size=(n, 2)) < true(decision), prior)
        grid = np.linspace(-1, 1, 41)[:, None].repeat(2, axis=1)
        errors.append(float(np.abs(found(grid) - true(grid)).mean()))
    assert errors == sorted(errors, reverse=True)
    assert errors[-1] < 0.03
