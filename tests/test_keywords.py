"""Keywords per language: what counts as one term, what sets a topic apart, and which units are central."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from functools import cache
from typing import Any

import numpy as np
import pytest

from pipeline.engines import keywords as engine
from pipeline.engines import lemmas as lemma_tables
from pipeline.engines import terms
from pipeline.engines.keywords import ENOUGH, Keyword, central, keywords
from pipeline.engines.lemmas import lemmas, stop_words
from pipeline.languages import lexicon
from tests.conftest import case_params

LIMIT_SECONDS = 20.0
FRUIT = (["cherry", "walnut", "cherry", "plum", "plum", "plum olive", "fig"], ["en"] * 7, [0, 0, 0, 0, 1, 1, 1])


@pytest.fixture(autouse=True, scope="module")
def tables_are_read_once() -> Iterator[None]:
    """The program reads a table once per run; here every test would."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lemma_tables, "_table", cache(lemma_tables._table))
        yield


def shown(found: list[Keyword]) -> list[str]:
    return [keyword.text for keyword in found]


@pytest.mark.parametrize("case", case_params("lemmas", lambda case: case["language"]))
def test_forms_of_a_word_are_one_and_homographs_are_not(case: dict[str, Any]) -> None:
    groups = [*case["same"], *case["apart"]]
    found = lemmas({word for group in groups for word in group}, case["language"])
    for same in case["same"]:
        assert len({found[word] for word in same}) == 1, (same, [found[word] for word in same])
    for apart in case["apart"]:
        assert len({found[word] for word in apart}) == len(apart), (apart, [found[word] for word in apart])


def test_stop_words_are_those_of_the_language_file_and_else_of_spacy() -> None:
    assert stop_words("en") == lexicon("en").stop
    assert "het" in stop_words("nl")
    assert stop_words("und") == stop_words("../x") == frozenset()


@pytest.mark.parametrize("case", case_params("keywords", lambda case: f"{case['language']} {case['what']}"))
def test_what_is_shown_of_a_topic(case: dict[str, Any]) -> None:
    texts = case["texts"]
    found = shown(
        keywords(texts, [case["language"]] * len(texts), [0] * len(texts)).get(0, {}).get(case["language"], [])
    )
    assert set(case["expected"]) <= set(found)
    assert not set(case["never"]) & set(found)


def corpus() -> tuple[list[str], list[str], list[int]]:
    """Two topics in two languages, 12 units each, and background."""
    rows = [
        *[(f"The supervisor listens to case{i} with the mentor.", "en", 0) for i in range(12)],
        *[(f"Write to the board about rule{i} with the mentor.", "en", 1) for i in range(12)],
        *[(f"La supervisora escucha el asunto{i} con la mentora.", "es", 0) for i in range(12)],
        *[("An apology with the mentor.", "en", -1)] * 3,
    ]
    return [row[0] for row in rows], [row[1] for row in rows], [row[2] for row in rows]


def test_topics_are_told_apart_within_each_language() -> None:
    found = keywords(*corpus())
    assert shown(found[0]["en"])[:2] == ["listens", "supervisor"] or "supervisor listens" in shown(found[0]["en"])
    assert "board" in " ".join(shown(found[1]["en"]))
    assert set(found[0]) == {"en", "es"}
    assert set(found[1]) == {"en"}
    for own in (found[0]["en"], found[1]["en"]):
        assert "mentor" not in shown(own), "what all topics have sets none apart"
        assert not any("apology" in keyword.text for keyword in own), "the background has no keywords"
        assert all(keyword.count > 1 for keyword in own), "what one unit of many says names no topic"
        assert [k.weight for k in own] == sorted((k.weight for k in own), reverse=True)


def test_keywords_depend_on_no_order() -> None:
    texts, languages, topics = corpus()
    expected = keywords(texts, languages, topics)
    for seed in range(3):
        order = list(range(len(texts)))
        random.Random(seed).shuffle(order)
        assert keywords(*([row[i] for i in order] for row in (texts, languages, topics))) == expected


def test_equal_weights_are_in_the_order_of_nearness_then_of_the_alphabet() -> None:
    texts, nearness = ["walnut", "cherry", "apple"], [0.9, 0.1, 0.1]
    assert shown(keywords(texts, ["en"] * 3, [0] * 3)[0]["en"]) == ["apple", "cherry", "walnut"]
    assert shown(keywords(texts, ["en"] * 3, [0] * 3, nearness=nearness)[0]["en"]) == ["walnut", "apple", "cherry"]


def test_a_voice_counts_once() -> None:
    texts = ["Gossip hurts."] * ENOUGH + ["Trust grows.", "Trust heals."] + ["Plain talk."] * ENOUGH
    voices = ["verbose"] * ENOUGH + ["a", "b"] + [f"v{i}" for i in range(ENOUGH)]
    by_unit = keywords(texts, ["en"] * len(texts), [0] * len(texts))[0]["en"]
    by_voice = keywords(texts, ["en"] * len(texts), [0] * len(texts), voices=voices)[0]["en"]
    assert any("gossip" in k.text for k in by_unit)
    assert not any("gossip" in k.text for k in by_voice)
    assert ("trust", 2) in [(k.text, k.count) for k in by_voice]


def test_few_units_give_few_words() -> None:
    found = keywords(["apple pear plum cherry walnut"], ["en"], [0])[0]["en"]
    assert len(found) == 3


def test_a_keyword_is_never_long_enough_to_be_a_quotation() -> None:
    texts = ["Never ever share the private details of the client with the board of the school."] * 6
    found = keywords(texts, ["en"] * 6, [0] * 6, n=50)[0]["en"]
    assert max(len(keyword.text.split()) for keyword in found) <= terms.MAX_WORDS


@pytest.mark.parametrize(
    ("texts", "topics"),
    [
        ([], []),
        (["word"], [0]),
        (["word"], [-1]),
        ([""], [0]),
        (["same words"] * 30, [0] * 30),
        (["的"] * 20, [0] * 20),
    ],
)
def test_any_corpus(texts: list[str], topics: list[int]) -> None:
    found = keywords(texts, ["en"] * len(texts), topics)
    assert set(found) == set(topics) - {-1}
    central(np.ones((len(texts), 2)), topics, ["en"] * len(texts), [str(i) for i in range(len(texts))])


def test_the_weights_are_class_based_tf_idf() -> None:
    """Worked by hand: 4 words a class; cherry is 2 of topic 0's 4, and twice in all."""
    found = keywords(*FRUIT)
    weights = {keyword.text: keyword.weight for keyword in found[0]["en"]}
    assert weights["cherry"] == pytest.approx(2 / 4 * np.log(1 + 4 / 2), abs=1e-8)
    assert weights["walnut"] == pytest.approx(1 / 4 * np.log(1 + 4 / 1), abs=1e-8)
    assert "plum" not in weights, "more frequent in the other topic"


@pytest.mark.slow
def test_the_weights_are_those_of_bertopic() -> None:
    from bertopic.vectorizers import ClassTfidfTransformer
    from scipy.sparse import csr_matrix

    texts, languages, topics = FRUIT
    words = sorted({word for text in texts for word in text.split()})
    counts = [
        [sum(w in t.split() for t, k in zip(texts, topics, strict=True) if k == c) for w in words] for c in (0, 1)
    ]
    theirs = ClassTfidfTransformer().fit_transform(csr_matrix(np.array(counts, dtype=float))).toarray()
    for topic, own in keywords(texts, languages, topics).items():
        for keyword in own["en"]:
            assert keyword.weight == pytest.approx(theirs[topic, words.index(keyword.text)], abs=1e-8)


def test_central_units_are_the_nearest_per_language_and_unlike_each_other() -> None:
    rows = np.array([[1.0, 0.0], [0.8, 0.6], [0.801, 0.5987], [0.6, 0.8], [1.0, 0.0], [0.0, 1.0]])
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    found = central(rows, [0, 0, 0, 0, 0, -1], ["en", "en", "en", "en", "es", "es"], list("fedcba"), n=2)
    assert found == {0: {"en": [2, 0], "es": [4]}}


def test_ties_of_central_units_go_by_id() -> None:
    rows = np.eye(4)
    assert central(rows, [0] * 4, ["en"] * 4, ["d", "b", "a", "c"]) == {0: {"en": [2, 1, 3]}}


def test_a_keyword_counts_what_it_says() -> None:
    texts, languages, topics = corpus()
    for topic, own in keywords(texts, languages, topics).items():
        for language, listed in own.items():
            for keyword in listed:
                having = sum(
                    keyword.text.lower() in text.lower()
                    for text, code, label in zip(texts, languages, topics, strict=True)
                    if (code, label) == (language, topic)
                )
                assert keyword.count == having


@pytest.mark.slow
def test_a_hundred_thousand_units() -> None:
    draw = random.Random(1)
    vocabulary = ["".join(draw.choices("abcdefghijklmnop", k=7)) for _ in range(30_000)]
    texts = [" ".join(draw.choices(vocabulary, k=20)) for _ in range(100_000)]
    languages = [draw.choice(["en", "es", "pt"]) for _ in texts]
    topics = [draw.randrange(-1, 40) for _ in texts]
    start = time.process_time()
    assert len(engine.keywords(texts, languages, topics)) == 40
    assert time.process_time() - start < LIMIT_SECONDS
