from __future__ import annotations

import json
import re
import tomllib
from collections import Counter

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline import estimates, recommend, schemas
from pipeline.engines import coder, encoder, recommender, shipped, taught, tuned
from pipeline.engines.coder import decide
from pipeline.stages.coding import code
from pipeline.study import Codebook, CodingSection
from tests.conftest import ROOT, FakeEncoder

THEMES = ("a", "b", "c")
SHIPPED = ["accountability", "prevention", "empathy", "dialogue", "supervision"]
CODEBOOK = Codebook.model_validate(
    {
        "themes": [
            {"id": t, "label": t, "definition": f"about {t}", "examples": [f"{t} one", f"{t} two"]} for t in THEMES
        ]
    }
)
PROBABILITIES = st.lists(st.floats(0, 1), min_size=1, max_size=6)


@given(PROBABILITIES, st.lists(st.floats(0.1, 0.9), min_size=6, max_size=6), st.floats(0, 0.4))
def test_a_unit_has_a_theme_or_is_other_or_abstained(p: list[float], thresholds: list[float], margin: float) -> None:
    statuses, status = decide(p, thresholds[: len(p)], margin)
    assert ("assigned" in statuses) == (status == "assigned")
    assert (set(statuses) == {"rejected"}) == (status == "rejected")
    for value, threshold, found in zip(p, thresholds, statuses, strict=False):
        if abs(value - threshold) > margin + 1e-6:
            assert found == ("assigned" if value > threshold else "rejected")
        elif abs(value - threshold) < margin - 1e-6:
            assert found == "abstained"


def test_on_the_border_a_label_is_kept() -> None:
    statuses, _ = decide([0.56, 0.5599, 0.44, 0.4399], [0.5] * 4, 0.06)
    assert statuses == ["assigned", "abstained", "abstained", "rejected"]
    assert decide([0.5, 0.4999], [0.5] * 2, 0.0)[0] == ["assigned", "rejected"]


def test_the_table_of_codings() -> None:
    table = code(
        ["u1", "u2", "u3"],
        np.array([[0.9, 0.1, 0.7], [0.45, 0.2, 0.1], [0.1, 0.1, 0.1]]),
        CODEBOOK,
        CodingSection(threshold=0.5, thresholds={"c": 0.65}, margin=0.1),
        "test",
    )
    schemas.validate("codings", table)
    assert table.groupby("unit_id")["status"].agg(list).to_dict() == {
        "u1": ["assigned", "rejected", "abstained", "rejected"],
        "u2": ["abstained", "rejected", "rejected", "abstained"],
        "u3": ["rejected", "rejected", "rejected", "assigned"],
    }
    assert (table["assigned"] == (table["status"] == "assigned")).all()
    schemas.validate("codings", code([], np.empty((0, 3)), CODEBOOK, CodingSection(threshold=0.5, margin=0.1), "test"))


def test_shipped_heads_know_what_they_were_trained_on() -> None:
    head = recommender.load()
    assert head.features == recommend.FEATURES
    assert len(head.weights) == 512 + len(recommend.FEATURES)
    for figures in shipped.read_json("figures.json").values():
        assert figures["recommendation"]["n"] > 500
        assert list(figures["themes"]["f1"]) == SHIPPED
    for profile in ("accurate", "fast"):
        assert list(shipped.thresholds(profile)) == SHIPPED


def test_thresholds_of_the_study_go_before_the_shipped_ones_and_these_before_the_one_for_all() -> None:
    themes, settings = [*SHIPPED, "new"], CodingSection(thresholds={"empathy": 0.61}, threshold=0.17)
    for method, profile in ((coder.BLENDED, "accurate"), (coder.TRAINED, "fast")):
        chosen = shipped.thresholds(profile) | {"empathy": 0.61, "new": 0.17}
        assert coder.thresholds(themes, settings, method) == [chosen[theme] for theme in themes]
    assert coder.thresholds(themes, settings, taught.FROM_CODEBOOK) == [0.17, 0.17, 0.61, 0.17, 0.17, 0.17]


def test_what_validation_chose_is_what_ships_and_what_the_template_shows() -> None:
    decisions = shipped.read_json(shipped.DECISIONS)
    assert decisions["margin"] == CodingSection().margin
    template = (ROOT / "pipeline" / "templates" / "study.toml").read_text(encoding="utf-8")
    shown = tomllib.loads("\n".join(re.findall(r"^# ((?:thresholds|margin) = .*)$", template, flags=re.MULTILINE)))
    assert shown == {"thresholds": shipped.thresholds("accurate"), "margin": decisions["margin"]}


def test_calibration_keeps_the_order_of_probabilities() -> None:
    p = np.linspace(0, 1, 101)
    for profile in ("accurate", "fast"):
        assert (np.diff(shipped.recommendation(p[:, None], profile)[:, 0]) >= 0).all()
        found = shipped.themes(np.repeat(p[:, None], len(SHIPPED), axis=1), profile)
        assert found.shape == (101, len(SHIPPED))
        assert (np.diff(found, axis=0) >= 0).all()
        assert ((found >= 0) & (found <= 1)).all()
    assert shipped.themes(np.empty((0, len(SHIPPED))), "fast").shape == (0, len(SHIPPED))


def test_the_trained_coder_serves_the_shipped_codebook_and_no_other(fake_encoder: FakeEncoder) -> None:
    shipped = Codebook.model_validate(tomllib.loads((ROOT / "codebook.toml").read_text(encoding="utf-8")))
    assert coder.load(shipped, encoder.embedded()).method == coder.TRAINED
    second = tuned.Tuned(fake_encoder)
    assert coder.load(shipped, encoder.embedded(), second).method == coder.BLENDED
    assert coder.load(shipped, fake_encoder, second).method == taught.FROM_CODEBOOK
    assert coder.load(CODEBOOK, fake_encoder).method == taught.FROM_CODEBOOK


@pytest.mark.slow
def test_the_shipped_heads_are_what_the_training_script_makes() -> None:
    from benchmarks import hands, train_heads

    before = {path.name: path.read_text() for path in hands.HEADS.glob("*.json")}
    train_heads.main()
    after = {path.name: path.read_text() for path in hands.HEADS.glob("*.json")}
    for name in ("figures.json", shipped.DECISIONS):
        assert json.loads(after[name]) == json.loads(before[name])


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


def test_cooccurrence_is_measured_against_chance() -> None:
    """Of 40 units 20 have a, 12 have b, 8 both: 6 by chance. With c, 20 x 3 / 40 expected are too few to say."""
    names = pd.Index([f"u{i}" for i in range(40)])
    about = pd.DataFrame({"voice": [f"v{i % 5}" for i in range(40)], "eligible": True}, index=names)
    marks = {"a": range(20), "b": range(12, 24), "c": range(3), "d": ()}
    codes = pd.DataFrame({theme: [i in units for i in range(40)] for theme, units in marks.items()}, names)
    whole = estimates.Corpus(about, codes, codes, codes.head(0).astype(float), pd.Series(dtype=float))
    table = estimates.cooccurrence(whole, list(marks)).set_index(["theme_a", "theme_b"])
    found = table.loc[("a", "b")]
    assert tuple(found[["n_a", "n_b", "n_both", "n_base", "n_voices"]]) == (20, 12, 8, 40, 5)
    assert (found["expected"], found["lift"], found["jaccard"]) == (6.0, 1.3333, round(8 / 24, 6))
    assert table.loc[("a", "c"), "n_both"] == 3
    assert table.loc[("a", "c"), "expected"] == 1.5
    assert pd.isna(table.loc[("a", "c"), "lift"])
    assert table.loc[("a", "d"), "jaccard"] == 0
    schemas.validate("cooccurrence", table.reset_index())


@given(st.text(max_size=60), st.sampled_from(["es", "en", "pt", "fr", "de", "it", "und", "xx"]))
def test_features_are_zeros_and_ones(text: str, language: str) -> None:
    assert Counter(recommend.features(text, language)).keys() <= {0.0, 1.0}
