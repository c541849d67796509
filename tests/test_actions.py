"""Actions: cues, negation, who backs what, the codebook's own lines; how well the cues find labelled sentences."""

from __future__ import annotations

import re
import sys
from collections import Counter

import pytest

from pipeline import actions, study
from pipeline.actions import Unit, cues
from pipeline.study import Codebook, Theme
from tests.conftest import ROOT, cases

CASES = cases("actions")
ACTIONS = [action for theme in actions.framed_themes() for action in actions.frames(theme)]
# Measured when the cases were written; the first half's words are known to the cues, the second half's are not.
LEAST = {"first": (0.95, 0.95), "second": (0.85, 0.38)}


def counts(half: str) -> Counter[str]:
    total: Counter[str] = Counter()
    for case in (case for case in CASES if case["half"] == half):
        found = set(actions.match(case["text"], case["language"], case["themes"]).items())
        meant = {(i, True) for i in case["recommends"]} | {(i, False) for i in case["against"]}
        total.update(right=len(found & meant), extra=len(found - meant), missed=len(meant - found), n=1)
    return total


@pytest.mark.parametrize("half", LEAST)
def test_precision_and_recall_on_labelled_sentences(half: str) -> None:
    of = counts(half)
    precision, recall = of["right"] / (of["right"] + of["extra"]), of["right"] / (of["right"] + of["missed"])
    sys.stdout.write(f"\n{half} half: n = {of['n']}, precision {precision:.3f}, recall {recall:.3f}, {dict(of)}\n")
    assert precision >= LEAST[half][0] and recall >= LEAST[half][1]


def test_the_cases_are_many_and_hold_negatives() -> None:
    assert len(CASES) >= 120 and {case["language"] for case in CASES} == {"en", "es", "pt"}
    assert sum(not case["recommends"] for case in CASES) >= 20
    assert {i for case in CASES for i in case["recommends"] + case["against"]} <= {action.id for action in ACTIONS}


@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: action.id)
def test_a_statement_is_too_short_to_share_six_words_with_a_unit(action: actions.Action) -> None:
    assert set(action.do) == set(action.to) == {"en", "es", "pt"}
    assert set(action.cues) == set(actions.available())
    assert all(len(re.findall(r"\w+", text)) <= 5 for text in action.do.values())


@pytest.mark.parametrize(
    ("text", "language", "cue", "says"),
    [
        ("Apologise to her.", "en", "apolog*", True),
        ("Don’t apologise by text.", "en", "apolog*", False),
        ("Never stop apologising.", "en", "apolog*", True),
        ("No, apologise at once.", "en", "apolog*", True),
        ("Nobody apologised; so apologise now.", "en", "apolog*", True),
        ("Nobody apologised.", "en", "apolog*", None),
        ("Without an apology nothing will do.", "en", "apology", True),
        ("Yo no pediría perdón por carta.", "es", "pediría perdón", False),
        ("Sem admitir o erro, nada anda.", "pt", "admit*", True),
        ("Lock away whatever notes you took.", "en", "lock* & notes", True),
        ("Tell her honestly what you said.", "en", "tell … what", True),
        ("Tell her; then see what she wants.", "en", "tell … what", None),
        ("No te olvides de pedir perdón.", "es", "pedir perdón", True),
        ("Não peça desculpa por mensagem.", "pt", "peç*|ped* desculpa*", False),
        ("Pick up the e-mail again.", "en", "the e_mail|letter", True),
    ],
)
def test_a_cue_says_for_against_or_nothing(text: str, language: str, cue: str, says: bool | None) -> None:
    assert cues.stance(cues.clauses(text), [cues.compiled(cue)], actions._negation(language)) is says


def test_an_endless_unit_takes_no_time() -> None:
    assert actions.match("do not " + "apologise and " * 20_000, "en", ["accountability"])["accountability.apologise"]


def test_units_back_actions_under_their_themes_only() -> None:
    codebook = study.load(ROOT).codebook
    units = [
        Unit("u1", "Apologise in person.", "en", ("accountability",), "v1"),
        Unit("u2", "Pide perdón de corazón.", "es", ("accountability",), "v1"),
        Unit("u3", "Apologise in person.", "en", ("dialogue",), "v2"),
        Unit("u4", "Do not apologise by text message.", "en", ("other",), "v3"),
        Unit("u5", "Bake a cake.", "en", ("accountability",), "v4"),
    ]
    found = actions.build(codebook, units)
    assert found == actions.build(codebook, reversed(units))
    row = next(row for row in found["accountability"]["actions"] if row["id"] == "accountability.apologise")
    assert row["units"] == ["u1", "u2"] and (row["n_units"], row["n_voices"]) == (2, 1)
    assert row["against"] == ["u4"]
    assert found["accountability"]["framed"] and found["accountability"]["n_unmatched"] == 1


def test_the_include_lines_are_the_actions_of_another_codebook() -> None:
    theme = Theme(
        id="safety",
        label={"en": "Safety"},
        definition={"en": "Keeping the workshop safe."},
        include={"en": ["wearing helmets and goggles", "sweeping the floor"], "es": ["cascos y gafas"]},
    )
    units = [
        Unit("u1", "Always wear a helmet, and goggles too.", "en", ("safety",), "v1"),
        Unit("u2", "Sweep that floor at six.", "en", ("safety",), "v2"),
        Unit("u3", "Oil the hinges.", "en", ("safety",), "v3"),
    ]
    found = actions.build(Codebook(themes=(theme,)), units)["safety"]
    assert not found["framed"] and found["n_unmatched"] == 1
    assert [(row["do"]["en"], row["units"]) for row in found["actions"]] == [
        ("wearing helmets and goggles", ["u1"]),
        ("sweeping the floor", ["u2"]),
    ]


def test_a_changed_include_line_makes_a_theme_the_studys_own() -> None:
    theme = study.load(ROOT).codebook.themes[0]
    assert actions.is_framed(theme)
    assert not actions.is_framed(theme.model_copy(update={"include": {"en": ["admitting it"]}}))
