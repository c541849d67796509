"""Packs: the same numbers in every form, hostile text stays text, no traces, the same bytes again."""

from __future__ import annotations

import csv
import io
import random
import re
import zipfile
from types import SimpleNamespace
from typing import Any

import pytest

from pipeline import actions, packs, study
from pipeline.packs import content, markdown, plain, workbook
from pipeline.packs.tables import Column, Table
from pipeline.report.strings import Strings
from tests.conftest import ROOT

CODEBOOK = study.load(ROOT).codebook
RAW = "machine-coded, uncorrected"
HOSTILE = {
    "h0": "=cmd|' /C calc'!A0",
    "h1": "Apologise \u202egnikcatta\u202c now",
    "h2": "Apologise z" + "\u0301" * 10_000,
    "h3": "<script>alert(1)</script> Admit **the** [error](javascript:alert(2)) | `now` http://example.org\x00\x1b",
    "h4": "+1 apology " + "x" * 40_000,
    "h5": "# Admit\n- it\n1. today",
}
PUBLIC = SimpleNamespace(name="public", policy="verbatim")
CLOSED = SimpleNamespace(name="public", policy="none")


def reading(unit: str, text: str | None, themes: list[str], **other: Any) -> dict[str, Any]:
    return {
        "id": unit, "text": text, "kind": "verbatim" if text is not None else "withheld", "language": "en",
        "role": "comment", "source": None, "themes": themes, "status": "assigned", "scores": {}, "certainty": 0.9,
        "by": "machine", "topic": 0, "x": None, "y": None, "copies": 0, "stance": None, "context": None, "place": None,
    } | other  # fmt: skip


UNITS = [
    reading("u1", "Apologise in person.", ["accountability"]),
    reading("u2", "Pide perdón y repara el daño.", ["accountability"], language="es", role="tip"),
    reading("u3", "Entschuldige dich.", ["accountability"], language=None),
    reading("u4", "Do not apologise by text message.", ["other"], language="en"),
    reading("u5", "Trust once lost is lost, so step down.", ["accountability"], stance="not_restorable"),
    *(reading(unit, text, ["accountability"]) for unit, text in HOSTILE.items()),
]


def theme(key: str, n: int, **estimate: Any) -> dict[str, Any]:
    one = {"share": None, "low": None, "high": None, "estimator": RAW}
    return {
        "id": key, "label": key.title(), "definition": f"About {key}.", "n_voices": n, "n_units": n, "n_mentions": n,
        "base_voices": 20, "base_units": 30, "share": n / 30, "voice_share": n / 20, "excerpts": [],
        "corrected": {"units": one | estimate, "voices": one, "n_gold": 0, "gold_positives": 0},
    }  # fmt: skip


def results(units: list[dict[str, Any]] = UNITS, language: str = "en") -> dict[str, Any]:
    texts = [
        actions.Unit(row["id"], row["text"], row["language"] or "de", tuple(row["themes"]), f"v{i}")
        for i, row in enumerate(units)
    ]
    cell = {"n_voices": 7, "n_units": 8, "share": 0.4, "voice_share": 0.35, "corrected": {}}
    cells = dict.fromkeys(CODEBOOK.ids, cell)
    return {
        "study": {"title": "=Trust & co", "question": "What helps?", "languages": ["en"]},
        "settings": {"report": {"min_voices": 5, "licence": "CC0"}},
        "codebook": [
            {"id": t.id, "label": t.label[language], "definition": t.definition[language],
             "include": t.include[language], "exclude": t.exclude[language]} for t in CODEBOOK.themes
        ],
        "themes": [
            theme("accountability", 10, share=0.3, low=0.2, high=0.4, estimator="difference"),
            *(theme(key, 0) for key in CODEBOOK.ids[1:]),
        ],
        "groups": {"language": [
            {"level": "en", "suppressed": False, "base_voices": 20, "cells": cells},
            {"level": "de", "suppressed": True, "base_voices": None, "cells": {}},
        ]},
        "topics": {"rows": [{"id": 0, "label": "@sum", "n_units": 9, "n_voices": 8, "keywords": {"en": ["trust"]},
                             "themes": [{"id": "accountability", "n": 9}]}]},
        "uncoded": {"n_silent": 3},
        "actions": actions.build(CODEBOOK, texts),
    }  # fmt: skip


FOUND = results()


@pytest.fixture(scope="module")
def built() -> dict[str, dict[str, bytes]]:
    return {code: packs.build(results(language=code), UNITS, PUBLIC, Strings(code)) for code in ("en", "es", "pt")}


def opened(data: bytes) -> Any:
    import openpyxl

    return openpyxl.load_workbook(io.BytesIO(data))


def words_of(data: bytes) -> str:
    import docx

    document = docx.Document(io.BytesIO(data))
    cells = (cell.text for table in document.tables for row in table.rows for cell in row.cells)
    return "\n".join([*(paragraph.text for paragraph in document.paragraphs), *cells])


def rows_of(data: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(data.decode("utf-8-sig"))))


def test_files_are_named_alike_in_every_language(built: dict[str, dict[str, bytes]]) -> None:
    names = {
        "theme-cards.docx", "theme-cards.md", "reading-list.md", "workbook.xlsx", "units.csv", "actions.csv",
        "outcomes.csv",
    }  # fmt: skip
    assert all(set(files) == names for files in built.values())


def test_numbers_are_those_of_the_results_in_every_form(built: dict[str, dict[str, bytes]]) -> None:
    for files in built.values():
        for text in (words_of(files["theme-cards.docx"]), files["theme-cards.md"].decode()):
            for number in ("10 ", "20 ", "50\u00a0%", "33\u00a0%", "30\u00a0%", "20\u00a0%", "40\u00a0%", "35\u00a0%"):
                assert number in text
        row = [cell.value for cell in opened(files["workbook.xlsx"]).worksheets[1][2]]
        assert row[5:15] == [10, 20, 0.5, 10, 30, pytest.approx(1 / 3), row[11], 0.3, 0.2, 0.4]
        assert row[15] == 0.35 and isinstance(row[16], str)


def test_the_order_of_readings_does_not_matter(built: dict[str, dict[str, bytes]]) -> None:
    shuffled = random.Random(7).sample(UNITS, len(UNITS))
    assert packs.build(FOUND, shuffled, PUBLIC, Strings("en")) == built["en"]


@pytest.mark.parametrize("name", ["theme-cards.docx", "workbook.xlsx"])
def test_office_files_carry_no_trace(built: dict[str, dict[str, bytes]], name: str) -> None:
    with zipfile.ZipFile(io.BytesIO(built["es"][name])) as package:
        assert {info.date_time for info in package.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert not [n for n in package.namelist() if "thumbnail" in n or "customXml" in n]
        core = package.read("docProps/core.xml").decode()
        parts = b"".join(package.read(n) for n in package.namelist() if n.endswith(".xml"))
    assert "<dc:language>es</dc:language>" in core and "=Trust &amp; co" in core
    assert not re.search("creator|lastModifiedBy|description|keywords", core)
    assert b"python-docx" not in parts and str(ROOT).encode() not in parts and b"/home/" not in parts


def test_the_workbook_is_tables_with_filters_under_a_frozen_header(built: dict[str, dict[str, bytes]]) -> None:
    book = opened(built["pt"]["workbook.xlsx"])
    t = Strings("pt")
    keys = ("read_me", "themes", "actions", "units", "topics", "outcomes")
    assert book.sheetnames == [t(f"packs.sheet_{key}") for key in keys]
    for sheet in book.worksheets[1:]:
        (table,) = sheet.tables.values()
        assert table.autoFilter.ref and sheet.freeze_panes == "A2" and sheet.print_title_rows == "$1:$1"
        assert not sheet.merged_cells.ranges
        header = [cell.value for cell in sheet[1]]
        assert header == [column.name for column in table.tableColumns] and len(set(header)) == len(header)
    hints = book.worksheets[-1].data_validations.dataValidation
    assert len(hints) == 2 and all(rule.prompt for rule in hints)
    filled = [row[4:6] for row in book.worksheets[-1].iter_rows(min_row=2, values_only=True)]
    assert filled and set(filled) == {(None, None)}


def test_no_cell_is_a_formula(built: dict[str, dict[str, bytes]]) -> None:
    for sheet in opened(built["en"]["workbook.xlsx"]).worksheets:
        for cell in (cell for row in sheet.iter_rows() for cell in row):
            assert cell.data_type != "f"
            if isinstance(cell.value, str) and cell.value.startswith(("=", "+", "-", "@")):
                assert cell.quotePrefix
    for name in ("units.csv", "actions.csv", "outcomes.csv"):
        data = built["en"][name]
        assert data.startswith(b"\xef\xbb\xbf")
        assert not [cell for row in rows_of(data) for cell in row if cell.startswith(("=", "+", "-", "@"))]


def test_a_header_that_would_run_is_guarded_and_equal_ones_are_told_apart() -> None:
    columns = (Column("=1+1"), Column("a"), Column("A"))
    pack = content.build(FOUND, [], PUBLIC, Strings("en"))
    sheet = opened(workbook.build(pack, [Table("t", "x/[y]" * 20, columns, ())], Strings("en"))).worksheets[1]
    assert [cell.value for cell in sheet[1]] == ["'=1+1", "a", "A (3)"]
    assert len(sheet.title) <= 31 and not set("[]/") & set(sheet.title)


def test_hostile_text_is_shown_as_text_everywhere(built: dict[str, dict[str, bytes]]) -> None:
    files = built["en"]
    cells = {row[0].value: row[1].value for row in opened(files["workbook.xlsx"]).worksheets[3].iter_rows(min_row=2)}
    assert cells["h0"] == HOSTILE["h0"]
    assert len(cells["h4"]) <= 32_767 and cells["h4"].endswith(Strings("en")("packs.cut"))
    texts = {
        "xlsx": "\n".join(map(str, cells.values())),
        "csv": "\n".join(row[1] for row in rows_of(files["units.csv"])),
        "docx": words_of(files["theme-cards.docx"]),
        "md": files["reading-list.md"].decode(),
    }
    for text in texts.values():
        assert "⟨U+202E⟩gnikcatta" in text and "⟨+9992⟩" in text
        assert not re.search("[\u202a-\u202e\u2066-\u2069\x00\x1b]", text)
        assert text.count("\u0301") <= 40
    for form in ("xlsx", "csv", "docx"):
        assert "<script>alert(1)</script>" in texts[form]


def test_markdown_makes_nothing_of_what_was_captured(built: dict[str, dict[str, bytes]]) -> None:
    text = built["en"]["reading-list.md"].decode()
    assert "<script" not in text and "http:" not in text and "javascript:" not in text
    assert r"\[error\](" in text and r"\*\*the\*\*" in text and r"\`now\`" in text and r"\|" in text
    assert markdown.text("# a") == r"\# a" and markdown.text("- a") == r"\- a" and markdown.text("1. a") == r"1\. a"
    assert markdown.text("+a") == r"\+a" and markdown.text("a\n\n# b") == r"a \# b"


@pytest.mark.parametrize("name", ["reading-list.md", "theme-cards.md"])
def test_markdown_renders_to_the_words_that_were_said(built: dict[str, dict[str, bytes]], name: str) -> None:
    from markdown_it import MarkdownIt

    page = MarkdownIt("commonmark").enable("table").render(built["en"][name].decode())
    assert not re.search("<(script|strong|em|img|pre)", re.sub("<strong>[^<]*</strong>", "", page))
    assert set(re.findall(r'href="([^"]*)"', page)) <= {f"#theme-{key}" for key in CODEBOOK.ids}
    assert "&lt;script&gt;alert(1)&lt;/script&gt; Admit **the** [error](javascript:alert(2)) | `now` http://" in page


def test_every_run_and_quotation_carries_its_language(built: dict[str, dict[str, bytes]]) -> None:
    with zipfile.ZipFile(io.BytesIO(built["pt"]["theme-cards.docx"])) as package:
        body, styles = package.read("word/document.xml").decode(), package.read("word/styles.xml").decode()
    runs = re.findall(r"<w:r>.*?</w:r>", body, re.DOTALL)
    assert runs and all("<w:lang " in run for run in runs)
    assert re.search(r'w:val="es-ES"[^>]*/></w:rPr><w:t>Pide perdón', body)
    assert 'w:val="x-none"' in body
    assert re.search(r'<w:docDefaults>.*?w:val="pt-BR".*?</w:docDefaults>', styles, re.DOTALL)
    assert re.search("<w:tblW[^>]*/><w:tblBorders>.*?</w:tblBorders><w:tblLayout", body, re.DOTALL)
    assert body.count("<w:tblHeader/>") == body.count("<w:tbl>") > 3
    assert '<span lang="es">Pide perdón' in built["pt"]["theme-cards.md"].decode()


def test_headings_are_real_and_contents_lead_to_them(built: dict[str, dict[str, bytes]]) -> None:
    import docx

    document = docx.Document(io.BytesIO(built["en"]["theme-cards.docx"]))
    tops = [paragraph.text for paragraph in document.paragraphs if paragraph.style.name == "Heading 1"]
    assert tops[1:-1] == [t.label["en"] for t in CODEBOOK.themes]
    body = document.element.xml
    links = set(re.findall(r'w:hyperlink w:anchor="([^"]+)"', body))
    assert links == set(re.findall(r'w:bookmarkStart[^>]*w:name="([^"]+)"', body)) and len(links) == 6
    assert document.sections[0].page_width.cm == pytest.approx(21, abs=0.01)


def test_actions_say_what_backs_them_and_what_speaks_against(built: dict[str, dict[str, bytes]]) -> None:
    card = content.build(FOUND, UNITS, PUBLIC, Strings("en")).cards[0]
    rows = {action.id: action for action in card.actions}
    sorry = rows["accountability.apologise"]
    assert {"u1", "u2", "u3"} <= set(sorry.units) and sorry.languages[-1] == "withheld"
    assert [reading.id for reading in sorry.against] == ["u4"]
    assert sorry.example and sorry.example.id == "u1"
    assert "single voices" in rows["accountability.repair"].backing and "single" not in sorry.backing
    assert [reading.id for reading in card.dissent] == ["u5"]
    assert all(Strings(code)("packs.draft") in words_of(built[code]["theme-cards.docx"]) for code in built)
    outcome = "By the end, participants can demonstrate how to repair the harm done."
    assert outcome in built["en"]["theme-cards.md"].decode()


def test_a_closed_edition_shows_no_unit_and_the_same_numbers() -> None:
    closed = [row | {"text": None, "kind": "withheld"} for row in UNITS]
    files = packs.build(FOUND, closed, CLOSED, Strings("en"))
    everything = words_of(files["theme-cards.docx"]) + files["theme-cards.md"].decode() + files["units.csv"].decode()
    assert not [row["text"] for row in UNITS if row["text"] in everything]
    count = [row[:5] for row in rows_of(files["actions.csv"])]
    assert count == [row[:5] for row in rows_of(packs.build(FOUND, UNITS, PUBLIC, Strings("en"))["actions.csv"])]


def test_a_study_without_units_still_makes_packs() -> None:
    files = packs.build(results([]), [], CLOSED, Strings("es"))
    assert Strings("es")("packs.no_actions") in words_of(files["theme-cards.docx"])
    assert opened(files["workbook.xlsx"]).worksheets[3].tables


def test_plain_text() -> None:
    assert plain.visible("é ñ\u0303 日本 \u200fعربي") == "é ñ\u0303 日本 \u200fعربي"
    assert plain.line(" a\r\n\tb\u2028c ") == "a b c"
    assert plain.cut("😀" * 10, 12, "…") == "😀" * 5 + "…"
    assert plain.cut("abc", 3, "…") == "abc"
