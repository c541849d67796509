"""Small cells: what is not shown can't be worked out from what is."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline import estimates, margins
from pipeline.suppression import hidden_by_group, hidden_levels, suppress

GROUPS = estimates.GROUPS
Unit = tuple[int, int, str, str, bool, bool]  # voice, source, language, role, eligible, has the theme


def units_of(rows: Sequence[Unit]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["voice", "source", "language", "role", "eligible", "theme"])
    frame = frame.assign(source="s" + frame["source"].astype(str), voice="v" + frame["voice"].astype(str))
    frame.index = pd.Index([f"u{i}" for i in range(len(frame))])
    return frame


def in_span(vectors: list[list[int]], wanted: list[int]) -> bool:
    """Say, in exact fractions, whether a vector is a linear combination of others."""
    rows = [[Fraction(x) for x in vector] for vector in vectors]
    target = [Fraction(x) for x in wanted]
    for column in range(len(target)):
        pivot = next((row for row in rows if row[column]), None)
        if pivot is None:
            continue
        rows = [
            [x - row[column] / pivot[column] * p for x, p in zip(row, pivot, strict=True)]
            for row in rows
            if row is not pivot
        ]
        target = [x - target[column] / pivot[column] * p for x, p in zip(target, pivot, strict=True)]
    return not any(target)


units = st.lists(
    st.tuples(
        st.integers(0, 14), st.integers(0, 4), st.sampled_from(["de", "en", "es", "pt"]),
        st.sampled_from(["tip", "comment"]), st.integers(0, 4).map(bool), st.booleans(),
    ),
    min_size=1, max_size=60,
)  # fmt: skip


def captures(seed: int) -> list[Unit]:
    """As captures are: a voice stays with its source, a source mostly with its language; few sources hold tips."""
    rng = np.random.default_rng(seed)
    languages = rng.choice(["de", "en", "es", "fr"], 6)
    strays, sizes, tips = rng.random(6) < 0.5, rng.integers(1, 14, 6), rng.random(6) < 0.4
    rows: list[Unit] = []
    for source in range(6):
        for voice in range(sizes[source]):
            stray = strays[source] and voice == 0
            language, role = (
                "it" if stray else str(languages[source]),
                "tip" if tips[source] and not voice else "comment",
            )
            rows += [(100 * source + voice, source, language, role, bool(rng.random() < 0.9), bool(rng.random() < 0.3))]
    return rows


nested = st.integers(0, 10_000).map(captures)


@pytest.mark.parametrize(
    ("sizes", "hidden"),
    [
        ({"en": 9, "es": 8, "pt": 7}, set()),
        ({"en": 9, "es": 8, "de": 1}, {"de", "es"}),
        ({"en": 9, "de": 3, "fr": 2}, {"de", "fr"}),
        ({"en": 9, "es": 8, "de": 1, "fr": 1, "it": 1}, {"de", "fr", "it", "es"}),  # three voices are too few together
        ({"de": 2}, {"de"}),
        ({"de": 2, "fr": 1}, {"de", "fr"}),
        ({"en": 9, "es": 9, "de": 1}, {"de", "en"}),  # of equals the first by name
        ({}, set()),
    ],
)
def test_a_level_alone_or_a_few_together_take_another_with_them(sizes: dict[str, int], hidden: set[str]) -> None:
    assert suppress(sizes, 5) == hidden


def test_a_voice_in_two_hidden_levels_counts_once() -> None:
    voices = {"de": {"a", "b", "c"}, "fr": {"a", "b", "c", "d"}, "es": set("efghij"), "en": set("klmnopq")}
    assert hidden_levels(voices, 5) == {"de", "fr", "es"}
    assert suppress({level: len(who) for level, who in voices.items()}, 5) == {"de", "fr"}
    assert suppress({"en": 9, "es": 8, "pt": 7}, 5, hidden={"es"}) == {"es", "pt"}


def test_a_number_that_follows_from_two_groups_is_hidden_as_well() -> None:
    """German is one voice, so French is hidden with it; but one source is all of the French and nothing else."""
    rows: list[Unit] = [(v, 0, "en", "comment", True, True) for v in range(8)]
    rows += [(v + 20, 1, "fr", "comment", True, True) for v in range(7)]
    rows += [(v + 40, 2, "en", "comment", True, True) for v in range(9)] + [(50, 2, "de", "comment", True, True)]
    found = hidden_by_group(units_of(rows), GROUPS, 5)
    assert found == {"language": {"de", "fr"}, "role": set(), "source": {"s0", "s1"}}
    mixed = [(v, s, "fr" if v == 3 else language, role, e, t) for v, s, language, role, e, t in rows]
    assert hidden_by_group(units_of(mixed), GROUPS, 5)["source"] == set()


@given(st.one_of(units, nested), st.integers(1, 8))
@settings(max_examples=settings().max_examples * 3 // 5)
def test_nothing_hidden_can_be_worked_out_from_what_is_shown(rows: list[Unit], k: int) -> None:
    frame = units_of(rows)
    hidden = hidden_by_group(frame, GROUPS, k)
    eligible = frame[frame["eligible"]]
    for group in GROUPS:
        speakers = eligible.groupby(group)["voice"].agg(set)
        assert all(len(who) >= k for level, who in speakers.items() if level not in hidden[group])
        if eligible["voice"].nunique() < k or not hidden[group]:
            continue
        pooled = frame[frame[group].isin(hidden[group])]
        assert len(hidden[group]) >= 2
        assert pooled["voice"].nunique() >= k
    # Units add up over the places that occur; voices over the kinds of voices that occur.
    places = sorted(set(eligible[list(GROUPS)].itertuples(index=False, name=None)))
    kinds = sorted({frozenset(w.itertuples(index=False, name=None)) for _, w in eligible.groupby("voice")[list(GROUPS)]}, key=sorted)  # fmt: skip  # noqa: E501
    for cells in ([frozenset([place]) for place in places], kinds):
        flags = {
            (group, level): [int(any(where[i] == level for where in cell)) for cell in cells]
            for i, group in enumerate(GROUPS)
            for level in sorted(set(eligible[group]))
        }
        shown = [[1] * len(cells), *(row for (group, level), row in flags.items() if level not in hidden[group])]
        for (group, level), row in flags.items():
            if level in hidden[group] and not all(row):  # one that holds everything is the corpus itself
                assert not in_span(shown, row), (group, level)


@given(nested, st.integers(1, 6))
@settings(max_examples=8)
def test_a_hidden_count_is_one_of_several_and_passages_hide_what_the_shares_hide(rows: list[Unit], k: int) -> None:
    """The total less the shown levels is a sum of two or more; counts of passages hide their own small levels too."""
    frame = units_of(rows)
    codes = pd.DataFrame({"a": frame["theme"], "other": ~frame["theme"]})
    machine = codes.assign(recommendation=True)
    corpus = estimates.Corpus(frame, codes, machine, machine.head(0).astype(float), pd.Series(dtype=float))
    table = estimates.theme_estimates(corpus, k)
    of_theme = table[table["theme_id"] == "a"]
    for group in GROUPS:
        own = of_theme[of_theme["group"] == group]
        together = of_theme["n_units"].iloc[0] - own.loc[~own["suppressed"], "n_units"].sum()
        assert together == own.loc[own["suppressed"], "n_units"].sum()
        assert own["suppressed"].sum() != 1 or len(own) == 1
    passages = frame.rename(columns={"source": "source_id"}).assign(passage_id=frame.index)
    unshown = margins.hidden(passages, table, k)
    for group, column in (("language", "language"), ("role", "role"), ("source", "source_id")):
        assert estimates.hidden_levels_of(table)[group] <= unshown[group]
        voices = passages.groupby(column)["voice"].nunique()
        assert set(voices.index[voices < k]) <= unshown[group]
        assert len(unshown[group]) != 1 or len(voices) == 1
    counts = [{"level": level, "n": int(n)} for level, n in passages["language"].value_counts().items()]
    shown = margins.by_level(counts, unshown["language"])
    assert {row["level"] for row in shown if row["n"] is None} == unshown["language"]
    assert [row["suppressed"] for row in shown] == sorted(row["suppressed"] for row in shown)


def test_hidden_values_are_counted_together() -> None:
    rows = [
        {"kind": "exact", "role": "tip", "n": 1},
        {"kind": "exact", "role": "comment", "n": 4},
        {"kind": "near", "role": "tip", "n": 1},
        {"kind": "near", "role": "prompt", "n": 2},
    ]
    assert margins.pooled(rows, "role", {"tip", "comment"}, "kind") == [
        {"kind": "near", "role": "prompt", "n": 2},
        {"role": None, "kind": "exact", "n": 5},
        {"role": None, "kind": "near", "n": 1},
    ]
    assert margins.pooled(rows, "role", set(), "kind") == rows
    assert margins.without({"tip": 1, "prompt": 2}, {"tip"}) == {"tip": None, "prompt": 2}
