"""The explorer: what its file holds and what it must not, and how a browser, a keyboard and a screen reader take it."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
import pytest

from pipeline.report import explorer, explorer_data, small_vectors
from pipeline.report.strings import Strings, available, catalogue
from tests.conftest import ROOT

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
TEMPLATES = ROOT / "pipeline" / "report" / "templates"
SCRIPT = (TEMPLATES / "explorer.js").read_text(encoding="utf-8")
HOSTILE = (
    "</script><script>alert(1)</script><img src=x onerror=alert(2)> {{7*7}} & \u2028 javascript:x \u202eevil\u202c"
)
FORMULA = "=cmd|'/c calc'!A1 says \"hello\""
WITHHELD = "Nobody may read the zebra in this edition"


@dataclass(frozen=True)
class Edition:
    name: str
    policy: str = "verbatim"


PUBLIC, RESTRICTED = Edition("public"), Edition("restricted")


def found() -> dict[str, Any]:
    themes = ("accountability", "prevention", "dialogue")
    return {
        "study": {"title": "Trust & <b>after</b>", "question": "What now?", "languages": ["en", "es", "fr"]},
        "report_languages": ["en", "es", "fr"],
        "settings": {"report": {"min_voices": 5, "licence": "CC0-1.0"}},
        "run": {"settings": "a" * 64, "code": "b" * 64},
        "codebook": [{"id": i, "label": i.title()} for i in themes],
        "topics": {"rows": [{"id": 0, "label": "ask, heard"}, {"id": 1, "label": "note, date"}]},
    }


def reading(i: int, text: str | None, **more: Any) -> dict[str, Any]:
    theme = ("accountability", "prevention", "dialogue", "other")[i % 4]
    return {
        "id": f"u{i:03d}",
        "text": text,
        "kind": "verbatim" if text is not None else "withheld",
        "language": ("en", "es")[i % 2],
        "role": "comment",
        "source": f"S0{1 + i % 3}",
        "themes": [theme],
        "status": "other" if theme == "other" else "assigned",
        "scores": {} if theme == "other" else {theme: 0.99 - (i % 10) / 10},
        "certainty": 0.99 - (i % 10) / 10,
        "by": "machine",
        "topic": i % 2,
        "x": (i % 8) / 7,
        "y": (i // 8) / 8,
        "copies": i % 2,
        "stance": None,
        "context": {"before": "Before it.", "after": "After it."},
        "place": f"file.txt, line {i}",
        **more,
    }


def readings() -> list[dict[str, Any]]:
    """Return sixty units: a few of special kinds, and fillers of two languages."""
    special = [
        reading(0, "Own up, and call your supervisor TODAY."),
        reading(1, "Habla con tu supervisión, por favor: escríbelo ya."),
        reading(2, HOSTILE),
        reading(3, FORMULA),
        reading(4, "a" + "\u0301" * 10_000 + " marks"),
        reading(5, None, context=None, place=None),
        reading(6, "Put it in writing, kindly.", kind="paraphrase", context=None, language=None),
        reading(7, "Left open by the coder.", themes=[], status="abstained", scores={}, x=None, y=None),
        reading(8, "\ud800 half a letter; 告訴主管 now", themes=["accountability", "dialogue"], stance="restorable"),
    ]
    return special + [reading(i, f"Filler number {i} about time and patience.") for i in range(9, 60)]


def vectors() -> np.ndarray:
    return np.random.default_rng(0).normal(size=(60, 64)).astype(np.float32)


def page(edition: Edition = PUBLIC, language: str = "en", **more: Any) -> str:
    return explorer.render(found(), readings(), edition, language, more.get("vectors", vectors()))


def held(html: str) -> dict[str, Any]:
    """Return the data inside the page."""
    data: dict[str, Any] = json.loads(
        re.search(r'<script type="application/json" id="data">(.*?)</script>', html, re.S)[1]
    )
    return data


# ── what the file holds ────────────────────────────────────────────────────────────────────────────────────────────


def test_the_policy_names_the_one_script_and_nothing_else_may_run_or_load() -> None:
    html = page()
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', html)[1]
    (script,) = re.findall(r"<script>(.*?)</script>", html, re.S)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert policy.startswith("default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-")
    assert f"script-src 'sha256-{digest}';" in policy
    assert re.findall(r"<script[^>]*>", html) == ['<script type="application/json" id="data">', "<script>"]
    assert not re.search(r'\s(?:src|on\w+)="', html)
    assert set(re.findall(r'<a [^>]*href="([^"]+)"', html)) == {"#found", "theme_report.html", "explorer.es.html"}


def test_the_script_never_reads_text_as_markup_or_code() -> None:
    banned = (
        "innerHTML",
        "outerHTML",
        "insertAdjacent",
        "document.write",
        "eval(",
        "Function(",
        "fetch(",
        "http:",
        "https:",
    )
    assert not [word for word in banned if word in SCRIPT.replace("http://www.w3.org/2000/svg", "")]
    assert "</" not in SCRIPT


def test_hostile_text_stands_in_the_data_as_it_is_and_nowhere_as_markup() -> None:
    html = page()
    assert "<img" not in html
    assert "<b>after" not in html
    assert "\u2028" not in html
    assert held(html)["units"]["text"][2] == HOSTILE
    assert held(html)["title"] == "Trust & <b>after</b>"
    html.encode("utf-8")


def test_what_an_edition_withholds_is_not_in_its_file() -> None:
    own = [reading(i, WITHHELD, kind="withheld") for i in range(4)] + readings()[4:]
    html = explorer.render(found(), own, PUBLIC, "en", vectors())
    assert "zebra" not in html
    assert "file.txt" not in html
    assert "file.txt" in page(RESTRICTED)
    data = held(html)
    assert data["units"]["text"][:4] == [None] * 4
    assert data["units"]["context"][:4] == [None] * 4
    assert not {0, 1, 2, 3, 5, 6} & set(data["vectors"]["rows"])
    size = len(base64.b64decode(data["vectors"]["base64"]))
    assert size == len(data["vectors"]["rows"]) * data["vectors"]["dimensions"]
    assert 6 in held(page(RESTRICTED))["vectors"]["rows"]


def test_the_page_is_the_same_every_time_and_speaks_its_language() -> None:
    assert page() == page()
    assert '<html lang="es">' in page(language="es")
    assert '<html lang="en">' in page(language="fr")
    made = explorer.make({**found(), "vectors": vectors()}, readings(), PUBLIC, Strings("es"))
    assert made == {"explorer.es.html": page(language="es").encode()}
    assert explorer.pages(["fr", "pt", "es"]) == {"en": "", "es": ".es", "pt": ".pt"}
    assert explorer.pages(["es", "en"]) == {"es": "", "en": ".en"}


def test_every_cell_of_a_facet_is_one_of_its_values() -> None:
    facets = {facet["key"]: facet for facet in held(page())["facets"]}
    assert [*facets] == ["theme", "topic", "language", "role", "source", "certainty", "status", "stance", "by"]
    for facet in facets.values():
        assert len(facet["cells"]) == 60
        assert {cell for own in facet["cells"] for cell in (own if isinstance(own, list) else [own])} <= set(
            range(len(facet["values"]))
        )
    assert facets["language"]["values"] == [["es", "Spanish"], ["en", "English"], ["", None]]
    assert facets["theme"]["cells"][8] == [0, 2]
    assert facets["theme"]["cells"][7] == []
    assert facets["certainty"]["cells"][:6] == [0, 0, 1, 1, 1, 2]


def test_every_string_is_used_and_every_one_that_is_asked_for_is_there() -> None:
    template = (TEMPLATES / "explorer.html.j2").read_text(encoding="utf-8")
    code = (ROOT / "pipeline" / "report" / "explorer_data.py").read_text(encoding="utf-8")
    asked = set(re.findall(r"explorer\.(\w+)[\"']", template + code)) | set(
        re.findall(r'\b(?:say|note)\("(\w+)"', SCRIPT)
    )
    asked |= {f"{key}_{n}" for key in re.findall(r'counted\("(\w+)"', SCRIPT) for n in ("one", "many")}
    asked |= {f"facet_{facet['key']}" for facet in held(page())["facets"]} | {"nothing", "nothing_found"}
    asked |= {f"own_{code}" for code in available()} | {
        "edition_public",
        "edition_restricted",
        "by_people",
        "by_machine",
    }
    asked |= {f"status_{s}" for s in explorer_data.STATUSES} | {f"stance_{s}" for s in explorer_data.STANCES}
    asked -= {"edition_", "status_", "stance_", "by_", "own_"}
    assert asked == set(catalogue("en")["explorer"])


@pytest.mark.parametrize(
    ("certainty", "name"), [(1, "sure"), (0.8, "sure"), (0.79, "middling"), (0.5, "middling"), (0, "unsure")]
)
def test_bands_of_certainty(certainty: float, name: str) -> None:
    assert explorer_data.band(certainty) == name


def test_an_empty_study_has_a_page() -> None:
    html = explorer.render(found(), [], PUBLIC, "pt", np.empty((0, 8), dtype=np.float32))
    assert held(html)["units"]["id"] == []
    assert held(html)["vectors"] is None


# ── small vectors ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_small_vectors_keep_who_is_near_whom_and_are_the_same_every_time() -> None:
    rng = np.random.default_rng(1)
    groups = rng.normal(size=(6, 128))
    own = groups[np.arange(120) % 6] + 0.2 * rng.normal(size=(120, 128))
    accent = np.where(np.arange(120)[:, None] % 2 == 0, 5.0, -5.0) * rng.normal(size=128)
    languages = [("en", "es")[i % 2] for i in range(120)]
    small = small_vectors.shrink(own + accent, languages)
    assert small == small_vectors.shrink(own + accent, languages)
    rows = np.frombuffer(small.content, dtype=np.int8).reshape(small.rows, small.dimensions).astype(float)
    assert np.allclose(np.linalg.norm(rows, axis=1), 127, atol=4)
    likeness = rows @ rows.T
    np.fill_diagonal(likeness, -np.inf)
    assert (likeness.argmax(axis=1) % 3 == np.arange(120) % 3).mean() > 0.95


def test_small_vectors_of_little() -> None:
    assert small_vectors.shrink(np.empty((0, 8)), []).rows == 0
    assert small_vectors.shrink(np.ones((3, 8)), ["en"] * 3).dimensions == 0
    assert small_vectors.shrink(np.eye(3), [None] * 3).dimensions == 2


# ── in a browser ───────────────────────────────────────────────────────────────────────────────────────────────────

in_browser = [pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine"), pytest.mark.enable_socket]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    where = tmp_path_factory.mktemp("explorer")
    (where / "public.html").write_text(page(), encoding="utf-8")
    (where / "restricted.html").write_text(page(RESTRICTED, "es"), encoding="utf-8")
    return where


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def opened(chromium: Any, folder: Path) -> Any:
    """One tab for all tests, which remembers complaints and requests for anything but the page itself."""
    tab = chromium.new_context(viewport={"width": 1280, "height": 900}).new_page()
    tab.complaints = []
    tab.on("pageerror", lambda error: tab.complaints.append(str(error)))
    tab.on("console", lambda message: tab.complaints.append(message.text))
    ours = (f"{folder.as_uri()}/", "blob:")
    tab.on("request", lambda request: request.url.startswith(ours) or tab.complaints.append(request.url))
    return tab


@pytest.fixture
def tab(opened: Any) -> Iterator[Any]:
    opened.complaints.clear()
    yield opened
    assert opened.complaints == []


def visit(tab: Any, folder: Path, query: str = "", name: str = "public") -> None:
    tab.goto("about:blank")  # a new fragment alone would not load the page anew
    tab.goto(f"{(folder / name).as_uri()}.html#{query}")


def shown(tab: Any) -> list[str]:
    ids: list[str] = tab.locator("#list article").evaluate_all("all => all.map(a => a.id.slice(2))")
    return ids


def count_of(tab: Any, facet: str, name: str) -> str:
    text: str = tab.locator(
        f"fieldset:has(legend:text-is('{facet}')) label:has(bdi:text-is('{name}')) .n"
    ).text_content()
    return text


def expect(tab: Any, ids: list[str]) -> None:
    tab.wait_for_function(
        "ids => [...document.querySelectorAll('#list article')].map(a => a.id.slice(2)).join() === ids",
        arg=",".join(ids),
    )


@pytest.mark.usefixtures("folder")
class TestInABrowser:
    pytestmark = in_browser

    def test_search(self, tab: Any, folder: Path) -> None:
        cases = {
            "SUPERVISION": ["u001"],
            "supervis": ["u000", "u001"],
            "escribelo habla": ["u001"],
            '"own up and"': ["u000"],
            '"own and"': [],
            "visor": [],
            "主管": ["u008"],
            "<script>alert(1)": ["u002"],
            "zebra": [],
        }
        for query, ids in cases.items():
            visit(tab, folder, f"q={quote(query)}")
            assert shown(tab) == ids, query

    def test_typing_filtering_and_going_back(self, tab: Any, folder: Path) -> None:
        visit(tab, folder)
        assert tab.locator("#count").text_content() == "60 units of 60"
        assert count_of(tab, "Theme", "Prevention") == "15"
        assert count_of(tab, "Language", "withheld") == "< 5"
        tab.fill("#q", "supervis")
        expect(tab, ["u000", "u001"])
        assert tab.locator("#count").text_content() == "< 5 units of 60"
        assert tab.locator("#list mark").all_text_contents() == ["supervisor", "supervisión"]
        tab.get_by_label("Spanish").check()
        expect(tab, ["u001"])
        assert (count_of(tab, "Language", "English"), count_of(tab, "Theme", "Accountability")) == ("< 5", "0")
        assert tab.evaluate("location.hash") == "#q=supervis&language=es"
        tab.go_back()
        expect(tab, ["u000", "u001"])
        tab.get_by_role("button", name="Clear all").click()
        assert tab.locator("#count").text_content() == "60 units of 60"
        assert tab.evaluate("document.activeElement.id") == "q"

    def test_counts_are_those_of_the_other_facets(self, tab: Any, folder: Path) -> None:
        visit(tab, folder, "theme=prevention&theme=dialogue&language=en")
        own = [r for r in readings() if r["language"] == "en" and {"prevention", "dialogue"} & set(r["themes"])]
        assert tab.locator("#count").text_content() == f"{len(own)} units of 60"
        accountable = [r for r in readings() if r["language"] == "en" and "accountability" in r["themes"]]
        assert count_of(tab, "Theme", "Accountability") == str(len(accountable))
        spanish = [r for r in readings() if r["language"] == "es" and {"prevention", "dialogue"} & set(r["themes"])]
        assert count_of(tab, "Language", "Spanish") == str(len(spanish))

    def test_a_link_leads_to_a_unit_wherever_it_is(self, tab: Any, folder: Path) -> None:
        visit(tab, folder, "u=u055")
        assert tab.locator("#place").text_content() == "Page 3 of 3"
        assert tab.evaluate("document.activeElement.closest('article').id") == "c-u055"
        visit(tab, folder, "u=u055&theme=accountability")
        assert tab.locator("#linked article").get_attribute("id") == "c-u055"
        visit(tab, folder, "u=nobody")
        assert "no unit nobody" in tab.locator("#linked").text_content()

    def test_likeness(self, tab: Any, folder: Path) -> None:
        visit(tab, folder)
        tab.locator("#c-u000").get_by_role("button", name="More like this").click()
        assert tab.locator("#count").text_content().endswith("units like the chosen one, likest first")
        likeness = [float(text.split()[1]) for text in tab.locator("#list .badge").all_text_contents()]
        assert likeness == sorted(likeness, reverse=True)
        assert "u005" not in shown(tab)
        visit(tab, folder, "q=supervis")
        tab.wait_for_selector("#similar article")
        assert tab.locator("#similar h2").text_content() == "Similar in meaning, in other words"
        similar = tab.locator("#similar article").evaluate_all("all => all.map(a => a.id)")
        assert len(similar) == 10
        assert not {"c-u000", "c-u001", "c-u005"} & set(similar)

    def test_what_is_taken_along(self, tab: Any, folder: Path) -> None:
        visit(tab, folder, "theme=other&theme=prevention&theme=dialogue", "restricted")
        rows, raw = self.saved(tab, "#csv")
        assert raw.startswith(b"\xef\xbb\xbf")
        by_id = {row["unit_id"]: row for row in rows}
        assert list(by_id) == [r["id"] for r in readings() if set(r["themes"]) & {"other", "prevention", "dialogue"}]
        assert by_id["u003"]["text"] == f"'{FORMULA}"
        assert by_id["u002"]["text"] == HOSTILE
        assert by_id["u008"]["themes"] == "accountability;dialogue"
        assert by_id["u003"]["place"] == "file.txt, line 3"
        assert by_id["u003"]["citation"].endswith("no publicar.")
        visit(tab, folder, "theme=other&theme=prevention&theme=dialogue")
        rows, raw = self.saved(tab, "#csv")
        assert "place" not in rows[0]
        assert b"file.txt" not in raw
        with tab.expect_download() as waiting:
            tab.click("#markdown")
        text = Path(waiting.value.path()).read_text(encoding="utf-8")
        assert "<img" not in text.replace("\\<img", "")
        assert "> *The words of this unit are withheld in this edition.*" in text

    def saved(self, tab: Any, button: str) -> tuple[list[dict[str, str]], bytes]:
        with tab.expect_download() as waiting:
            tab.click(button)
        raw = Path(waiting.value.path()).read_bytes()
        return list(csv.DictReader(io.StringIO(raw.decode("utf-8-sig"), newline=""))), raw

    def test_copying_with_the_citation(self, tab: Any, folder: Path) -> None:
        tab.context.grant_permissions(["clipboard-read", "clipboard-write"])
        visit(tab, folder, "q=supervis", "restricted")
        tab.locator("#c-u000").get_by_role("button", name="Copiar con la cita").click()
        tab.wait_for_function("() => document.getElementById('status').textContent === 'Copiado, con su cita.'")
        said = tab.evaluate("navigator.clipboard.readText()")
        assert said.startswith(
            "“Own up, and call your supervisor TODAY.”\nTrust & <b>after</b> (edición restringida), unidad u000."
        )
        assert said.endswith("no publicar.")

    def test_the_keyboard_alone_reaches_everything(self, tab: Any, folder: Path) -> None:
        visit(tab, folder)
        tab.keyboard.press("Tab")
        assert tab.evaluate("document.activeElement.id") == "skip"
        tab.keyboard.press("Enter")
        assert tab.evaluate("document.activeElement.id") == "count"
        assert tab.evaluate("location.hash") == ""
        tab.focus("#q")
        reached = []
        for _ in range(60):
            tab.keyboard.press("Tab")
            reached.append(
                tab.evaluate("document.activeElement.closest('details, section, article, #export')?.id || ''")
            )
        assert reached.index("export") < reached.index("c-u000") < reached.index("c-u003")
        tab.get_by_role("checkbox", name="Prevention").focus()
        tab.keyboard.press("Space")
        assert tab.get_by_role("checkbox", name="Prevention").is_checked()
        assert tab.evaluate("document.activeElement.checked")
        tab.wait_for_function("() => document.getElementById('status').textContent === '15 units of 60'")

    def test_the_map_selects_and_is_selected_from(self, tab: Any, folder: Path) -> None:
        visit(tab, folder)
        box = tab.locator("canvas").bounding_box()
        tab.mouse.move(box["x"] + 14, box["y"] + 14)
        assert tab.locator("#peek").text_content() == "Own up, and call your supervisor TODAY."
        tab.mouse.click(box["x"] + 14, box["y"] + 14)
        assert tab.evaluate("location.hash") == "#u=u000"
        box = tab.locator("canvas").bounding_box()
        tab.mouse.move(box["x"] + 2, box["y"] + 2)
        tab.mouse.down()
        tab.mouse.move(box["x"] + box["width"] / 2, box["y"] + 40, steps=3)
        tab.mouse.up()
        expect(tab, ["u000", "u001", "u002", "u003"])
        assert tab.locator("canvas").get_attribute("aria-label").startswith("Map by meaning: < 5 of 60")

    def test_on_paper_stands_the_whole_selection(self, tab: Any, folder: Path) -> None:
        visit(tab, folder)
        tab.evaluate("window.dispatchEvent(new Event('beforeprint'))")
        assert len(shown(tab)) == 60
        tab.evaluate("window.dispatchEvent(new Event('afterprint'))")
        assert len(shown(tab)) == 25

    @pytest.mark.parametrize(
        ("width", "scheme", "name"),
        [
            (360, "dark", "restricted"),
            pytest.param(1280, "light", "public", marks=pytest.mark.slow),
            pytest.param(1280, "dark", "public", marks=pytest.mark.slow),
        ],
    )
    def test_nothing_stands_in_the_way_of_anybody(
        self, chromium: Any, folder: Path, width: int, scheme: str, name: str
    ) -> None:
        axe = pytest.importorskip("axe_playwright_python.sync_playwright")
        context = chromium.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)
        opened = context.new_page()
        visit(opened, folder, "q=supervis&u=u008", name)
        opened.wait_for_selector("#similar article")
        if width < 600:
            opened.click("#toggle")
        opened.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true; })")
        violations = axe.Axe().run(opened).response["violations"]
        assert [(v["id"], v["nodes"][0]["html"]) for v in violations if v["impact"] in {"serious", "critical"}] == []
        assert opened.evaluate("document.documentElement.scrollWidth") <= width
        context.close()

    def test_ten_thousand_marks_stay_in_their_card(self, tab: Any, folder: Path) -> None:
        visit(tab, folder, "u=u004")
        assert tab.locator("#c-u004").bounding_box()["height"] < 500
        assert tab.locator("#c-u004 blockquote .passage").evaluate("p => getComputedStyle(p).contain") == "paint"

    def test_without_a_script_it_says_where_to_go(self, chromium: Any, folder: Path) -> None:
        context = chromium.new_context(java_script_enabled=False)
        opened = context.new_page()
        visit(opened, folder)
        assert opened.locator("noscript a").get_attribute("href") == "theme_report.html"
        assert opened.locator("main").is_hidden()
        context.close()


@pytest.mark.slow
class TestLarge:
    pytestmark = in_browser

    @pytest.mark.parametrize(("n", "most"), [(5_000, 50), (50_000, 250)])
    def test_it_opens_and_filters_quickly(self, chromium: Any, tmp_path: Path, n: int, most: float) -> None:
        """In seconds of the page's own thread, so that a busy machine doesn't fail it, and milliseconds at best."""
        words = [f"word{i}" for i in range(3_000)]
        rng = np.random.default_rng(0)
        own = [
            reading(i, " ".join(words[j] for j in rng.integers(0, 3_000, 15)), id=f"u{i}", y=i / n) for i in range(n)
        ]
        file = tmp_path / "large.html"
        file.write_text(explorer.render(found(), own, PUBLIC, "en", rng.normal(size=(n, 64))), encoding="utf-8")
        opened = chromium.new_page(viewport={"width": 1280, "height": 900})
        meter = opened.context.new_cdp_session(opened)
        meter.send("Performance.enable", {"timeDomain": "threadTicks"})
        opened.goto(file.as_uri())
        opened.wait_for_selector("#list article")
        spent = {metric["name"]: metric["value"] for metric in meter.send("Performance.getMetrics")["metrics"]}
        assert spent["TaskDuration"] < 3
        opened.wait_for_timeout(4_000)
        took = []
        for query in ("word1", "word12", "word3 word1", "word2"):
            opened.fill("#q", query)
            opened.wait_for_function(
                "query => new URLSearchParams(location.hash.slice(1)).get('q') === query", arg=query
            )
            took.append(float(opened.evaluate("document.body.dataset.ms")))
            opened.get_by_role("checkbox", name="Prevention").click()
            took.append(float(opened.evaluate("document.body.dataset.ms")))
        assert sorted(took)[len(took) // 2] < most
        opened.close()


def test_strings_of_the_explorer_can_be_filled_in() -> None:
    for code in available():
        t = Strings(code)
        assert "{" not in explorer_data.citation(found(), PUBLIC, t).replace("{unit}", "")
