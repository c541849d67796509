"""Facets of single units in the public edition: together they never single out fewer than k voices."""

from __future__ import annotations

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from pipeline.estimates import GROUPS
from pipeline.readings import facets

ROWS = st.lists(
    st.tuples(
        st.sampled_from([f"v{i}" for i in range(12)]),
        st.sampled_from(["en", "es", "pt"]),
        st.sampled_from(["tip", "comment"]),
        st.sampled_from(["a", "b", "c"]),
    ),
    min_size=1,
    max_size=40,
)


@given(ROWS, st.integers(1, 6))
def test_what_is_told_of_a_unit_fits_k_voices_or_says_nothing(rows: list[tuple[str, ...]], k: int) -> None:
    units = pd.DataFrame(rows, columns=["voice", *GROUPS])
    told = facets(units, {group: [] for group in GROUPS}, k)
    by_facets: dict[tuple[str | None, ...], set[str]] = {}
    for voice, shown in zip(units["voice"], told, strict=True):
        by_facets.setdefault(tuple(shown.values()), set()).add(voice)
    assert all(len(voices) >= k for facet, voices in by_facets.items() if any(facet))


def test_the_source_goes_first_and_what_many_share_stays() -> None:
    units = pd.DataFrame(
        [
            *((f"v{i}", "en", "comment", "a") for i in range(5)),
            *((f"w{i}", "en", "comment", "b") for i in range(2)),
            *((f"x{i}", "en", "comment", "c") for i in range(3)),
            ("y", "es", "tip", "c"),
        ],
        columns=["voice", *GROUPS],
    )
    told = facets(units, {"language": [], "role": [], "source": []}, 5)
    assert told[0] == {"language": "en", "role": "comment", "source": "a"}
    assert told[5] == told[9] == {"language": "en", "role": "comment", "source": None}
    assert told[10] == {"language": None, "role": None, "source": None}


def test_hidden_levels_are_never_told() -> None:
    units = pd.DataFrame([("v", "en", "tip", "a"), ("w", "es", "tip", "a")], columns=["voice", *GROUPS])
    told = facets(units, {"language": ["es"], "role": [], "source": []}, 1)
    assert [row["language"] for row in told] == ["en", None]
