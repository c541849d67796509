"""People's codes in the run: what they settle, what they weigh, what the machine learns, and what the report says."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline import check, columns, estimates, prevalence, run, schemas, study
from pipeline.coded import comparison, drawing, gold, imports, machine, people, rounds
from pipeline.coded.gold import Gold, _Round, combined, shares
from pipeline.engines import learning
from pipeline.estimates import OTHER, PEOPLE, RECOMMENDATION, Corpus
from pipeline.stages import STAGES
from pipeline.store import read_table
from pipeline.study import UnitsSection
from tests.conftest import cases, glosa

THEMES = ("a", "b")


def coded(rows: list[tuple[str, str, tuple[str, ...]]], name: str = "round-1") -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["unit_id", "coder", "codes"]).assign(round=name, purpose=rounds.VALIDATE)


def sample(strata: dict[str, tuple[int, int]], drawn_as: str = rounds.UNIT, prefix: str = "") -> pd.DataFrame:
    """Return a sample of strata given as (drawn, size); unit ids are `<stratum><i>`."""
    rows = [
        {"unit_id": f"{prefix}{name}{i}", "stratum": name, "stratum_size": size, "drawn": n, "drawn_as": drawn_as}
        for name, (n, size) in strata.items()
        for i in range(n)
    ]
    return pd.DataFrame(rows)


# Gold


def test_a_target_is_the_share_of_coders_and_settled_codes_stand_for_all() -> None:
    found = shares(
        coded([
            ("u1", "ana", ("a",)), ("u1", "rui", ()), ("u2", "ana", ("a", "b")), ("u2", "rui", ("b",)),
            ("u3", "ana", (OTHER,)), ("u3", "rui", ("a",)), ("u3", "settled", ("b",)),
        ]),
        THEMES,
    )  # fmt: skip
    assert found.loc["u1"].to_dict() == {RECOMMENDATION: 0.5, "a": 0.5, "b": 0.0, OTHER: 0.0}
    assert found.loc["u2"].to_dict() == {RECOMMENDATION: 1.0, "a": 0.5, "b": 1.0, OTHER: 0.0}
    assert found.loc["u3"].to_dict() == {RECOMMENDATION: 1.0, "a": 0.0, "b": 1.0, OTHER: 0.0}


@given(
    st.dictionaries(st.sampled_from("wxyz"), st.tuples(st.integers(1, 8), st.integers(0, 40)), min_size=1), st.data()
)
def test_the_weights_of_a_round_add_up_to_its_population(
    strata: dict[str, tuple[int, int]], data: st.DataObject
) -> None:
    drawn = sample({name: (n, n + more) for name, (n, more) in strata.items()})
    there = {name: data.draw(st.integers(1, n)) for name, (n, _) in strata.items()}
    coded_units = frozenset(f"{name}{i}" for name, n in there.items() for i in range(n))
    one = _Round(drawn, coded_units)
    assert combined([one]).sum() == pytest.approx(one.population)


def test_a_second_round_counts_what_it_left_out_once() -> None:
    first = _Round(sample({"x": (10, 50)}), frozenset(f"x{i}" for i in range(10)))
    rest = _Round(sample({"x": (8, 40)}, prefix="later-"), frozenset(f"later-x{i}" for i in range(8)))
    assert rest.left_out(first)
    assert not first.left_out(rest)
    weights = combined([first, rest])
    assert weights.sum() == pytest.approx(50)
    assert weights["x0"] == pytest.approx(10 / 18 * 5 + 8 / 18)
    assert weights["later-x0"] == pytest.approx(8 / 18 * 5)


def test_two_rounds_together_are_unbiased() -> None:
    """Over many draws of both rounds, the weighted sum is the true one."""
    rng = np.random.default_rng(3)
    truth, totals = rng.random(60) < 0.3, []
    for _ in range(200):
        order = rng.permutation(60)
        one = pd.DataFrame({"unit_id": [f"u{i}" for i in order[:12]], "stratum": "s", "stratum_size": 60, "drawn": 12})
        two = pd.DataFrame({"unit_id": [f"u{i}" for i in order[12:20]], "stratum": "s", "stratum_size": 48, "drawn": 8})
        weights = combined([_Round(frame, frozenset(frame["unit_id"])) for frame in (one, two)])
        totals.append(sum(w * truth[int(unit[1:])] for unit, w in weights.items()))
    assert np.mean(totals) == pytest.approx(truth.sum(), abs=3 * np.std(totals) / np.sqrt(200))


# People win


def codings(rows: list[tuple[str, str, bool, str]]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["unit_id", "theme_id", "assigned", "status"])
    return frame.assign(score=0.5, method="machine")


def table(unit: str, assigned: str | None, status: str = "rejected") -> list[tuple[str, str, bool, str]]:
    return [(unit, t, t == assigned, "assigned" if t == assigned else status) for t in (*THEMES, OTHER)]


def test_people_overrule_the_machine_theme_by_theme() -> None:
    said = shares(
        coded([
            ("u1", "ana", ("b",)),  # the machine said a
            ("u2", "ana", (OTHER,)),
            ("u3", "ana", ("a",)), ("u3", "rui", ("b",)),  # split: the machine decides, and says a
            ("u4", "ana", ("a",)), ("u4", "rui", ("b",)), ("u4", "eva", (OTHER,)),  # three views of a kind
            ("u5", "ana", ()),  # coded, nothing applies
        ]),
        THEMES,
    )  # fmt: skip
    before = codings([row for unit in ("u1", "u2", "u3", "u4", "u5", "u6") for row in table(unit, "a")])
    after = people.overrule(before, said)
    assigned = after[after["assigned"]].groupby("unit_id")["theme_id"].agg(list).to_dict()
    assert assigned == {"u1": ["b"], "u2": [OTHER], "u3": ["a"], "u5": [OTHER], "u6": ["a"]}
    unsure = after[after["status"] == "abstained"].groupby("unit_id")["theme_id"].agg(list).to_dict()
    assert unsure == {"u4": ["a", "b", OTHER]}
    assert set(after.loc[after["unit_id"].isin(["u1", "u2"]), "method"]) == {PEOPLE}
    assert set(after.loc[after["unit_id"].isin(["u3", "u6"]) & (after["theme_id"] != OTHER), "method"]) == {"machine"}
    assert after["score"].equals(before["score"])


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["u1", "u2", "u3"]), st.sampled_from("xyz"), st.sets(st.sampled_from([*THEMES, OTHER]))
        ),
        unique_by=lambda r: r[:2],
    ),
    st.sampled_from([*THEMES, OTHER, None]),
)
def test_after_people_every_unit_is_still_decided(said: list, machine_says: str | None) -> None:
    rows = [(unit, coder, tuple(sorted(codes))) for unit, coder, codes in said]
    status = "abstained" if machine_says is None else "rejected"
    before = codings([row for unit in ("u1", "u2", "u3") for row in table(unit, machine_says, status)])
    after = people.overrule(before, shares(coded(rows), THEMES))
    decided = set(after.loc[after["assigned"] | (after["status"] == "abstained"), "unit_id"])
    assert decided == {"u1", "u2", "u3"}
    assert ((after["status"] == "assigned") == after["assigned"]).all()
    both = after[after["assigned"]].groupby("unit_id")["theme_id"].agg(set)
    assert all(OTHER not in codes or codes == {OTHER} for codes in both)


def test_people_decide_what_recommends() -> None:
    units = pd.DataFrame({"unit_id": ["u1", "u2", "u3", "u4"], "is_recommendation": [True, False, True, False]})
    said = shares(coded([("u1", "ana", ()), ("u2", "ana", ("a",)), ("u3", "ana", ()), ("u3", "rui", ("a",))]), THEMES)
    assert people.recommends(units, said).tolist() == [False, True, True, False]


# The machine's side


def test_the_machine_is_known_by_what_it_decides_without_peoples_codes() -> None:
    units = pd.DataFrame({"unit_id": ["u1", "u2", "u3"], "recommendation_score": [0.9, 0.8, 0.1]})
    final = codings([*table("u1", "b"), *table("u2", "a")])  # people said b of u1
    blind = codings([*table("u1", "a"), *table("u3", "a")])
    found = machine.decisions(units, final, blind, THEMES, UnitsSection())
    assert found.loc["u1", ["a", "b"]].tolist() == [True, False]
    assert found.loc["u2", ["a", "b"]].tolist() == [True, False]
    assert not found.loc["u3"].any()  # no recommendation by the machine, so no theme
    everything = machine.decisions(units, final, blind, THEMES, UnitsSection(eligible="all"))
    assert everything.loc["u3", ["a", RECOMMENDATION]].all()


# Learning


class Ignorant:
    """A coder that knows nothing of a theme; what it may learn from is the vector."""

    least = 30

    def probabilities(self, vectors: np.ndarray, texts: list[str]) -> np.ndarray:
        return np.full((len(vectors), 1), 0.4)

    def features(self, vectors: np.ndarray, texts: list[str]) -> np.ndarray:
        return vectors

    def learned(self, vectors: np.ndarray, texts: list[str], codes: np.ndarray) -> learning.Judge:
        return learning.Adapted(self, vectors, texts, codes)


def lesson(n: int = 240, known: int = 120) -> tuple[np.ndarray, np.ndarray, np.ndarray, list[str]]:
    """Return vectors whose first number tells the theme, the truth, the codes that people gave, and 60 voices."""
    x = np.random.default_rng(5).normal(size=(n, 6))
    truth = (x[:, :1] > 0).astype(float)
    return x, truth, np.where(np.arange(n)[:, None] < known, truth, np.nan), [f"v{i % 60}" for i in range(n)]


def cross_fit(x: np.ndarray, codes: np.ndarray, voices: list[str]) -> np.ndarray:
    return learning.cross_fit(Ignorant(), x, [""] * len(x), codes, voices)


def test_codes_teach_what_the_machine_did_not_know() -> None:
    x, truth, codes, voices = lesson()
    right = (cross_fit(x, codes, voices) >= 0.5) == (truth == 1)
    assert right[120:].mean() > 0.9  # units that nobody coded
    assert right[:120].mean() > 0.85  # coded units, judged without their own voice


def test_no_unit_is_judged_by_a_coder_that_learned_from_it() -> None:
    x, _, codes, voices = lesson()
    flipped = codes.copy()
    own = np.flatnonzero((np.array(voices) == voices[7]) & ~np.isnan(codes[:, 0]))
    flipped[own] = 1 - flipped[own]
    before, after = cross_fit(x, codes, voices), cross_fit(x, flipped, voices)
    assert (before[own] == after[own]).all()
    assert (before != after).any()


def test_few_codes_teach_nothing_and_order_does_not_matter() -> None:
    x, _, few, voices = lesson(known=Ignorant.least - 1)
    assert (cross_fit(x, few, voices) == 0.4).all()
    x, _, codes, voices = lesson()
    order = np.random.default_rng(1).permutation(240)
    one, other = cross_fit(x, codes, voices), cross_fit(x[order], codes[order], [voices[i] for i in order])
    assert np.abs(one[order] - other).max() <= 2e-4
    assert cross_fit(np.empty((0, 6)), np.empty((0, 1)), []).shape == (0, 1)


# Estimates


def corpus(n_voices: int, per_voice: int, whole: bool = False, negatives: bool = True) -> Corpus:
    rng = np.random.default_rng(2)
    n = n_voices * per_voice
    ids = [f"u{i:04d}" for i in range(n)]
    units = pd.DataFrame(
        {
            "voice": [f"v{i // per_voice}" for i in range(n)],
            "language": [["es", "en"][i // per_voice % 2] for i in range(n)],
            "role": "comment", "source": "s", "passage_id": ids, "eligible": rng.random(n) < 0.6,
        },
        index=pd.Index(ids, name="unit_id"),
    )  # fmt: skip
    advice = units["eligible"].to_numpy()
    truth = advice & (rng.random(n) < 0.4)
    said = np.where(rng.random(n) < 0.85, truth, ~truth) & advice
    decided = pd.DataFrame({RECOMMENDATION: advice, "a": said, OTHER: advice & ~said}, index=units.index)
    chosen = units["voice"].isin([f"v{i}" for i in range(0, n_voices, 2)]) if whole else rng.random(n) < 0.5
    chosen = chosen & (negatives | advice)
    people_say = pd.DataFrame({RECOMMENDATION: advice, "a": truth, OTHER: advice & ~truth}, index=units.index)
    return Corpus(
        units, decided[["a", OTHER]], decided, people_say[chosen].astype(float),
        pd.Series(2.0, index=units.index[chosen]), whole, negatives,
    )  # fmt: skip


def test_shares_are_corrected_for_the_whole_and_by_group() -> None:
    found = estimates.theme_estimates(corpus(200, 2), 5)
    schemas.validate("theme_estimates", found)
    overall = found[(found["group"] == "all") & (found["theme_id"] == "a")].iloc[0]
    assert overall["estimator"] == prevalence.DIFFERENCE
    assert overall["corrected_low"] <= overall["corrected"] <= overall["corrected_high"]
    assert abs(overall["corrected"] - 0.4) < 0.1
    assert overall["voice_estimator"] == prevalence.UNCORRECTED
    assert np.isnan(overall["voice_corrected"])
    by_language = found[(found["group"] == "language") & (found["theme_id"] == "a")]
    assert set(by_language["estimator"]) <= set(columns.ESTIMATORS)
    assert by_language["n_gold"].sum() == overall["n_gold"]
    assert found["share_low"].isna().all()


def test_whole_voices_correct_the_share_of_voices() -> None:
    found = estimates.theme_estimates(corpus(200, 2, whole=True), 5)
    overall = found[(found["group"] == "all") & (found["theme_id"] == "a")].iloc[0]
    assert overall["voice_estimator"] in {prevalence.DIFFERENCE, prevalence.GOLD_ONLY}
    assert overall["voice_corrected_low"] <= overall["voice_corrected"] <= overall["voice_corrected_high"]


def test_a_sample_without_negatives_speaks_of_the_machines_recommendations_alone() -> None:
    whole = corpus(100, 2, negatives=False)
    part = estimates.sampled(whole)
    assert len(part.units) == whole.machine[RECOMMENDATION].sum() < len(whole.units)
    assert set(part.gold.index) <= set(part.units.index)


def test_without_people_nothing_is_corrected() -> None:
    whole = corpus(60, 2)
    nobody = Corpus(whole.units, whole.codes, whole.machine, whole.gold.head(0), whole.weights.head(0))
    found = estimates.theme_estimates(nobody, 5)
    assert set(found["estimator"]) == {prevalence.UNCORRECTED}
    assert found[["corrected", "voice_corrected", "share_low"]].isna().all().all()
    assert (found["n_gold"] == 0).all()


# Comparison


def test_languages_of_few_voices_are_hidden_and_never_just_one() -> None:
    said = [(f"u{i}", who, ("a",) if i % 2 else ()) for i in range(40) for who in ("ana", "rui")]
    units = pd.DataFrame(
        {"voice": [f"v{i}" for i in range(40)], "language": ["es"] * 20 + ["en"] * 17 + ["pt"] * 3},
        index=[f"u{i}" for i in range(40)],
    )
    gold_codes = coded(said)
    everyone = Gold(gold_codes, shares(gold_codes, THEMES), pd.Series(1.0, index=units.index))
    decided = pd.DataFrame({RECOMMENDATION: True, "a": True, "b": False}, index=units.index)
    found = comparison.compared(everyone, units, decided, (RECOMMENDATION, "a"))
    rows = pd.DataFrame(comparison.rows(found.reliability, 5))
    hidden = rows[rows["suppressed"]]
    assert set(hidden["level"]) == {"pt", "en"}
    rows = pd.DataFrame(comparison.rows(found.validity, 5))
    assert rows.loc[(rows["theme_id"] == "a") & (rows["level"] == "all"), "positives"].tolist() == ["20"]


# The real command line, a study, two coders


def code_sheet(file: Path, labels: dict[str, dict], flip: int) -> None:
    """Fill in a sheet by the labels of the shipped corpus; every `flip`th row otherwise."""
    rows = list(csv.DictReader(file.open(encoding="utf-8-sig")))
    for i, row in enumerate(rows):
        label = labels.get(row["text"].lstrip("'"), {"recommendation": False, "codes": []})
        advises = label["recommendation"] != (i % flip == flip - 1)
        row["recommendation"] = "yes" if advises else "no"
        for theme in label["codes"] if advises and label["recommendation"] else []:
            row[theme] = "x"
    with file.open("w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


@pytest.fixture(scope="module")
def coded_study(tmp_path_factory: pytest.TempPathFactory, finished: study.Study) -> study.Study:
    """The shipped corpus, 120 units coded by two people, run again and reported in English."""
    folder = tmp_path_factory.mktemp("coded") / "study"
    shutil.copytree(finished.root, folder)
    settings = (folder / "study.toml").read_text(encoding="utf-8")
    assert settings.count("[report]\n") == 1
    english = settings.replace("[report]\n", '[report]\nlanguages = ["en"]\n')
    (folder / "study.toml").write_text(english, encoding="utf-8")
    loaded = study.load(folder)
    labels = {unit["text"]: unit for case in cases("corpus") for unit in case.get("units", [])}
    drawing.sheet(loaded, ("ana", "rui"), 120)
    for who, flip in (("ana", 40), ("rui", 12)):
        file = rounds.sheet_file(loaded, rounds.Sheet("round-1", who), ".csv")
        code_sheet(file, labels, flip)
        imports.import_sheet(loaded, file, None, None)
    run.run(loaded, quiet=True)
    return loaded


def read(loaded: study.Study, name: str) -> pd.DataFrame:
    return read_table(loaded.processed / f"{name}.parquet", name)


def test_a_coded_study_obeys_the_laws_and_a_second_run_does_nothing(coded_study: study.Study) -> None:
    assert list(check.problems(coded_study)) == []
    outcome = run.run(coded_study, quiet=True)
    assert outcome.ran == {}
    assert len(outcome.unchanged) == len(STAGES)


def test_peoples_codes_stand_in_the_tables(coded_study: study.Study) -> None:
    units, sources, found = (read(coded_study, name) for name in ("units", "sources", "codings"))
    said = gold.load(coded_study, units, sources)
    marks = said.shares[said.shares[RECOMMENDATION] == 1.0]
    by_unit = found[found["assigned"]].groupby("unit_id")["theme_id"].agg(set)
    for unit, row in marks.iterrows():
        agreed = {theme for theme in (*coded_study.codebook.ids, OTHER) if row[theme] == 1.0}
        assert agreed <= by_unit.get(unit, set())
    nobody = set(said.shares.index[said.shares[RECOMMENDATION] == 0.0])
    assert not nobody & set(found["unit_id"])
    assert set(read(coded_study, "machine_codings")["unit_id"]) == set(said.shares.index)


def test_the_report_of_a_coded_study_says_what_people_did(coded_study: study.Study) -> None:
    found = json.loads((coded_study.restricted / "results.json").read_text(encoding="utf-8"))
    assert found["people"]["n_gold"] == 120
    overall = {row["theme_id"]: row for row in found["people"]["reliability"] if row["group"] == "all"}
    assert set(overall) == {RECOMMENDATION, *coded_study.codebook.ids}
    assert all(row["n_units"] == 120 for row in overall.values())
    estimable = [theme for theme in found["themes"] if theme["corrected"]["units"]["share"] is not None]
    assert len(estimable) >= 3
    page = (coded_study.restricted / "theme_report.html").read_text(encoding="utf-8")
    assert "Not measured" not in page
    for theme in estimable:
        assert f"{100 * theme['corrected']['units']['share']:.0f}\u00a0%" in page
    table = pd.read_csv(coded_study.restricted / "tables" / "reliability.csv")
    assert table[table["suppressed"]][["n_units", "alpha", "grade"]].isna().all().all()


def test_the_command_line_prints_agreement(coded_study: study.Study) -> None:
    printed = glosa("code", "agreement", "--study", str(coded_study.root))
    assert printed.returncode == 0
    assert "ana, rui" in printed.stdout
    assert "supervision" in printed.stdout


def test_whole_voices_are_drawn_whole(coded_study: study.Study) -> None:
    units, passages = read(coded_study, "units"), read(coded_study, "passages")
    done = glosa("code", "sheet", "--voices", "--units", "60", "--round", "voices-1", "--study", str(coded_study.root))
    assert done.returncode == 0, done.stderr
    drawn = rounds.read_sample(coded_study, "voices-1")
    spoken = estimates.spoken_units(units, passages, "recommendations")
    everything = spoken[spoken["voice"].isin(set(drawn["voice"]))]
    assert set(drawn["unit_id"]) == set(everything["unit_id"])
    assert not set(drawn["unit_id"]) & set(rounds.read_sample(coded_study, "round-1")["unit_id"])
    assert 30 <= len(drawn) <= 120
    rounds.sample_file(coded_study, "voices-1").unlink()
