"""Two editions of one run: what each says of a unit and of its source, and that their numbers are the same."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from selectolax.lexbor import LexborHTMLParser

from pipeline import editions, estimates, excerpts, paraphrases, privacy, quotable, readings, run, study
from pipeline.editions import Edition
from pipeline.errors import GlosaError
from pipeline.paraphrases import Paraphrase
from pipeline.report.strings import Strings
from pipeline.stages import STAGES, publish
from pipeline.store import Store, read_table
from pipeline.wordruns import Forbidden
from tests.conftest import make_study

KINDS = {kind: kind for kind in privacy.KINDS}
TEXT = {
    "p1": "Nerea, habla con ella hoy mismo. Escucha sin prisa lo que te diga.",
    "p2": "Listen to her before you explain anything at all.",
    "p3": "Trust like that does not come back.",
}
UNITS = [("u1", "p1", 0, 32, True), ("u2", "p1", 33, 66, True), ("u3", "p2", 0, 50, True), ("u4", "p3", 0, 35, False)]
FILES = {"s2": "b forum.html", "s1": "z Nerea Olabarri.txt"}
FINDER = privacy.Finder(["Nerea Olabarri"])


def tables() -> dict[str, pd.DataFrame]:
    """Three passages of two sources: one voice names another, one recommends nothing."""
    about = {"p1": ("s1", "v1", "es"), "p2": ("s2", "v2", "en"), "p3": ("s2", "v3", "en")}
    passages = [
        {
            "passage_id": i, "source_id": s, "locator": f"line {i}", "start": 0, "end": len(TEXT[i]),
            "role": "comment", "voice": v, "language": lang, "text": TEXT[i],
        }
        for i, (s, v, lang) in about.items()
    ]  # fmt: skip
    units = [
        {
            "unit_id": u, "passage_id": p, "start": a, "end": b, "language": about[p][2], "text": TEXT[p][a:b],
            "is_recommendation": yes, "repeats": None,
        }
        for u, p, a, b, yes in UNITS
    ]  # fmt: skip
    scores = {("u1", "dialogue"): 0.9, ("u1", "empathy"): 0.6, ("u2", "empathy"): 0.41, ("u3", "other"): 0.2}
    codings = [
        {
            "unit_id": u, "theme_id": t, "score": s, "assigned": u != "u2", "method": "people" if u == "u1" else "x",
            "status": "abstained" if u == "u2" else "assigned",
        }
        for (u, t), s in scores.items()
    ]  # fmt: skip
    hidden = {"en": False, "es": True, "comment": False, "s1": True, "s2": False}
    groups = {"en": "language", "es": "language", "comment": "role", "s1": "source", "s2": "source"}
    return {
        "sources": pd.DataFrame({"source_id": list(FILES), "file": list(FILES.values())}),
        "rejects": pd.DataFrame({"source_id": ["s9"], "file": ["unread Olabarri.exe"]}),
        "passages": pd.DataFrame(passages),
        "units": pd.DataFrame(units),
        "codings": pd.DataFrame(codings),
        "duplicates": pd.DataFrame({"passage_id": ["p9"], "duplicate_of": ["p2"]}),
        "theme_estimates": pd.DataFrame(
            {"group": groups.values(), "level": groups.keys(), "suppressed": hidden.values()}
        ),
        "topic_memberships": pd.DataFrame(
            {"unit_id": ["u1", "u1"], "topic_id": [0, 1], "score": [0.1, 0.9], "assigned": [False, True]}
        ),
        "layout": pd.DataFrame({"unit_id": ["u3"], "x": [0.25], "y": [0.5]}),
        "stances": pd.DataFrame({"passage_id": ["p1", "p3"], "stance": ["restorable", "not_restorable"]}),
    }


def edition(name: Any = "public", policy: Any = "paraphrase", by_source: Any = None) -> Edition:
    return Edition(name, policy, by_source or {}, {"b forum.html": "S02", "z Nerea Olabarri.txt": "S01"})


def build(of: Edition, written: dict[str, Paraphrase] | None = None) -> dict[str, Any]:
    found = tables()
    eligible = estimates.eligible_units(found["units"], found["passages"], "recommendations")
    words = quotable.build(found["passages"], found["units"], FINDER, KINDS)
    listed = readings.build(found, eligible, of, words, written or {})
    assert [reading["id"] for reading in listed] == ["u1", "u2", "u3"]
    return {reading["id"]: reading for reading in listed}


def test_the_restricted_edition_quotes_without_names_and_says_where() -> None:
    found = build(edition("restricted", "verbatim"))
    assert found["u1"]["text"] == "[name], habla con ella hoy mismo."
    assert found["u1"]["context"] == {"before": "", "after": "Escucha sin prisa lo que te diga."}
    assert found["u2"]["context"]["before"] == "[name], habla con ella hoy mismo."
    assert found["u1"]["place"] == "S01, line p1, 0–32"
    assert found["u3"]["kind"] == "verbatim"


def test_a_reading_has_codes_facets_and_its_place_on_the_map() -> None:
    found = build(edition("restricted", "verbatim"))
    assert found["u1"]["themes"] == ["dialogue", "empathy"]
    assert (found["u1"]["status"], found["u1"]["certainty"], found["u1"]["by"]) == ("assigned", 0.6, "people")
    assert (found["u2"]["status"], found["u2"]["certainty"], found["u2"]["scores"]) == ("abstained", 0.41, {})
    assert (found["u3"]["status"], found["u3"]["copies"], found["u3"]["by"]) == ("other", 1, "machine")
    assert (found["u1"]["topic"], found["u3"]["topic"]) == (1, None)
    assert (found["u3"]["x"], found["u3"]["y"], found["u1"]["x"]) == (0.25, 0.5, None)
    assert (found["u1"]["stance"], found["u3"]["stance"]) == ("restorable", None)


def test_facets_of_hidden_groups_are_hidden_and_their_words_keep_their_language() -> None:
    found = build(edition("restricted", "verbatim"))
    assert (found["u1"]["language"], found["u1"]["source"], found["u1"]["lang"]) == (None, None, "es")
    assert (found["u3"]["language"], found["u3"]["source"], found["u3"]["role"]) == ("en", "S02", "comment")


def test_the_public_edition_shows_what_its_policy_allows() -> None:
    written = {"u1": Paraphrase("Conviene dirigirse a la persona.", ""), "u3": Paraphrase("Primeiro, ouvir.", "pt")}
    found = build(edition(), written)
    assert (found["u1"]["text"], found["u1"]["kind"], found["u1"]["lang"]) == (written["u1"].text, "paraphrase", "es")
    assert (found["u3"]["lang"], found["u3"]["context"], found["u3"]["place"]) == ("pt", None, None)
    assert (found["u2"]["text"], found["u2"]["kind"], found["u2"]["lang"]) == (None, "withheld", None)
    assert {r["text"] for r in build(edition(policy="none"), written).values()} == {None}
    mixed = build(edition(by_source={"s2": "verbatim"}), written)
    assert [mixed[u]["kind"] for u in ("u1", "u2", "u3")] == ["paraphrase", "withheld", "verbatim"]
    closed = build(edition(policy="verbatim", by_source={"s1": "none"}), written)
    assert [closed[u]["kind"] for u in ("u1", "u2", "u3")] == ["withheld", "withheld", "verbatim"]


@pytest.mark.parametrize(
    ("of", "places", "silent"),
    [
        (edition("restricted", "verbatim"), ["p1", "p2", "p3"], ["Trust like that does not come back."]),
        (edition(), [], ["No way back."]),
        (edition(policy="none"), [], []),
        (edition(by_source={"s2": "verbatim"}), ["p2", "p3"], ["Trust like that does not come back."]),
    ],
)
def test_excerpts_and_their_places_follow_the_policy(of: Edition, places: list[str], silent: list[str]) -> None:
    read = tables()
    words = quotable.build(read["passages"], read["units"], FINDER, KINDS)
    written = {"u1": Paraphrase("Conviene dirigirse a la persona.", ""), "u4": Paraphrase("No way back.", "")}
    seen = list(build(of, written).values())
    topics = {"rows": [{"central": {"en": ["u3"], "es": ["u2", "u1"]}}]}
    found = {"themes": [{"id": "dialogue"}, {"id": "empathy"}], "uncoded": {"n_other": 1}, "topics": topics}
    shown = excerpts.add(found, seen, read, of, words, written, 6)
    assert [e["unit_id"] for e in shown["themes"][0]["excerpts"]] == (["u1"] if of.policy != "none" else [])
    assert [p["passage_id"] for p in shown["passages"]] == places
    assert [e["text"] for e in shown["uncoded"]["silent"]] == silent
    assert [e["text"] for e in shown["uncoded"]["dissent"]] == silent
    assert shown["uncoded"]["n_other"] == 1
    for passage in shown["passages"]:
        assert (passage["locator"] is None) == of.is_public
        assert (passage["start"] is None) == of.is_public
    nothing = excerpts.add(found, seen, read, of, words, written, 0)
    assert nothing["passages"] == []


def test_numbers_of_sources_depend_on_what_they_hold_not_on_their_names() -> None:
    inputs = {"z Nerea Olabarri.txt": "aa", "b forum.html": "bb", "unread Olabarri.exe": "cc", "wb.xlsx": "dd"}
    found = editions.numbers(tables(), inputs)
    assert found == {
        "z Nerea Olabarri.txt": "S01",
        "b forum.html": "S02",
        "unread Olabarri.exe": "R01",
        "wb.xlsx": "R02",
    }
    sheets = tables()["sources"].assign(file=["wb.xlsx#One", "wb.xlsx#Two"])
    found = editions.numbers({**tables(), "sources": sheets}, {"wb.xlsx": "dd"})
    assert (found["wb.xlsx#One"], found["wb.xlsx#Two"], found["wb.xlsx"]) == ("S02", "S01", "S01, S02")


HEADER = "unit_id,text,language,author,signed_off\n"


def _written(folder: Path, rows: str, header: str = HEADER) -> Any:
    file = folder / "paraphrases.csv"
    file.write_text(header + rows, encoding="utf-8")
    return paraphrases.read(file, {"u1", "u2"}, Forbidden([("u3", TEXT["p2"])]))


def test_only_paraphrases_that_somebody_signed_off_are_used(tmp_path: Path) -> None:
    rows = "u1,Hablar pronto.,es,Ana,2026-03-31\nu2,Oír.,es,,2026-03-31\nu2,Oír.,es,Ana,\nu9,Oír.,es,Ana,2026-03-31\n"
    found, counts = _written(tmp_path, rows)
    assert found == {"u1": Paraphrase("Hablar pronto.", "es")}
    assert counts == {"used": 1, "unsigned": 2, "without_unit": 1}
    assert paraphrases.read(tmp_path / "none.csv", set(), Forbidden()) == (
        {},
        {"used": 0, "unsigned": 0, "without_unit": 0},
    )


@pytest.mark.parametrize(
    ("rows", "header", "found"),
    [
        ("u1,Oír.,es,Ana,31.3.2026\n", HEADER, "signed_off is '31.3.2026'"),
        ("u1,Oír.,es,Ana,2026-03-31\n" * 2, HEADER, "unit u1 has two"),
        ("u1,She should listen to her before you explain.,en,Ana,2026-03-31\n", HEADER, "repeats words of u3"),
        ("u1,Oír.\n", "unit_id,text\n", "no column language"),
    ],
)
def test_a_wrong_paraphrase_is_named(tmp_path: Path, rows: str, header: str, found: str) -> None:
    with pytest.raises(GlosaError) as caught:
        _written(tmp_path, rows, header)
    assert found in caught.value.found
    assert "paraphrases.csv" in caught.value.where


RULES = """
[[report.sources]]
files = "foro-*.jsonl"
quotation = "verbatim"
consent = "Everybody in it was asked."
"""


def _publish(finished: study.Study, folder: Path, report: str) -> study.Study:
    """Publish the shipped corpus, in Spanish alone, under another policy; the tables stay as they are."""
    shutil.copytree(finished.root, folder, ignore=shutil.ignore_patterns("reports"))
    (folder / "study.toml").write_text(f'[study]\ntitle = "T"\nlanguages = ["es", "fr"]\n{report}', encoding="utf-8")
    loaded, stage = study.load(folder), STAGES[-1]
    store = Store(folder, stage.reads, stage.outputs(loaded))
    publish.run(loaded, store)
    store.commit()
    return loaded


@pytest.fixture(scope="module")
def mixed(tmp_path_factory: pytest.TempPathFactory, finished: study.Study) -> study.Study:
    """A forum may be quoted, nothing else; one unit elsewhere has a paraphrase."""
    folder = tmp_path_factory.mktemp("mixed") / "study"
    codings = read_table(finished.processed / "codings.parquet", "codings")
    units = read_table(finished.processed / "units.parquet", "units").set_index("unit_id")
    passages = read_table(finished.processed / "passages.parquet", "passages").set_index("passage_id")
    sources = read_table(finished.processed / "sources.parquet", "sources").set_index("source_id")
    chosen = codings[codings["theme_id"] == "supervision"].sort_values(["score", "unit_id"], ascending=[False, True])
    files = [sources.at[passages.at[units.at[u, "passage_id"], "source_id"], "file"] for u in chosen["unit_id"]]
    unit = next(u for u, file in zip(chosen["unit_id"], files, strict=True) if not file.startswith("foro"))
    quotes = finished.root / "data" / "quotes"
    quotes.mkdir()
    (quotes / "paraphrases.csv").write_text(f"{HEADER}{unit},Frase rehecha por nosotros.,es,Ana,2026-01-02\n", "utf-8")
    try:
        return _publish(finished, folder, RULES)
    finally:
        shutil.rmtree(quotes)


def _results(loaded: study.Study, name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((loaded.reports / name / "results.json").read_text(encoding="utf-8"))
    return found


def test_both_editions_hold_the_same_numbers(mixed: study.Study) -> None:
    def numbers(value: Any) -> Any:
        if isinstance(value, dict):
            return {k: numbers(v) for k, v in value.items() if k not in {"excerpts", "passages", "uncoded", "inputs"}}
        return [numbers(v) for v in value] if isinstance(value, list) else None if isinstance(value, str) else value

    ours, theirs = (_results(mixed, name) for name in ("restricted", "public"))
    keys = ours.keys() - {"sources", "rejects", "groups"}  # sorted by the names of files, or by numbers
    assert numbers({k: ours[k] for k in keys}) == numbers({k: theirs[k] for k in keys})
    for key in ("sources", "rejects"):
        assert sorted(json.dumps(numbers(r)) for r in ours[key]) == sorted(json.dumps(numbers(r)) for r in theirs[key])
    names = [sorted(p.relative_to(mixed.reports / e).as_posix() for p in (mixed.reports / e).rglob("*")) for e in
             ("restricted", "public")]  # fmt: skip
    assert names[0] == names[1]
    for figure in (mixed.public / "figures").iterdir():
        assert figure.read_bytes() == (mixed.restricted / "figures" / figure.name).read_bytes()


READ_AS_TEXT = {".html", ".md", ".csv", ".json", ".svg"}  # the leak test reads the others


def test_the_public_edition_of_a_mixed_study(mixed: study.Study) -> None:
    found = _results(mixed, "public")
    shown = [e for theme in found["themes"] for e in theme["excerpts"]]
    assert {e["kind"] for e in shown} == {"verbatim", "paraphrase"}
    assert {p["file"] for p in found["passages"]} == {"S02"}
    text = (mixed.public / "theme_report.html").read_text(encoding="utf-8")
    assert "Frase rehecha por nosotros." in text
    assert "Everybody in it was asked." in text
    assert "Solo cita las fuentes que pueden citarse" in text
    everything = "".join(p.read_text("utf-8") for p in mixed.public.rglob("*") if p.suffix in READ_AS_TEXT)
    for row in read_table(mixed.processed / "sources.parquet", "sources").itertuples():
        assert row.file.partition("#")[0] not in everything
        assert not row.title or row.title not in everything
    assert "Edición restringida, solo para el equipo" in (mixed.restricted / "theme_report.html").read_text("utf-8")
    page = LexborHTMLParser(text)
    links = {a.attributes["href"] for a in page.css(".excerpts a")}
    assert links <= {f"#{node.attributes['id']}" for node in page.css("[id]")}


def test_the_way_to_both_editions(mixed: study.Study) -> None:
    page = LexborHTMLParser((mixed.reports / "index.html").read_text(encoding="utf-8"))
    links = [a.attributes["href"] for a in page.css("a")]
    assert {"public/theme_report.html", "restricted/theme_report.html", "public/explorer.html"} <= set(links)
    assert all((mixed.reports / link).is_file() for link in links if link)
    assert page.css_first("script") is None


def test_a_rule_that_fits_no_source_is_named(finished: study.Study, tmp_path: Path) -> None:
    with pytest.raises(GlosaError, match="fits none of the captures"):
        _publish(finished, tmp_path / "s", RULES.replace("foro", "forum"))


def test_what_is_published_no_more_is_removed_unless_somebody_changed_it(tmp_path: Path) -> None:
    loaded = study.load(make_study(tmp_path, {}))
    before = {}
    for name in ("reports/theme_report.html", "reports/figures/flow.svg", "reports/mine.html", "data/processed/x.json"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name, encoding="utf-8")
        before[name] = {"sha256": run.manifest.sha256(tmp_path / name)}
    (tmp_path / "reports/mine.html").write_text("changed", encoding="utf-8")
    run._remove_stale(loaded, before, ["reports/public/theme_report.html"])
    assert sorted(p.name for p in (tmp_path / "reports").rglob("*")) == ["mine.html"]
    assert (tmp_path / "data/processed/x.json").is_file()


def test_a_report_in_each_language_that_has_strings() -> None:
    from pipeline.report.strings import spoken

    assert [(t.language, t.suffix) for t in spoken(["es", "fr", "en"])] == [("es", ""), ("en", ".en")]
    assert [(t.language, t.suffix) for t in spoken(["fr", "en", "pt"])] == [("en", ""), ("pt", ".pt")]
    assert Strings("de").language == "en"
