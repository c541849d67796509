"""The topics stage: its tables, on any corpus and in any order; names of people; and the picture of the units."""

from __future__ import annotations

import json
from functools import cache
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pipeline import leakage, schemas, study, topic_estimates
from pipeline.engines import cache as encoders
from pipeline.engines import consensus, layout, lemmas, naming, stability, topics
from pipeline.engines.naming import Named
from pipeline.engines.topics import Fit
from pipeline.stages import STAGES
from pipeline.stages import topics as stage
from pipeline.store import Store
from tests.conftest import FakeEncoder, make_study
from tests.planted import groups, unit, with_few_members

pytestmark = pytest.mark.filterwarnings("error")
STAGE = next(one for one in STAGES if one.name == "topics")
# Words of no language with tables of lemmas, since reading one takes a second.
WORDS = ("bilun doret", "kamas velto", "ruvin saldo")
HEARD = "Ludmila"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(topics, "_with_bertopic", lambda texts, vectors, engine: engine.fit(vectors))
    monkeypatch.setattr(consensus, "fit", with_few_members(8))
    monkeypatch.setattr(topic_estimates, "SHUFFLES", 19)
    shuffled = leakage.measure
    monkeypatch.setattr(leakage, "measure", lambda *given: shuffled(*given, 4))
    monkeypatch.setattr(lemmas, "_table", cache(lemmas._table))


def eligible(labels: np.ndarray, n_voices: int = 20, languages: tuple[str, ...] = ("xx", "yy")) -> pd.DataFrame:
    """Return units whose words are those of their group, each third one naming a person."""
    n = len(labels)
    return pd.DataFrame(
        {
            "unit_id": [f"u{i:04}" for i in range(n)],
            "passage_id": [f"p{i:04}" for i in range(n)],
            "text": [f"{WORDS[label % 3]} {HEARD if i % 3 == 0 else ''} {i}" for i, label in enumerate(labels)],
            "language": [languages[i // 3 % len(languages)] for i in range(n)],
            "voice": [f"v{i % max(n_voices, 1)}" for i in range(n)],
            "role": "comment",
            "source": [f"s{i % 2}" for i in range(n)],
        }
    )


@pytest.mark.parametrize(
    ("kind", "n"),
    [*(("different", n) for n in (0, 1, 2, 3, 14, 15, 16, 60)), *product(("same", "one voice"), (2, 15, 60))],
)
def test_tables_of_any_corpus_are_valid(kind: str, n: int) -> None:
    vectors = unit(np.random.default_rng(0).normal(size=(n, 16)))
    if kind == "same":
        vectors = vectors[:1].repeat(n, axis=0)
    units = eligible(
        np.arange(n) % 3, 1 if kind == "one voice" else 20, ("xx",) if kind == "one voice" else ("xx", "yy")
    )
    seen = stage.together(vectors, FakeEncoder(), list(units["text"]), list(units["language"])) if n else vectors
    found = topics.fit(list(units["text"]), seen, 5, 0.05)
    steady = stability.measure(found, seen, list(units["voice"]), 5, refits=1)
    placed = units.assign(topic_id=found.topics)
    family = [found.parents[topic] if topic >= 0 else -1 for topic in found.topics]
    named, of_families = (
        naming.name(stage._named(units, seen), list(column), ["en", "es"], lambda word: False)
        for column in (found.topics, family)
    )
    members, codes = placed[placed["topic_id"] >= 0], pd.DataFrame({"unit_id": units["unit_id"], "theme_id": "a"})
    tables = {
        "topics": stage.topics_table(members, codes[: n // 2], ["a", "other"], found, steady, named, 0.6),
        "topic_families": stage.families(members, found, of_families),
        "topic_memberships": stage.memberships(list(units["unit_id"]), found),
        "topic_fits": stage.fits(found, steady),
        "topic_summary": stage.summary(placed, found, steady, named.n_hidden),
    }
    checked = {name: schemas.validate(name, table) for name, table in tables.items()}
    assert_tables_agree(checked, placed)
    assert (checked["topics"]["steadiness"] == "unmeasured").all() == (steady.n_refits == 0 or not len(members))


def assert_tables_agree(tables: dict[str, pd.DataFrame], placed: pd.DataFrame) -> None:
    """Every number stands for the same units in every table."""
    own, held, summary = tables["topics"], tables["topic_memberships"], tables["topic_summary"].iloc[0]
    counted = held[held["assigned"]]
    assert list(own["topic_id"]) == list(range(len(own)))
    assert list(own["n_units"]) == sorted(own["n_units"], reverse=True)
    assert own["n_units"].sum() == len(counted) == summary["n_assigned"] == tables["topic_families"]["n_units"].sum()
    assert not counted["unit_id"].duplicated().any()
    assert dict(counted["topic_id"].value_counts()) == dict(zip(own["topic_id"], own["n_units"], strict=True))
    assert set(held["topic_id"]) <= set(own["topic_id"])
    assert (held.groupby("unit_id")["margin"].nunique() == 1).all()
    assert (held.groupby("unit_id")["score"].sum() < 1.001).all()
    assert list(tables["topic_families"]["family_id"]) == sorted(set(own["family_id"]))
    assert tables["topic_families"]["n_topics"].sum() == len(own)
    assert summary["n_eligible"] == len(placed)
    for row in own.itertuples():
        central = json.loads(row.central)
        inside = set(counted.loc[counted["topic_id"] == row.topic_id, "unit_id"])
        assert all(set(ids) <= inside and ids for ids in central.values())
    if len(tables["topic_fits"]):
        assert tables["topic_fits"]["chosen"].sum() <= 1


def test_a_unit_is_listed_in_the_topic_it_is_counted_in_however_little_it_belongs_there() -> None:
    even = np.full((1, 40), 1 / 40)
    found = Fit(topics.CONSENSUS, np.array([3]), even, (), 40, (0,) * 40, np.arange(1), None)
    table = stage.memberships(["u0"], found)
    assert list(table["topic_id"]) == [3]
    assert list(table["assigned"]) == [True]


# -- a run -------------------------------------------------------------------------------------------------------


def store_of(folder: Path, units: pd.DataFrame, vectors: np.ndarray, order: np.ndarray) -> study.Study:
    """Write what the stage reads, rows in the given order."""
    make_study(folder, {})
    loaded = study.load(folder)
    common = {"start": 0, "end": 5, "language_score": 1.0}
    frames = {
        "units": units.assign(**common, is_recommendation=True, recommendation_score=1.0, repeats=None),
        "passages": units.assign(
            **common, source_id=units["source"], locator="line 1", language_tag=None, role="comment"
        ),
        "codings": units.assign(
            theme_id=loaded.codebook.ids[0], score=0.9, assigned=True, method="machine", status="assigned"
        ),
    }
    shuffled = {name: frame.iloc[order] for name, frame in frames.items()}
    shuffled["vectors"] = pd.DataFrame({"unit_id": shuffled["units"]["unit_id"], "row": range(len(units))})
    shuffled["theme_estimates"] = pd.DataFrame(columns=list(schemas.TABLES["theme_estimates"].columns))
    store = Store(folder, (), STAGE.reads)
    for name, frame in shuffled.items():
        store.save_table(name, frame[list(schemas.TABLES[name].columns)])
    store.save_vectors(vectors[order])
    store.save_names([f"{HEARD} Kowalczyk"])
    store.commit()
    return loaded


def run_in(folder: Path, units: pd.DataFrame, vectors: np.ndarray, order: np.ndarray) -> dict[str, bytes]:
    loaded = store_of(folder, units, vectors, order)
    store = Store(folder, STAGE.reads, STAGE.writes)
    stage.run(loaded, store)
    store.commit()
    return {name: (folder / name).read_bytes() for name in STAGE.writes}


@pytest.fixture
def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    """One encoder alone, and few refits."""
    real = stability.measure
    monkeypatch.setattr(encoders, "second_view", lambda study: None)
    monkeypatch.setattr(stability, "measure", lambda *given: real(*given, refits=3))


def test_a_run_does_not_depend_on_the_order_of_rows(tmp_path: Path, plain: None) -> None:
    vectors, labels = groups(3, 20, 0.25)
    units = eligible(labels)
    one = run_in(tmp_path / "one", units, vectors, np.arange(60))
    other = run_in(tmp_path / "other", units, vectors, np.random.default_rng(5).permutation(60))
    assert [name for name in one if one[name] != other[name]] == []
    tables = {Path(name).stem: pd.read_parquet(tmp_path / "one" / name) for name in one}
    assert_tables_agree(tables, units)
    assert len(tables["topics"]) == 3
    assert list(tables["layout"]["unit_id"]) == sorted(units["unit_id"])
    assert set(tables["topic_estimates"]["topic_id"]) == {0, 1, 2}
    assert (
        HEARD.casefold()
        not in " ".join(tables["topics"][["label", "labels", "keywords"]].to_numpy().ravel()).casefold()
    )
    assert tables["topic_summary"]["n_hidden"].item() > 0
    assert all(word.split()[0] in " ".join(tables["topics"]["keywords"]) for word in WORDS)


@pytest.mark.parametrize("n", [0, 1, 14])
def test_a_run_over_few_units(tmp_path: Path, plain: None, n: int) -> None:
    vectors, labels = groups(1, max(n, 1))
    run_in(tmp_path, eligible(labels)[:n], vectors[:n], np.arange(n))
    assert len(pd.read_parquet(tmp_path / "data/processed/topics.parquet")) == 0
    assert len(pd.read_parquet(tmp_path / "data/processed/layout.parquet")) == n
    summary = pd.read_parquet(tmp_path / "data/processed/topic_summary.parquet")
    assert (summary["method"].item(), summary["n_eligible"].item()) == (topics.LIST, n)


def test_two_encoders_count_alike() -> None:
    vectors, labels = groups(3, 20, dimensions=8)
    units = eligible(labels)
    both = stage.together(vectors, FakeEncoder(), list(units["text"]), list(units["language"]))
    assert both.shape == (60, 24)
    assert np.allclose(np.linalg.norm(both[:, :8], axis=1), np.linalg.norm(both[:, 8:], axis=1), atol=1e-5)
    assert np.allclose(np.linalg.norm(both, axis=1), 1, atol=1e-5)


# -- names -------------------------------------------------------------------------------------------------------


def test_a_contributor_is_no_keyword(tmp_path: Path) -> None:
    """Her name is in every unit of one topic, whatever its case or ending; and what was left out is counted."""
    loaded = study.load(make_study(tmp_path, {}))
    texts = [f"{HEARD} bilun doret", f"{HEARD}'s kamas velto"] * 10 + ["ruvin saldo", "ruvin"] * 10
    units = Named([f"u{i:02}" for i in range(40)], texts, ["xx"] * 40, [f"v{i}" for i in range(40)], groups(2, 20)[0])
    refuse = stage.refused(loaded, [f"{HEARD} Kowalczyk"], texts)
    labels = [0] * 20 + [1] * 20
    named = naming.name(units, labels, ["en", "es"], refuse)
    said = json.dumps([named.keywords, {t: named.plain_labels(t) for t in (0, 1)}]).casefold()
    assert HEARD.casefold() not in said
    assert "bilun" in said
    assert named.n_hidden > 0
    free = naming.name(units, labels, ["en"], lambda word: False)
    assert HEARD.casefold() in json.dumps(free.keywords).casefold(), "else this test would prove nothing"
    assert free.n_hidden == 0


# -- the picture -------------------------------------------------------------------------------------------------


def test_near_units_lie_near_each_other() -> None:
    vectors, labels = groups(3, 20, 0.15)
    places = layout.places(vectors)
    assert ((places >= 0) & (places <= 1)).all()
    assert np.isclose(np.ptp(places, axis=0).max(), 1, atol=1e-3), "the picture is filled"
    apart = np.linalg.norm(places[:, None] - places[None], axis=2)
    same = labels[:, None] == labels[None]
    assert apart[same].max() < apart[~same].min() * 2
    assert apart[same].mean() < apart[~same].mean() / 3
    assert layout.places(vectors.copy()).tobytes() == places.tobytes()


def test_a_larger_corpus_is_laid_out_by_its_sample(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layout, "_LARGEST", 45)
    vectors, labels = groups(3, 30, 0.15)
    places = layout.places(vectors)
    assert ((places >= 0) & (places <= 1)).all()
    middles = np.stack([places[labels == label].mean(axis=0) for label in range(3)])
    nearest = np.linalg.norm(places[:, None] - middles[None], axis=2).argmin(axis=1)
    assert (nearest == labels).all()
