from __future__ import annotations

import json
import tomllib
from collections import Counter

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline import estimates, recommend, schemas
from pipeline.engines import coder, encoder, recommender, taught, tuned
from pipeline.engines.coder import decide
from pipeline.stages.coding import code
from pipeline.study import Codebook, CodingSection
from tests.conftest import ROOT, FakeEncoder

THEMES = ("a", "b", "c")
CODEBOOK = Codebook.model_validate(
    {
        "themes": [
            {"id": t, "label": t, "definition": f"about {t}", "examples": [f"{t} one", f"{t} two"]} for t in THEMES
        ]
    }
)
PROBABILITIES = st.lists(st.floats(0, 1), min_size=1, max_size=6)


@given(PROBABILITIES, st.floats(0.1, 0.9), st.floats(0, 0.4))
def test_a_unit_has_a_theme_or_is_other_or_abstained(p: list[float], threshold: float, margin: float) -> None:
    assigned, status = decide(p, threshold, margin)
    assert any(assigned) == (status == "assigned")
    assert status in {"assigned", "abstained", "rejected"}
    assert all(chosen == (value >= threshold) for chosen, value in zip(assigned, p, strict=True))


def test_the_table_of_codings() -> None:
    table = code(
        ["u1", "u2", "u3"],
        np.array([[0.9, 0.1, 0.7], [0.45, 0.2, 0.1], [0.1, 0.1, 0.1]]),
        CODEBOOK,
        CodingSection(threshold=0.5, margin=0.1),
        "test",
    )
    schemas.validate("codings", table)
    assigned = table[table["assigned"]].groupby("unit_id")["theme_id"].agg(list).to_dict()
    assert assigned == {"u1": ["a", "c"], "u3": ["other"]}
    assert set(table.loc[table["status"] == "abstained", "unit_id"]) == {"u2"}
    schemas.validate("codings", code([], np.empty((0, 3)), CODEBOOK, CodingSection(threshold=0.5, margin=0.1), "test"))


def test_shipped_heads_know_what_they_were_trained_on() -> None:
    head = recommender.load()
    assert head.features == recommend.FEATURES
    assert len(head.weights) == 512 + len(recommend.FEATURES)
    for figures in recommender.read_json("figures.json").values():
        assert figures["recommendation"]["n"] > 500
        assert set(figures["themes"]["f1"]) == {"accountability", "prevention", "empathy", "dialogue", "supervision"}


def test_the_default_threshold_is_the_one_that_training_chose() -> None:
    assert recommender.read_json("themes.json")["threshold"] == CodingSection().threshold


def test_the_trained_coder_serves_the_shipped_codebook_and_no_other(fake_encoder: FakeEncoder) -> None:
    shipped = Codebook.model_validate(tomllib.loads((ROOT / "codebook.toml").read_text(encoding="utf-8")))
    assert coder.load(shipped, encoder.embedded()).method == coder.TRAINED
    second = tuned.Tuned(fake_encoder)
    assert coder.load(shipped, encoder.embedded(), second).method == coder.BLENDED
    assert coder.load(shipped, fake_encoder, second).method == taught.FROM_CODEBOOK
    assert coder.load(CODEBOOK, fake_encoder).method == taught.FROM_CODEBOOK


@pytest.mark.slow
def test_the_shipped_heads_are_what_the_training_script_makes() -> None:
    from benchmarks import train_heads

    before = {path.name: path.read_text() for path in train_heads.HEADS.glob("*.json")}
    train_heads.main()
    after = {path.name: path.read_text() for path in train_heads.HEADS.glob("*.json")}
    assert json.loads(after["figures.json"]) == json.loads(before["figures.json"])


def corpus(rows: list[tuple[str, bool]]) -> estimates.Corpus:
    """Units by the voices given, coded with `a` or not."""
    units = pd.Index([f"u{i}" for i in range(len(rows))], name="unit_id")
    about = pd.DataFrame({
        "voice": [voice for voice, _ in rows], "passage_id": [f"p{i}" for i in range(len(rows))],
        "language": [["es", "en", "pt"][i % 3] for i in range(len(rows))], "role": "comment", "source": "s",
        "eligible": True,
    }, index=units)  # fmt: skip
    codes = pd.DataFrame({"a": [chosen for _, chosen in rows], "other": [not chosen for _, chosen in rows]}, units)
    machine = codes.assign(recommendation=True)
    return estimates.Corpus(about, codes, machine, machine.head(0).astype(float), pd.Series(dtype=float))


@given(st.lists(st.tuples(st.sampled_from("vwxyz"), st.booleans()), min_size=1, max_size=30))
def test_counts_agree_with_counting_by_hand(rows: list[tuple[str, bool]]) -> None:
    whole = corpus(rows)
    counts = estimates.theme_counts(whole, pd.Series({"p0": 2})).set_index("theme_id")
    assert counts.at["a", "n_units"] == sum(a for _, a in rows)
    assert counts.at["a", "n_voices"] == len({v for v, a in rows if a})
    assert counts.at["a", "base_voices"] == len({v for v, _ in rows})
    assert counts.at["a", "n_mentions"] == sum(a for _, a in rows) + (2 if rows[0][1] else 0)
    assert counts.at["a", "share"] == pytest.approx(sum(a for _, a in rows) / len(rows), abs=1e-6)
    table = estimates.theme_estimates(whole, 2)
    by_language = table[(table["group"] == "language") & (table["theme_id"] == "a")]
    assert by_language["n_units"].sum() == counts.at["a", "n_units"]
    schemas.validate("theme_estimates", table)


@given(st.dictionaries(st.sampled_from("abcdef"), st.integers(1, 20), min_size=1), st.integers(1, 10))
def test_a_single_hidden_level_hides_another(voices: dict[str, int], k: int) -> None:
    hidden = estimates.suppressed_levels(pd.Series(voices), k)
    assert {level for level, n in voices.items() if n < k} <= hidden
    assert len(hidden) != 1 or len(voices) == 1


def test_cooccurrence_counts_units_with_both() -> None:
    rows = [("u1", "a"), ("u1", "b"), ("u2", "a"), ("u3", "b"), ("u3", "c"), ("u3", "a")]
    codings = pd.DataFrame(rows, columns=["unit_id", "theme_id"]).assign(assigned=True)
    table = estimates.cooccurrence(codings, THEMES)
    assert {(r.theme_a, r.theme_b): r.n_both for r in table.itertuples()} == {
        ("a", "b"): 2,
        ("a", "c"): 1,
        ("b", "c"): 1,
    }


@given(st.text(max_size=60), st.sampled_from(["es", "en", "pt", "fr", "de", "it", "und", "xx"]))
def test_features_are_zeros_and_ones(text: str, language: str) -> None:
    assert Counter(recommend.features(text, language)).keys() <= {0.0, 1.0}
