"""The published page: its sections, its numbers, what it must not contain, and how a browser takes it."""

from __future__ import annotations

import html
import itertools
import json
import re
import shutil
import string
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from selectolax.lexbor import LexborHTMLParser

from pipeline import run, study
from pipeline.editions import Edition
from pipeline.report import citation, scrolling, strings
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
    places = {f"#{i}" for i in ids if i}
    assert {a.attributes["href"] for a in page.css("a") if a.attributes["href"].startswith("#")} <= places
    ours = [node.attributes["id"] for node in page.css("[id]") if not _inside_chart(node)]
    assert len(ours) == len(set(ours))


def test_every_other_form_is_linked_to_and_is_there(page: Any, finished: study.Study) -> None:
    beside = {a.attributes["href"] for a in page.css("a") if not a.attributes["href"].startswith("#")}
    assert {"explorer.html", "theme_report.pdf", "theme_report.md", "results.json"} <= beside
    assert {"theme_report.es.html", "packs/workbook.xlsx", "packs/theme-cards.docx"} <= beside
    index = LexborHTMLParser((finished.reports / "index.html").read_text(encoding="utf-8"))
    linked = {a.attributes["href"] for a in index.css("a")}
    assert {f"{e}/{file}" for e in ("public", "restricted") for file in beside} <= linked
    assert all((finished.reports / file).is_file() for file in linked)
    inner = ("theme_report.pt.html", "theme_report.es.html")
    for file in inner:
        other = LexborHTMLParser((finished.public / file).read_text(encoding="utf-8"))
        hrefs = {a.attributes["href"] for a in other.css("a")}
        assert all((finished.public / href).is_file() for href in hrefs if not href.startswith("#"))


def test_it_is_said_that_nobody_audited_the_repetitions(page: Any) -> None:
    assert "not audited" in page.css_first("#corpus").text()


def test_what_only_a_screen_can_follow_stays_on_it(finished: study.Study) -> None:
    for edition in (finished.public, finished.restricted):
        text = (edition / "theme_report.md").read_text(encoding="utf-8")
        assert not re.search(r"\((?:explorer|theme_report|packs/|results)", text)
        assert "](#" in text


def _inside_chart(node: Any) -> bool:
    while node is not None:
        if node.tag == "svg":
            return True
        node = node.parent
    return False


def test_the_page_is_self_contained(finished: study.Study) -> None:
    text = (finished.restricted / "theme_report.html").read_text(encoding="utf-8")
    assert "<script" not in text
    assert not re.search(r'(?:src|href)="(?:[a-z][a-z+.-]*:|//)', text)
    assert not re.search(r'\bsrc="', text)
    assert "url(http" not in text
    assert "@import" not in text


def test_figures_say_what_they_show_and_have_their_data(page: Any) -> None:
    figures = page.css("figure")
    assert len(figures) == 10
    for figure in figures:
        assert len(figure.css_first(".chart").attributes["aria-label"]) > 20
        assert figure.css_first("svg") is not None
        assert figure.css_first("table") is not None
        assert re.search(r"\d", figure.css_first(".chart").attributes["aria-label"])
        assert figure.css_first(".chart").attributes["aria-label"] != figure.css_first("figcaption").text()


def test_tables_have_names_and_headers_with_scope(page: Any) -> None:
    tables = page.css("table")
    assert len(tables) > 20
    for table in tables:
        assert table.attributes["aria-label"]
        assert "scroll" in table.parent.attributes["class"]
        assert table.css("thead th")
        assert all(th.attributes.get("scope") in {"col", "row"} for th in table.css("th"))


def test_headings_go_down_one_step_at_a_time(page: Any) -> None:
    levels = [int(node.tag[1]) for node in page.css("h1, h2, h3, h4, h5, h6")]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in itertools.pairwise(levels))


def test_a_theme_says_what_to_do_how_it_varies_and_who_dissents(page: Any, finished: study.Study) -> None:
    t = strings.Strings("en")
    wanted = [t("forms.across"), t("theme.statements"), t("forms.counter")]
    for theme in finished.codebook.ids:
        named = [node.text() for node in page.css(f"#theme-{theme} h3")]
        assert [name for name in named if name in wanted] == wanted
    assert page.css(".actions li")


def test_a_table_is_framed_and_named_after_what_stands_before_it() -> None:
    cells = "<th>a</th>" * scrolling.WIDE
    tables = f'<table><thead><tr>{cells}</tr></thead></table><table id="x"><tr></tr></table>'
    page = f'<h3>A &amp; "b" <code>c</code></h3>{tables}'
    wide, narrow = LexborHTMLParser(scrolling.framed(page)).css("div.scroll")
    assert (wide.attributes["tabindex"], wide.attributes["aria-label"]) == ("0", 'A & "b" c')
    assert "tabindex" not in narrow.attributes
    assert narrow.css_first("table").attributes == {"aria-label": 'A & "b" c', "id": "x"}


def test_a_citation_names_who_did_it_and_bibtex_takes_any_title() -> None:
    found = {
        "study": {"title": "Trust {50 %}\n& \\more_"},
        "settings": {"team": {"researchers": "A. Uno, B. Due."}},
        "run": {"settings": "a" * 64, "code": "b" * 64},
    }
    t, edition = strings.Strings("en"), Edition("public", "none")
    assert citation.words(found, edition, t).startswith("A. Uno, B. Due. Trust {50 %} & \\more_. Theme report")
    first, title, author, *_ = citation.bibtex(found, edition, t)
    assert first == f"@misc{{glosa-{'a' * 12},"
    assert title == r"  title = {{Trust \{50 \%\} \& \textbackslash{}more\_}},"
    assert "A. Uno, B. Due." in author


def test_checklists_and_citation(page: Any, results: dict[str, Any]) -> None:
    rows = page.css("#checklists tbody tr")
    assert len(rows) == 11 + 21 + 9 + 12
    nowhere = [row for row in rows if not row.css("a")]
    assert len(nowhere) == 4
    assert all(row.css("td")[-1].text() == "Not reported" for row in nowhere)
    cited = page.css_first("#cite").text()
    assert f"@misc{{glosa-{results['run']['settings'][:12]}," in cited


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
    settings = f'[study]\ntitle = "T"\nlanguages = ["{language}"]\n[coding]\nprofile = "fast"\n'
    loaded = study.load(make_study(tmp_path, {"a.jsonl": json.dumps({"text": HOSTILE})}, settings))
    run.run(loaded, quiet=True)
    text = (loaded.restricted / "theme_report.html").read_text(encoding="utf-8")
    assert f'<html lang="{language if language != "fr" else "en"}">' in text
    assert "<script" not in text
    assert "&lt;script&gt;" in text


in_browser = [pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine"), pytest.mark.enable_socket]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield launched
        launched.close()


class TestInABrowser:
    pytestmark = in_browser

    @pytest.mark.parametrize(("edition", "scheme", "width"), [("public", "light", 1280), ("restricted", "dark", 360)])
    def test_it_fits_asks_for_nothing_and_is_accessible(
        self, browser: Any, finished: study.Study, edition: str, scheme: str, width: int
    ) -> None:
        tab = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
        requests: list[str] = []
        errors: list[str] = []
        tab.on("request", lambda request: requests.append(request.url))
        tab.on("console", lambda message: errors.append(message.text))
        tab.on("pageerror", lambda error: errors.append(str(error)))
        url = (finished.reports / edition / "theme_report.html").as_uri()
        tab.goto(url)
        assert requests == [url]
        assert errors == []
        assert tab.evaluate("document.documentElement.scrollWidth") <= width
        assert tab.locator("main > section").count() == len(SECTIONS) - 1 + len(finished.codebook.ids)
        assert tab.evaluate(CLIPPED) == []
        assert tab.evaluate(OUT_OF_REACH) == []
        assert grave(tab) == []
        tab.close()

    def test_on_paper_nothing_is_cut_off_and_no_way_on_is_shown(self, browser: Any, finished: study.Study) -> None:
        tab = browser.new_page(viewport={"width": 658, "height": 900})  # A4 between the margins
        tab.goto((finished.restricted / "theme_report.html").as_uri())
        tab.evaluate("document.querySelectorAll('details').forEach(one => { one.open = false })")
        tab.emulate_media(media="print")
        assert tab.evaluate(OFF_THE_PAPER) == []
        assert tab.locator(".screen:visible").count() == 0
        assert tab.locator("details table").first.is_visible()
        tab.close()

    def test_the_page_to_both_editions_is_accessible(self, browser: Any, finished: study.Study) -> None:
        tab = browser.new_page(viewport={"width": 360, "height": 900}, color_scheme="dark")
        tab.goto((finished.reports / "index.html").as_uri())
        assert tab.evaluate("document.documentElement.scrollWidth") <= 360
        assert grave(tab) == []
        tab.close()

    def test_the_summary_reads_well_aloud(self, browser: Any, finished: study.Study) -> None:
        tab = browser.new_page()
        tab.goto((finished.public / "theme_report.html").as_uri())
        heard = tab.locator("#summary").aria_snapshot()
        order = [
            "Summary",
            "Question",
            "Findings",
            "descriptive only",
            "What must not be concluded",
            "Open the explorer",
        ]
        assert [heard.index(words) for words in order] == sorted(heard.index(words) for words in order)
        assert 'region "Summary"' in heard
        tab.close()


CLIPPED = """[...document.querySelectorAll('h1,h2,h3,dt,dd,.excerpts p,.said,.grade,.caution li')]
    .filter(e => e.scrollWidth > e.clientWidth + 1 && getComputedStyle(e).display !== 'inline')
    .map(e => e.textContent)"""
OUT_OF_REACH = """[...document.querySelectorAll('.scroll,.chart,.lines,pre')]
    .filter(e => e.scrollWidth > e.clientWidth + 1 && e.tabIndex < 0).map(e => e.outerHTML.slice(0, 90))"""
OFF_THE_PAPER = """[...document.querySelectorAll('table, svg, pre, code')]
    .filter(e => e.getBoundingClientRect().right > document.body.getBoundingClientRect().right + 1)
    .map(e => e.textContent.slice(0, 60))"""
# A chart is one picture with one text, and rows, excerpts and passages are all alike: axe need not walk through them.
ABRIDGED = """document.querySelectorAll('.chart svg').forEach(one => one.replaceChildren());
    document.querySelectorAll('.place:nth-of-type(n+4), .excerpts li:nth-child(n+3), tbody tr:nth-child(n+4)')
    .forEach(one => one.remove())"""


def grave(tab: Any) -> list[Any]:
    """Return what axe finds moderate or worse."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    tab.evaluate(ABRIDGED)
    found = axe.Axe().run(tab).response["violations"]
    return [(one["id"], [node["html"][:150] for node in one["nodes"]][:3]) for one in found if one["impact"] != "minor"]
