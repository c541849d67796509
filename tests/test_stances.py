from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.stances import measured
from pipeline import stances
from tests.conftest import case_params, cases


@pytest.mark.parametrize("case", case_params("stance", lambda case: case["text"]))
def test_stance(case: dict[str, Any]) -> None:
    found = stances.find(case["text"], case["language"])
    assert (found.stance if found else "none") == case["stance"]


def test_on_passages_that_no_cue_was_changed_for_it_is_right_more_often_than_complete() -> None:
    own = [case for case in cases("stance") if case["half"] == "untouched"]
    right, given, taken = measured(own)
    assert (len(own), right, given, taken) == (56, 18, 20, 41)  # precision .90, recall .44
    assert len(cases("stance")) >= 150


@given(st.text(max_size=80), st.sampled_from(["en", "es", "pt", "de", "und"]))
def test_the_evidence_lies_in_the_text(text: str, language: str) -> None:
    found = stances.find(text, language)
    assert found is None or (0 <= found.start < found.end <= len(text) and language in stances.languages())


def test_the_evidence_is_what_says_so() -> None:
    text = "Thanks. İstanbul taught me: TRUST, once lost, is lost. Bye."
    found = stances.find(text, "en")
    assert found is not None
    assert (
        text[found.start : found.end].lower() == "trust, once lost, is lost"
        or "once lost" in text[found.start : found.end]
    )
    rows = [("p1", text, "en", 100), ("p2", "Hello there.", "en", 0), ("p3", text, "de", 0)]
    assert stances.table(rows) == [("p1", "not_restorable", 100 + found.start, 100 + found.end)]


def test_a_condition_goes_before_a_plain_yes_and_the_last_word_counts() -> None:
    both = "Trust can be rebuilt. But it will never be the same."
    assert stances.find(both, "en").stance == "not_restorable"  # type: ignore[union-attr]
    found = stances.find("Trust can only be rebuilt if he admits it. Trust will return.", "en")
    assert found is not None and found.stance == "conditional"


def test_what_others_say_and_what_is_asked_is_nobodys_stance() -> None:
    assert stances.find("Many people say trust once lost is lost.", "en") is None
    assert stances.find("¿La confianza puede recuperarse?", "es") is None


def test_long_and_hostile_text_is_read_in_time() -> None:
    for text in ("trust " * 4_000, "a" * 20_000, "trust cannot " * 2_000, "\u0301" * 10_000, "no se puede " * 2_000):
        for language in stances.languages():
            stances.find(text, language)
