"""The published page: its sections, its numbers, what it must not contain, and how a browser takes it."""

from __future__ import annotations

import html
import json
import re
import shutil
import string
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from selectolax.lexbor import LexborHTMLParser

from pipeline import run, study
from pipeline.report import strings
from pipeline.report.page import SECTIONS
from pipeline.store import read_table
from tests.conftest import make_study

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
HOSTILE = (
    "You must <script>alert(1)</script> talk to <b>her</b> =cmd|'/c calc'!A1 \u202eevil\u202c javascript:alert(2)."
)


@pytest.fixture(scope="module")
def page(finished: study.Study) -> Any:
    return LexborHTMLParser((finished.restricted / "theme_report.html").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def results(finished: study.Study) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((finished.restricted / "results.json").read_text(encoding="utf-8"))
    return found


def test_sections_stand_in_order(page: Any, finished: study.Study) -> None:
    themes = [f"theme-{theme}" for theme in finished.codebook.ids]
    wanted = [i for s in SECTIONS for i in (themes if s == "themes" else [s])]
    assert [node.attributes["id"] for node in page.css("main > section")] == wanted


def test_every_link_leads_somewhere_in_the_page(page: Any) -> None:
    ids = [node.attributes["id"] for node in page.css("[id]")]
    outside_charts = [i for i in ids if i]
    assert {a.attributes["href"] for a in page.css("a")} <= {f"#{i}" for i in outside_charts}
    ours = [node.attributes["id"] for node in page.css("[id]") if not _inside_chart(node)]
    assert len(ours) == len(set(ours))


def _inside_chart(node: Any) -> bool:
    while node is not None:
        if node.tag == "svg":
            return True
        node = node.parent
    return False


def test_the_page_is_self_contained(finished: study.Study) -> None:
    text = (finished.restricted / "theme_report.html").read_text(encoding="utf-8")
    assert "<script" not in text
    assert not re.search(r'(?:src|href)="(?!#)', re.sub(r'(?:xlink:)?href="#', 'x="', text))
    assert "url(http" not in text
    assert "@import" not in text


def test_figures_say_what_they_show_and_have_their_data(page: Any) -> None:
    figures = page.css("figure")
    assert len(figures) == 10
    for figure in figures:
        assert len(figure.css_first(".chart").attributes["aria-label"]) > 20
        assert figure.css_first("svg") is not None
        assert figure.css_first("table") is not None


def test_every_quotation_says_its_language(page: Any) -> None:
    quotations = page.css("blockquote")
    assert len(quotations) > 20
    assert all(q.attributes.get("lang") in {"es", "en", "pt", "fr", "de", "it", "und"} for q in quotations)


def test_sums_agree(results: dict[str, Any], finished: study.Study) -> None:
    flow, corpus = results["flow"], results["corpus"]
    repeated = sum(flow[kind] for kind in ("exact", "near", "truncated", "translation"))
    assert flow["passages"] == flow["distinct"] + repeated
    assert flow["distinct"] == flow["voiced"] + flow["prompt"] + flow["navigation"]
    assert flow["units"] == flow["eligible"] + flow["repeated"] + flow["not_eligible"]
    assert flow["eligible"] == flow["coded"] + flow["other"] + flow["abstained"]
    assert corpus["n_tips"] is corpus["n_comments"] is None  # three editors: too few, and comments are the rest
    assert corpus["n_voices"] == corpus["n_named_voices"] + corpus["n_other_voices"]
    shown = [row["units"] for row in results["languages"] if not row["suppressed"]]
    assert 0 < sum(shown) < corpus["n_units"]
    assert all(row["units"] is None for row in results["languages"] if row["suppressed"])
    themes = read_table(finished.processed / "themes.parquet", "themes").set_index("theme_id")
    for theme in results["themes"]:
        assert theme["n_units"] == themes.at[theme["id"], "n_units"]
        assert theme["n_voices"] <= theme["n_units"] <= theme["n_mentions"]


def test_excerpts_are_units_and_link_to_their_place(results: dict[str, Any], page: Any, finished: study.Study) -> None:
    units = read_table(finished.processed / "units.parquet", "units").set_index("unit_id")["text"]
    places = {node.attributes["id"]: node for node in page.css(".place span.unit")}
    for theme in results["themes"]:
        for excerpt in theme["excerpts"]:
            pieces = re.split(r"\[(?:name|email|link|handle|phone|identity number)\]", excerpt["text"])
            assert re.fullmatch(".+".join(map(re.escape, pieces)), units[excerpt["unit_id"]], re.DOTALL)
            assert places[excerpt["unit_id"]].text(deep=True).startswith(excerpt["text"])


def test_suppressed_cells_hold_no_number(results: dict[str, Any], finished: study.Study) -> None:
    hidden = [level for level in results["groups"]["language"] if level["suppressed"]]
    assert hidden
    assert all(cell is None for level in hidden for cell in level["cells"].values())
    table = pd.read_csv(finished.restricted / "tables" / "theme_estimates.csv")
    assert table[table["suppressed"]][["n_voices", "n_units", "share"]].isna().all().all()


def test_no_name_of_a_contributor_is_published(finished: study.Study) -> None:
    """Names that the captures give as authors; the corpus's people don't mention one another's full names."""
    from tests.conftest import cases  # noqa: PLC0415, RUF100

    assert cases("corpus")
    raw = finished.raw
    authors = {json.loads(line).get("author") for line in (raw / "foro-mentores.jsonl").read_text("utf-8").splitlines()}
    authors |= set(re.findall(r'comment-author">([^<]+)<', (raw / "mentor-told-the-board.html").read_text("utf-8")))
    full = {html.unescape(a) for a in authors if a and " " in a}
    assert len(full) > 5
    published = "".join(
        p.read_text("utf-8") for p in finished.reports.rglob("*") if p.suffix in {".html", ".csv", ".json"}
    )
    assert not [name for name in full if name in published]


def test_catalogues_have_the_same_keys_and_placeholders() -> None:
    master = strings.catalogue("en")
    for code in strings.available():
        other = strings.catalogue(code)
        assert _shape(other) == _shape(master), code


def _shape(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _shape(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_shape(inner) for inner in value]
    return sorted(name for _, name, _, _ in string.Formatter().parse(value) if name)


@pytest.mark.parametrize(
    "language",
    [
        "es",
        pytest.param("en", marks=pytest.mark.slow),
        pytest.param("pt", marks=pytest.mark.slow),
        pytest.param("fr", marks=pytest.mark.slow),
    ],
)
def test_the_report_speaks_the_studys_first_language(tmp_path: Path, language: str) -> None:
    settings = f'[study]\ntitle = "T"\nlanguages = ["{language}"]\n'
    loaded = study.load(make_study(tmp_path, {"a.jsonl": json.dumps({"text": HOSTILE})}, settings))
    run.run(loaded, quiet=True)
    text = (loaded.restricted / "theme_report.html").read_text(encoding="utf-8")
    assert f'<html lang="{language if language != "fr" else "en"}">' in text
    assert "<script" not in text
    assert "&lt;script&gt;" in text


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")
@pytest.mark.enable_socket
@pytest.mark.parametrize("width", [1280, 390])
def test_a_browser_shows_it_without_a_request_or_a_word_out_of_place(finished: study.Study, width: int) -> None:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        tab = browser.new_page(viewport={"width": width, "height": 900})
        requests: list[str] = []
        errors: list[str] = []
        tab.on("request", lambda request: requests.append(request.url))
        tab.on("console", lambda message: errors.append(message.text))
        tab.on("pageerror", lambda error: errors.append(str(error)))
        url = (finished.restricted / "theme_report.html").as_uri()
        tab.goto(url)
        assert requests == [url]
        assert errors == []
        assert tab.evaluate("document.documentElement.scrollWidth") <= width
        assert tab.locator("main > section").count() == len(SECTIONS) - 1 + len(finished.codebook.ids)
        clipped = tab.evaluate(
            "[...document.querySelectorAll('h1,h2,h3,dt,dd,.excerpts p')].filter(e => e.scrollWidth > e.clientWidth + 1"
            " && getComputedStyle(e).display !== 'inline').map(e => e.textContent)"
        )
        assert clipped == []
        tab.emulate_media(media="print")
        tab.set_viewport_size({"width": 658, "height": 900})  # A4 between the margins
        off_the_paper = tab.evaluate(
            "[...document.querySelectorAll('table, svg, pre, code')].filter(e => e.getBoundingClientRect().right >"
            " document.body.getBoundingClientRect().right + 1).map(e => e.textContent.slice(0, 60))"
        )
        assert off_the_paper == []
        browser.close()
