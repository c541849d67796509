"""The report as PDF: its tags, languages and words, and that nothing around it shows in it."""

from __future__ import annotations

import io
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pikepdf
import pypdf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.report import forms, pdf
from pipeline.report.blocks import (
    Block,
    Cell,
    Definitions,
    Document,
    Figure,
    Heading,
    Listing,
    Paragraph,
    Picture,
    Quotation,
    Run,
    Table,
)
from pipeline.report.document import parse
from tests.test_document import HOSTILE, PAGE

SQUARE = Picture("s", "svg", b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"></svg>', "A square.")


@pytest.fixture(scope="module")
def made() -> bytes:
    return pdf.render(parse(PAGE))


@pytest.fixture(scope="module")
def opened(made: bytes) -> Iterator[pikepdf.Pdf]:
    with pikepdf.open(io.BytesIO(made)) as file:
        yield file


@pytest.fixture(scope="module")
def tags(opened: pikepdf.Pdf) -> list[tuple[str, Any, str]]:
    return list(_tags(opened.Root.StructTreeRoot, str(opened.Root.Lang)))


def test_a_page_gives_both_forms(made: bytes) -> None:
    found = forms.files(PAGE, ".es")
    assert found["theme_report.es.pdf"] == made
    assert b"figures/flow.es.svg" in found["theme_report.es.md"]


def test_it_is_tagged_titled_and_says_its_language(opened: pikepdf.Pdf) -> None:
    root = opened.Root
    assert bool(root.MarkInfo.Marked)
    assert str(root.Lang) == "en"
    assert bool(root.ViewerPreferences.DisplayDocTitle)
    assert "<pdfuaid:part>1</pdfuaid:part>" in root.Metadata.read_bytes().decode()
    assert str(opened.docinfo["/Title"]) == "Study of trust"


def test_it_tells_nothing_of_its_making(opened: pikepdf.Pdf, made: bytes) -> None:
    assert set(opened.docinfo) == {"/Title", "/Creator"}
    assert str(opened.docinfo["/Creator"]).startswith("Typst")
    metadata = opened.Root.Metadata.read_bytes()
    for word in (b"CreateDate", b"ModifyDate", b"creator>", str(Path.home()).encode(), str(Path.cwd()).encode()):
        assert word not in metadata + made


def test_structure_follows_the_page(tags: list[tuple[str, Any, str]]) -> None:
    kinds = [tag for tag, _, _ in tags]
    assert kinds.count("Title") == 1
    assert kinds.count("H1") == 2
    assert kinds.count("TOCI") == 2
    assert kinds.count("Table") == kinds.count("THead") == 2
    assert kinds.count("Lbl") == 2 + 2  # bullets of the findings and terms; excerpts have none
    assert {"BlockQuote", "L", "LI", "Caption", "Link", "Code", "Strong", "Em"} <= set(kinds)


def test_figures_say_what_they_show(tags: list[tuple[str, Any, str]]) -> None:
    figures = [element for tag, element, _ in tags if tag == "Figure"]
    assert [str(figure.Alt) for figure in figures] == ["Seven of nine."]


def test_quotations_and_passages_carry_their_language(tags: list[tuple[str, Any, str]], opened: pikepdf.Pdf) -> None:
    assert [language for tag, _, language in tags if tag == "BlockQuote"] == ["es"]
    assert [language for tag, element, language in tags if tag == "P" and "/Lang" in element] == ["en", "es"]
    assert [language for tag, _, language in tags if tag == "Title"] == ["pt"]
    assert [language for tag, _, language in tags if tag in ("Lbl", "LBody")][6:8] == ["en", "fr"]
    marked = b"".join(page.Contents.read_bytes() for page in opened.pages)
    assert b"/Lang(es)" in marked  # the passage …
    assert b"/Lang(en)" in marked  # … and the name of its theme in it


def test_header_cells_say_what_they_head(tags: list[tuple[str, Any, str]]) -> None:
    scopes = [_scope(element) for tag, element, _ in tags if tag == "TH"]
    assert scopes == ["Column", "Column", "Row", "Column", "Column", "Column", "Row", "Row"]
    assert [tag for tag, _, _ in tags].count("TD") == 1 + 3


def test_links_and_bookmarks_lead_somewhere(opened: pikepdf.Pdf) -> None:
    reader = pypdf.PdfReader(_bytes(opened))
    assert [entry.title for entry in reader.outline if not isinstance(entry, list)] == ["Summary", "Places"]
    assert {"summary", "places"} <= set(reader.named_destinations)
    found = [annotation for page in opened.pages for annotation in page.get("/Annots", ())]
    assert [str(a.A.URI) for a in found if "/A" in a and "/URI" in a.A] == ["https://example.org/"]
    inside = [a for a in found if "/Dest" in a or a.A.S == "/GoTo"]
    assert len(inside) == 2 + 2  # the contents; the link to a section, and the one to a unit
    assert all("/StructParent" in a and "/Contents" in a for a in found)


def test_fonts_are_in_it(opened: pikepdf.Pdf) -> None:
    fonts = [font for page in opened.pages for font in page.Resources.Font.values()]
    descendants = [font.DescendantFonts[0] if "/DescendantFonts" in font else font for font in fonts]
    assert fonts
    assert all({"/FontFile2", "/FontFile3"} & set(font.FontDescriptor.keys()) for font in descendants)


def test_it_is_the_same_bytes_wherever_and_whenever_it_is_made(
    made: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TZ", "Pacific/Auckland")
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1000000000")
    monkeypatch.setenv("TYPST_FONT_PATHS", str(tmp_path))
    time.tzset()
    try:
        assert pdf.render(parse(PAGE)) == made
    finally:
        monkeypatch.undo()
        time.tzset()
    assert os.listdir(tmp_path) == []  # noqa: PTH208


def test_headers_of_long_tables_stand_on_every_page() -> None:
    head = (Cell((Run("Sturgeon"),), "column"), Cell((Run("Count"),), "column", numeric=True))
    body = tuple((Cell((Run(f"row {i}"),), "row"), Cell((Run(str(i)),), numeric=True)) for i in range(120))
    reader = _reader(Table((head,), body))
    assert len(reader.pages) > 2
    assert all("Sturgeon" in page.extract_text() for page in reader.pages)


def test_wide_tables_stay_on_the_page() -> None:
    words = [f"Verantwortungsübernahme{i}" for i in range(24)]
    head = tuple(Cell((Run(word),), "column") for word in words)
    digest = "0123456789abcdef" * 4
    body = tuple(Cell((Run(digest, ("code",)),)) for _ in words)
    for page in _reader(Table((head,), (body,))).pages:
        ends: list[float] = []
        page.extract_text(visitor_text=lambda text, cm, tm, font, size: ends.append(tm[4]) if text.strip() else None)  # noqa: B023
        assert max(ends) < page.mediabox.width - 55  # the margin is 62 points


@pytest.mark.parametrize(
    "block",
    [
        Heading(2, ()),
        Heading(6, (Run("skips levels"),)),
        Paragraph(()),
        Listing(True, ()),
        Listing(False, ((),)),
        Definitions(()),
        Definitions((((), (Table((), ((Cell(()),),)),)),)),
        Quotation((), language="nobody's"),
        Table(((Cell((Run("h"),), "column"),),), ()),
        Table((), ((Cell((Run("a"),), "row", rows=2), Cell((Run("b"),))), (Cell((Run("c"),)),))),
        Figure(()),
        Figure((SQUARE, SQUARE), (Run("two"),), id="f"),
        Paragraph((Run("x", link="#nowhere"), Run("y", link="mailto:a@b.example"), Run("", id='a "]# id'))),
    ],
    ids=lambda block: type(block).__name__,
)
def test_odd_blocks_do_not_stop_it(block: Block) -> None:
    assert _reader(block, Paragraph((Run("after"),))).pages[-1].extract_text().count("after") == 1


def test_hostile_texts_are_text() -> None:
    found = _squeezed(_text(*(Paragraph((Run(text),)) for text in HOSTILE)))
    for text in HOSTILE:
        assert _squeezed(pdf.drawable(text)) in found


def test_characters_without_a_glyph_do_not_stop_it_and_can_be_copied() -> None:
    found = _text(Paragraph((Run("中 😀 👍🏽 ჰო \ufffe\ufeff\u0000\ue000 end"),)))
    assert all(part in found for part in ("中", "😀", "👍🏽", "ჰო", "end"))


def test_drawable_text_breaks_long_words_and_piles_no_marks() -> None:
    assert pdf.drawable("a" + "\u0301" * 10_000 + "z") == "a" + "\u0301" * pdf.MAX_MARKS + "…z"
    assert pdf.drawable("\u202ex\u2066y\x07") == "xy"
    assert pdf.drawable("https://example.org/one/two/three") == "https://example.\u200borg/one/two/\u200bthree"
    assert pdf.drawable("a-file-name-of-many-short-words.txt") == "a-file-name-of-many-short-words.txt"
    assert pdf.drawable("word and words") == "word and words"


@given(
    st.lists(
        st.text(st.characters(max_codepoint=0x24F, categories=["L", "N", "P", "S", "Zs"]), max_size=60), max_size=9
    )
)
@settings(max_examples=5)
def test_any_text_comes_back_from_the_pdf(texts: list[str]) -> None:
    runs = [(Run(text), Run(text, ("strong",)), Run(text, ("code",))) for text in texts]
    found = _squeezed(_text(*(Paragraph(three) for three in runs), *(Quotation((Paragraph(three),)) for three in runs)))
    wanted = [_squeezed(pdf.drawable(text) * 3) for text in texts]
    assert found.startswith("".join(wanted * 2))


def _tags(element: Any, language: str) -> Iterator[tuple[str, Any, str]]:
    """Yield every tag of a structure tree with its element and the language that holds there."""
    kids = element.get("/K", ())
    for kid in kids if isinstance(kids, pikepdf.Array) else [kids]:
        if isinstance(kid, pikepdf.Dictionary) and "/S" in kid:
            here = str(kid.get("/Lang", language))
            yield str(kid.S)[1:], kid, here
            yield from _tags(kid, here)


def _scope(cell: Any) -> str:
    return next((str(a.Scope)[1:] for a in cell.A if "/Scope" in a), "")


def _bytes(file: pikepdf.Pdf) -> io.BytesIO:
    copy = io.BytesIO()
    file.save(copy)
    return copy


def _reader(*blocks: Block) -> pypdf.PdfReader:
    return pypdf.PdfReader(io.BytesIO(pdf.render(Document("T", "en", "", blocks))))


def _text(*blocks: Block) -> str:
    return "".join(page.extract_text() for page in _reader(*blocks).pages)


def _squeezed(text: str) -> str:
    return "".join(text.replace("\u200b", "").split())
