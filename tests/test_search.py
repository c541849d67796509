from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from pipeline import search, study
from pipeline.cli import app
from pipeline.errors import GlosaError
from pipeline.search import Wanted
from pipeline.wording import fold
from tests.conftest import cases, make_study


def ask(finished: study.Study, query: str, **wanted: object) -> search.Found:
    return search.search(finished, query, Wanted(**wanted))  # type: ignore[arg-type]


def test_a_query_finds_its_theme_in_other_languages(finished: study.Study) -> None:
    found = ask(finished, "talk to a supervisor", languages=("es", "pt"))
    assert found.model.startswith("use-multilingual-v3@")
    assert {hit.language for hit in found.hits} == {"es", "pt"}
    assert sum("supervision" in hit.themes for hit in found.hits) >= 7
    assert [hit.score for hit in found.hits] == sorted((hit.score for hit in found.hits), reverse=True)
    assert all(-1 <= hit.score <= 1 and hit.text and ", characters " in hit.place for hit in found.hits)


def test_what_is_asked_for_is_all_that_comes(finished: study.Study) -> None:
    found = ask(finished, "listen", themes=("empathy", "dialogue"), role="tip")
    assert found.hits
    assert all(hit.role == "tip" and {"empathy", "dialogue"} & set(hit.themes) for hit in found.hits)
    assert ask(finished, "listen", all_units=True).among > ask(finished, "listen").among
    nothing = search.Found("x", "m", 0, ())
    assert "Nothing was found" in "".join(search.lines(nothing))


@pytest.mark.parametrize(
    ("query", "wanted", "expected"),
    [
        (" ", Wanted(), "empty"),
        ("x", Wanted(themes=("supervison",)), "Did you mean supervision"),
        ("x", Wanted(languages=("xx",)), "no such language"),
        ("x", Wanted(role="coment"), "Did you mean comment"),
    ],
)
def test_what_is_not_there_is_said(finished: study.Study, query: str, wanted: Wanted, expected: str) -> None:
    with pytest.raises(GlosaError, match=expected):
        search.search(finished, query, wanted)


def test_before_coding_there_are_no_themes_and_before_embedding_no_hits(finished: study.Study, tmp_path: Path) -> None:
    early = study.load(make_study(tmp_path / "s", {"a.txt": "Say sorry."}))
    with pytest.raises(GlosaError, match="glosa run"):
        ask(early, "x")
    early.processed.mkdir(parents=True)
    for name in ("units", "passages", "sources"):
        (early.processed / f"{name}.parquet").symlink_to(finished.processed / f"{name}.parquet")
    with pytest.raises(GlosaError, match="--until embed"):
        ask(early, "x")
    for name in ("vectors.parquet", "vectors.npy"):
        (early.processed / name).symlink_to(finished.processed / name)
    assert all(hit.themes == () and hit.topic is None for hit in ask(early, "sorry").hits)
    with pytest.raises(GlosaError, match="--until coding"):
        ask(early, "sorry", themes=("empathy",))
    np.save(early.processed / "other.npy", np.zeros((3, 4), dtype=np.float32))
    (early.processed / "other.npy").replace(early.processed / "vectors.npy")
    with pytest.raises(GlosaError, match="older than the units"):
        ask(early, "sorry")


def test_the_command_prints_one_json_document_or_plain_lines(finished: study.Study) -> None:
    arguments = ["search", "habla con tu supervisora", "--study", str(finished.root), "-n", "3"]
    found = json.loads(CliRunner().invoke(app, [*arguments, "--json", "--theme", "supervision"]).output)
    assert found["query"] == "habla con tu supervisora"
    assert len(found["hits"]) == 3
    assert set(found["hits"][0]) == {"unit_id", "score", "text", "language", "role", "themes", "topic", "place"}
    plain = CliRunner().invoke(app, arguments).output
    assert found["hits"][0]["unit_id"] in plain


def test_nothing_that_was_captured_reaches_the_terminal_as_a_command() -> None:
    text = "one\x1b[31m\ntwo\x07 \u202ethree\u2066"
    hit = search.Hit("u1", 0.5, text, "en", "comment", (), 2, "a\x1b.txt, line 1")
    shown = list(search.lines(search.Found("q", "m", 1, (hit,))))
    assert shown == ["0.50  u1  en, comment, no theme, topic 2", "      one�[31m two� three", "      a�.txt, line 1"]


@settings(max_examples=15)
@given(st.permutations(range(8)), st.integers(1, 8))
def test_the_nearest_come_first_and_ties_go_by_id(order: list[int], most: int) -> None:
    points = np.array([[1, 0], [1, 0], [2, 0], [0.6, 0.8], [0, 1], [-1, 0], [0, 0], [3, 0.1]], dtype=np.float32)
    ids = [f"u{i}" for i in order]
    found = search.nearest(np.array([1, 0]), points[order], ids, most)
    ranked = {"u0": 1.0, "u1": 1.0, "u2": 1.0, "u7": 0.9994, "u3": 0.6, "u4": 0.0, "u6": 0.0, "u5": -1.0}
    assert [(ids[row], score) for row, score in found] == list(ranked.items())[:most]


@pytest.mark.parametrize(("field", "at_least"), [("label", 0.3), ("definition", 0.5)])
def test_a_theme_described_in_one_language_is_found_in_the_others(
    finished: study.Study, field: str, at_least: float
) -> None:
    """Precision of the first ten against the labels of the shipped corpus; by chance it would be 0.175."""
    labelled = {fold(u["text"]): set(u.get("codes") or ()) for case in cases("corpus") for u in case.get("units", [])}
    spoken = sorted({hit.language for hit in search.search(finished, "x", Wanted(), limit=10**6).hits})
    shares = []
    for theme in finished.codebook.themes:
        for language, query in getattr(theme, field).items():
            others = tuple(code for code in spoken if code != language)
            hits = ask(finished, query, languages=others).hits
            shares.append(np.mean([theme.id in labelled.get(fold(hit.text), ()) for hit in hits]))
    assert len(shares) == 15
    assert np.mean(shares) >= at_least
