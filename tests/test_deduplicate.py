from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from pipeline.repetitions import Wording, find_repetitions, strip_preview_mark, wording
from pipeline.stages.deduplicate import links_table
from pipeline.study import DeduplicateSection

SETTINGS = DeduplicateSection()
VOCABULARY = "trust break mend listen ask say sorry client coach never again plan talk with without them today".split()
SENTENCES = st.lists(st.sampled_from(VOCABULARY), min_size=1, max_size=14).map(" ".join)
VOICES = st.sampled_from([None, "v1", "v2"])


def make(texts: list[tuple[str, str | None]]) -> list[Wording]:
    return [wording(f"p{i}", text, voice, "en") for i, (text, voice) in enumerate(texts)]


@given(st.lists(st.tuples(SENTENCES, VOICES), max_size=12))
def test_laws(texts: list[tuple[str, str | None]]) -> None:
    wordings = make(texts)
    links = find_repetitions(wordings, SETTINGS)
    aside, kept = {k.passage_id for k in links}, {k.duplicate_of for k in links}
    assert len(aside) == len(links), "a passage repeats one other"
    assert not aside & kept, "chains resolve to one"
    assert {w.passage_id for w in wordings if not w.folded} & aside == set()
    by_id = {w.passage_id: w for w in wordings}
    for link in links:
        assert 0 < link.similarity <= 1
        if link.kind == "exact":
            assert by_id[link.passage_id].folded == by_id[link.duplicate_of].folded
        assert len(by_id[link.duplicate_of].folded) >= len(by_id[link.passage_id].folded), "the fullest is kept"
    assert len(links_table(links)) == len(links)


@given(st.lists(st.tuples(SENTENCES, VOICES), max_size=10))
def test_what_is_left_repeats_nothing(texts: list[tuple[str, str | None]]) -> None:
    wordings = make(texts)
    aside = {link.passage_id for link in find_repetitions(wordings, SETTINGS)}
    assert find_repetitions([w for w in wordings if w.passage_id not in aside], SETTINGS) == []


def test_a_chain_of_edits_points_to_one_kept_passage_or_stays_apart() -> None:
    base = "we should have told the client at once what had been said and by whom in that room".split()
    chain = [" ".join(base[i:] + VOCABULARY[:i]) for i in range(6)]
    links = find_repetitions(make([(text, None) for text in chain]), SETTINGS)
    assert {k.duplicate_of for k in links}.isdisjoint({k.passage_id for k in links})


def test_the_set_of_repetitions_does_not_depend_on_order() -> None:
    texts = [("Say sorry and mean it, then say what you will change next time.", None)] * 3 + [
        ("Say sorry and mean it, then say what you will change next …", None),
        ("Talk to your supervisor before you talk to anybody else at work.", None),
    ]
    rng = random.Random(3)
    results = set()
    for _ in range(6):
        order = rng.sample(range(len(texts)), len(texts))
        links = find_repetitions([make(texts)[i] for i in order], SETTINGS)
        results.add(tuple(sorted(k.kind for k in links)))
    assert results == {("exact", "exact", "truncated")}


def test_preview_marks() -> None:
    assert strip_preview_mark("I would say that you should… see more") == ("I would say that you should", True)
    assert strip_preview_mark("Yo le diría que... ver más") == ("Yo le diría que", True)
    assert strip_preview_mark("I wanted to see more") == ("I wanted to see more", False)
    assert strip_preview_mark("Well…") == ("Well", True)
