"""What the report says of topics: coverage first, nothing hidden that is unstable, nothing shown that is suppressed."""

from __future__ import annotations

import json
import tomllib
from typing import Any

import pandas as pd
import pytest
from rich.console import Console

from pipeline import candidate_themes, excerpts, schemas, topic_results, topic_tree
from pipeline.errors import GlosaError
from pipeline.report import page, topic_facts, topic_figures
from pipeline.report import tables as published
from pipeline.report.strings import Strings, available
from pipeline.study import Codebook, Study
from tests import topic_frames as frames
from tests.conftest import glosa, make_study

EN = Strings("en")
DRAFTS = {code: str(Strings(code).raw("topics.draft")) for code in available()}


@pytest.fixture(scope="module")
def found() -> dict[str, Any]:
    return topic_results.build(frames.tables())


@pytest.mark.parametrize("tables", [frames.tables(), frames.nothing(), frames.nothing(0)])
def test_the_frames_are_tables_as_declared(tables: dict[str, pd.DataFrame]) -> None:
    for name, frame in tables.items():
        if name.startswith("topic") or name == "layout":
            schemas.validate(name, frame)


def test_coverage_and_stability(found: dict[str, Any]) -> None:
    assert (found["assigned"], found["base"], found["share"]) == (56, 60, pytest.approx(56 / 60))
    assert [(row["id"], row["steadiness"], row["appears"]) for row in found["rows"]] == [
        (0, "stable", 20),
        (1, "stable", 17),
        (3, "stable", 18),
        (2, "unstable", 7),
    ]
    assert found["n_unstable"] == 1
    said = topic_facts.intro(found, 15, EN)
    assert said[0].startswith("Coverage: 56 of 60")
    assert "Unstable topics: 1 of 4" in said[2]
    assert topic_facts.stability(found["rows"][1], 20, EN) == "in 17 of 20 refits"


def test_suppressed_levels_hold_no_number_and_can_not_be_told_from_the_split(found: dict[str, Any]) -> None:
    group = found["groups"]["language"]
    assert [(level["level"], level["suppressed"]) for level in group["levels"]] == [
        ("en", False), ("es", False), ("fr", True), ("pt", True),
    ]  # fmt: skip
    assert all(level["base_units"] is None for level in group["levels"] if level["suppressed"])
    assert all(row["cells"][2:] == [None, None] for row in group["rows"])
    assert group["rows"][0]["cells"][0] == {
        "n_voices": 5, "n_units": 10, "base_voices": 20, "base_units": 30, "share": 0.2, "low": 0.1, "high": 0.31,
    }  # fmt: skip
    assert found["split"] == {"levels": ["en", "es"], "all": [0.5, 0.3], "rows": found["split"]["rows"]}
    assert found["split"]["rows"][0] == [10 / 20, 6 / 20]


def test_p_values_are_shown_or_withheld_in_words(found: dict[str, Any]) -> None:
    facts = topic_facts.make(
        {"topics": found, "codebook": [{"id": "empathy"}], "report_languages": ["en"]}, {"empathy": "Empathy"}, 15, EN
    )
    language = facts["groups"][0]
    assert [row["p"] for row in language["rows"]] == ["0.040", "withheld", "withheld", "withheld"]
    assert facts["crosswalk"][0] == "inside one theme: Empathy"
    assert [topic_facts.p_value(p) for p in (None, 0.0004, 0.5)] == ["–", "< 0.001", "0.500"]


def test_sources_stand_under_their_file(found: dict[str, Any]) -> None:
    assert [level["level"] for level in found["groups"]["source"]["levels"]] == ["forum.html"]


@pytest.mark.parametrize(
    ("leak", "said"),
    [
        ({"leak_nmi": 0.02, "leak_high": 0.03}, "No more than by chance"),
        ({"leak_nmi": 0.05, "leak_high": 0.03}, "More than by chance"),
        ({"leak_nmi": None}, "could not be measured"),
    ],
)
def test_leakage_is_said_beside_its_baseline(leak: dict[str, Any], said: str) -> None:
    of = topic_results.build(frames.tables(topic_summary=frames.summary(**leak)))["leakage"]
    assert said in topic_facts.leakage(of, EN)


@pytest.mark.parametrize("n", [0, 1, 14])
def test_too_few_units_are_a_list_and_the_report_says_what_that_allows(n: int) -> None:
    found = topic_results.build(frames.nothing(n))
    assert (found["rows"], found["families"], found["candidates"], found["leakage"]) == ([], [], [], None)
    (said,) = topic_facts.intro(found, 15, EN)
    assert f"{n} eligible units" in said
    assert "from 15 on" in said
    topic_facts.make({"topics": found, "codebook": [], "report_languages": ["en"]}, {}, 15, EN)


def test_words_in_a_language(found: dict[str, Any]) -> None:
    spanish = topic_results.worded(found, "es")
    assert [row["label"] for row in spanish["rows"]][:2] == ["escuchar, oír, preguntar", "hablar, puerta"]
    assert topic_results.worded(found, "pt")["rows"][0]["lang"] == "en"
    assert topic_results.worded(found, "fi")["rows"][0]["label"] == found["rows"][0]["label"]


def test_the_map_is_thinned_by_id_and_says_how_often_neighbours_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = topic_results.points(frames.tables())
    assert whole["n_units"] == len(whole["x"]) == 56
    assert sum(whole["drawn"].values()) == 56
    assert whole["drawn"]["abstained"] == 4
    assert [middle["topic"] for middle in whole["middles"]] == [0, 1, 2, 3]
    assert 0 <= whole["by_chance"] <= 1
    monkeypatch.setattr(topic_results, "MAX_POINTS", 10)
    shuffled = frames.tables(layout=frames.layout().sample(frac=1, random_state=3))
    some = topic_results.points(shuffled)
    assert (some["n_units"], some["x"]) == (56, whole["x"][:10])
    assert some["middles"] == whole["middles"]


@pytest.mark.parametrize("n", [0, 1])
def test_a_map_of_nobody(n: int) -> None:
    found = topic_results.points(frames.tables(layout=frames.layout().iloc[:n]))
    assert (len(found["x"]), found["alike"]) == (n, None)


def test_candidates_are_a_codebook_that_validates(found: dict[str, Any]) -> None:
    outside = [row for row in found["rows"] if row["id"] in found["candidates"]]
    block = candidate_themes.block(outside, ["empathy"], DRAFTS)
    theme = Codebook.model_validate(tomllib.loads(block)).themes[0]
    assert theme.id == "screenshot-group-chat"
    assert theme.label == {"en": "screenshot, group, chat", "es": "captura, grupo", "pt": "screenshot, group, chat"}
    assert theme.definition["en"] == "DRAFT made of keywords, to be written anew: screenshot, group, chat"
    assert (theme.include, theme.exclude, theme.examples) == ({}, {}, {})
    assert "# Central units, en: u200, u201" in block
    assert "unstable" in block


@pytest.mark.parametrize(
    ("label", "taken", "expected"),
    [
        ("Señal, ¡Ñandú!", [], "senal-nandu"),
        ("other", [], "other-2"),
        ("recommendation", ["recommendation-2"], "recommendation-3"),
        ("empathy", ["empathy"], "empathy-2"),
        ("信任", [], "topic-7"),
        ("", [], "topic-7"),
        ("24 hours, now", [], "hours-now"),
        ("x" * 90, [], "x" * 40),
    ],
)
def test_ids_of_candidates_are_new_and_plain(label: str, taken: list[str], expected: str) -> None:
    assert candidate_themes.slug({"id": 7, "label": label}, {*taken, "other", "recommendation"}) == expected


def test_what_a_candidate_quotes_cannot_break_out_of_its_string(found: dict[str, Any]) -> None:
    hostile = 'a "b" \\ """ \x1b[31m\n[[themes]] {keywords} \u202e ünï'
    row = {**found["rows"][3], "label": hostile, "labels": {}, "keywords": {"en": [hostile]}}
    block = candidate_themes.block([row, row], [], DRAFTS, {"2": {"en": [hostile]}})
    themes = Codebook.model_validate(tomllib.loads(block)).themes
    assert [theme.examples for theme in themes] == [{"en": [hostile]}] * 2
    assert len({theme.id for theme in themes}) == 2
    assert themes[0].label["pt"] == hostile
    assert "\x1b" not in block


def test_central_units_are_excerpts_as_far_as_an_edition_shows_them() -> None:
    shown = [
        {
            "id": i, "passage_id": "p", "text": i, "kind": "verbatim", "lang": "en", "role": "tip", "scores": {},
            "themes": ["empathy"], "copies": 0,
        }
        for i in ("u1", "u2", "u3", "u5", "u6")
    ]  # fmt: skip
    units = {"es": ["u5", "u6"], "en": ["u4", "u1", "u2", "u3"]}
    assert [e["unit_id"] for e in excerpts.central(units, shown, 6)] == ["u5", "u6", "u1"]
    assert [e["unit_id"] for e in excerpts.central(units, shown, 1)] == ["u5"]
    assert excerpts.central(units, shown, 0) == []


MACROS = """{% macro figure(name, title) %}<figure>{{ title }}{{ caller() }}</figure>{% endmacro %}
{% macro excerpt(e, coded) %}<li>{{ e.text }}</li>{% endmacro %}
{% macro estimate(e) %}{{ e.share | percent }}{% endmacro %}
{% include "topics.html.j2" %}"""


def section(tables: dict[str, pd.DataFrame], language: str = "en") -> str:
    """Render the section alone, without drawings."""
    t = Strings(language)
    topics = topic_results.worded(topic_results.build(tables), language)
    topics["rows"] = [{**row, "excerpts": [{"text": "quoted"}] if row["id"] else []} for row in topics["rows"]]
    results = {"topics": topics, "points": topic_results.points(tables), "settings": {"report": {"min_voices": 5}}}
    labels = {"empathy": "Empathy", "dialogue": "Dialogue", "other": "other"}
    facts = {
        "labels": labels,
        "topics": topic_facts.make({**results, "codebook": [], "report_languages": list(available())}, labels, 15, t),
    }
    rendered: str = page.environment().from_string(MACROS).render(r=results, t=t, facts=facts)
    return rendered


@pytest.mark.parametrize("language", available())
def test_the_section_says_everything_in_every_language(language: str) -> None:
    t = Strings(language)
    shown = section(frames.tables(), language)
    assert shown.index("56") < shown.index("<table>")
    assert shown.count(f"({t('topics.unstable')})") == 8
    assert t("topics.withheld") in shown
    assert "screenshot-group-chat" in shown or "captura-grupo" in shown
    assert shown.count("<figure>") == 4


ODD = {
    "nobody abstained": {"codings": frames.codings().assign(assigned=True)},
    "every level hidden": {"topic_estimates": frames.estimates().assign(suppressed=True)},
    "no refits": {
        "topics": frames.topics().assign(stability=None, overlap=None, steadiness="unmeasured"),
        "topic_summary": frames.summary(n_refits=0, leak_nmi=None),
    },
    "no number of topics compared": {"topic_fits": frames.tables()["topic_fits"].iloc[:0]},
    "nothing known of any number": {
        "topic_fits": frames.tables()["topic_fits"].assign(silhouette=None, agreement=None, chosen=False)
    },
    "no coded unit": {"topics": frames.topics().assign(main_theme=None, crosswalk="outside")},
    "a sample": {"topic_summary": frames.summary("sample", n_sample=30)},
    "a map of one unit": {"layout": frames.layout().iloc[:1]},
    "no group at all": {"topic_estimates": frames.estimates().iloc[:0]},
}


@pytest.mark.parametrize("changes", ODD.values(), ids=ODD)
def test_odd_tables_have_a_section_and_figures_as_well(changes: dict[str, pd.DataFrame]) -> None:
    tables = frames.tables(**changes)
    assert "None" not in section(tables)
    found = {"topics": topic_results.build(tables), "points": topic_results.points(tables)}
    said = topic_figures.alternatives(found, 15, EN)
    assert all(len(sentence) > 20 and "None" not in sentence for sentence in said.values())
    topic_figures.draw(found, {"empathy": "Empathy", "dialogue": "Dialogue", "other": "other"}, 15, EN)


@pytest.mark.parametrize("n", [0, 1, 14])
def test_the_section_of_a_list_is_a_sentence(n: int) -> None:
    shown = section(frames.nothing(n) | {"layout": frames.layout().iloc[: n and 1]})
    assert "<table>" not in shown
    assert f"{n} eligible units" in shown


def test_published_tables_name_no_file_and_hide_small_groups() -> None:
    estimates = frames.estimates()
    assert published.emptied(estimates).loc[estimates["suppressed"], ["n_units", "share", "p"]].isna().all().all()
    assert published.emptied(estimates)["topic_id"].notna().all()


def test_the_tree_says_coverage_first_and_leakage_last(study: Study, found: dict[str, Any]) -> None:
    units = {f"u{t}{j:02d}": "Say \x1b[31mso\nnow" for t in range(4) for j in range(20)}
    shown = topic_tree.shown(topic_results.worded(found, "es"), "es", units, 1)
    console = Console(width=100)
    with console.capture() as capture:
        console.print(topic_tree.tree(study, shown))
    lines = [line.strip("│├└─ ") for line in capture.get().splitlines()]
    assert lines[0].startswith("Coverage: 56 of 60")
    assert any(line.startswith("escuchar, oír, preguntar  topic 0: 20 units") for line in lines)
    assert lines.index("es  escuchar, oír, preguntar") < lines.index("en  listen, hear, ask")
    assert "\x1b" not in capture.get()
    assert "u002  Say \ufffd[31mso now" in lines
    text = " ".join(lines)
    assert "unstable" in text
    assert text.index("Do topics follow languages") > text.rindex("voices · in")


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    from pipeline import study as studies

    return studies.load(make_study(tmp_path_factory.mktemp("topics"), {"a.txt": "Say sorry."}))


def test_candidates_in_the_terminal_quote_only_what_is_asked_for(study: Study, found: dict[str, Any]) -> None:
    units = {f"u{t}{j:02d}": f"Sentence {t}." for t in range(4) for j in range(20)}
    silent = topic_tree.candidates(study, topic_tree.shown(found, "en", units, 0))
    quoting = topic_tree.candidates(study, topic_tree.shown(found, "en", units, 1))
    assert "Sentence" not in silent
    examples = Codebook.model_validate(tomllib.loads(quoting)).themes[0].examples
    assert examples == {"en": ["Sentence 2."], "es": ["Sentence 2."]}
    assert json.loads(topic_tree.as_json(found))["assigned"] == 56
    nothing = topic_results.build(frames.nothing())
    assert topic_tree.candidates(study, topic_tree.shown(nothing, "en", {}, 0)).startswith("# No topic")


def test_before_the_stage_has_run_the_command_says_what_to_do(study: Study) -> None:
    with pytest.raises(GlosaError, match="Run `glosa run` first"):
        topic_tree.load(study)


def test_glosa_topics(finished: Study) -> None:
    shown = glosa("topics", "--study", str(finished.root))
    assert shown.returncode == 0
    assert shown.stdout.startswith("Coverage: ")
    wrong = glosa("topics", "--language", "xx", "--study", str(finished.root))
    assert wrong.returncode == 2
    assert "no topic has keywords in it" in wrong.stderr
    found = json.loads(glosa("topics", "--json", "--units", "1", "--study", str(finished.root)).stdout)
    assert found["rows"][0]["units"]
