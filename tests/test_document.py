"""The document behind the PDF and the Markdown: all that the page says, and how Markdown gives it back."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from selectolax.lexbor import LexborHTMLParser

from pipeline import study
from pipeline.report import markdown
from pipeline.report.blocks import (
    Cell,
    Definitions,
    Document,
    Figure,
    Heading,
    Listing,
    Paragraph,
    Quotation,
    Run,
    Table,
    inside,
)
from pipeline.report.document import parse
from tests.conftest import ROOT

PAGE = (ROOT / "tests" / "cases" / "report_page.html").read_text(encoding="utf-8")

HOSTILE = [
    '#include "x" *bold* $x$ @ref _under_ `code` \\ [a](javascript:alert(1)) <script>alert(1)</script> &amp; =cmd|x',
    "# not a heading",
    "1. not a list",
    "- nor this",
    "+ nor this\n=== nor that\n---",
    "> no quotation",
    "| no | table |",
    "![no picture](x) http://no.link www.no.link a@b.example <http://x>",
    "~~~\nno fence\n~~~",
    "\u202eturned\u202c and on",
    "a" + "\u0301" * 10_000 + "z",
    "trailing backslash \\",
    "**", "* *", "``", "&#35;", "<!-- -->", "[x]: y",
]  # fmt: skip


def test_a_page_becomes_blocks() -> None:
    document = parse(PAGE)
    assert (document.title, document.language, document.contents) == ("Study of trust", "en", "Contents")
    kinds = [type(block) for block in document.blocks]
    assert kinds == [
        Paragraph, Heading, Heading, Paragraph, Listing, Definitions, Figure, Table, Heading, Listing, Paragraph,
        Paragraph, Paragraph,
    ]  # fmt: skip
    text = "".join(run.text for block in document.blocks for run in _runs(block))
    assert "Skip" not in text
    assert "loads nothing" not in text


def test_marks_links_languages_and_lines_are_kept() -> None:
    passage = next(b for b in parse(PAGE).blocks if isinstance(b, Paragraph) and b.kind == "passage")
    assert passage.language == "es"
    assert passage.runs == (
        Run("Uno.\n", id=""),
        Run("", id="u1"),
        Run("Dos y tres.", ("marked",)),
        Run(" Care", ("marked", "raised"), language="en"),
    )
    listing = next(b for b in parse(PAGE).blocks if isinstance(b, Listing) and b.kind == "excerpts")
    (quotation, about) = listing.items[0]
    assert isinstance(quotation, Quotation)
    assert quotation.language == "es"
    assert isinstance(about, Paragraph)
    assert about.runs[-2:] == (Run("place ", link="#u1"), Run("u1", ("code",), "#u1"))


def test_the_language_of_every_block_is_known() -> None:
    blocks = parse(PAGE).blocks
    assert [block.language for block in blocks if isinstance(block, Heading)] == ["pt", "", ""]
    terms = next(block for block in blocks if isinstance(block, Definitions))
    assert terms.entries[1] == ((Run("Funding"),), (Paragraph((Run("rien"),), language="fr"),))


def test_places_are_found_under_every_name() -> None:
    document = parse(PAGE)
    assert document.target("#h-summary") == "#summary"
    assert document.target("#content") == "#summary"
    assert document.target("#u1") == "#u1"
    assert document.target("#gone") == ""


def test_tables_know_what_their_cells_head() -> None:
    table = next(b for b in parse(PAGE).blocks if isinstance(b, Table))
    assert [cell.header for cell in table.head[0]] == ["column"] * 3
    assert table.body[0] == (Cell((Run("Care"),), "row"), Cell((Run("7"),), numeric=True), Cell((Run("a\nb"),)))
    assert table.body[1][1].columns == 2
    assert table.width == 3


def test_figures_keep_their_drawing_their_words_and_their_data() -> None:
    figure = next(b for b in parse(PAGE).blocks if isinstance(b, Figure))
    (picture,) = figure.pictures
    assert (picture.name, picture.suffix, picture.alternative) == ("flow", "svg", "Seven of nine.")
    assert b'viewBox="0 0 10 10"' in picture.content
    assert [type(block) for block in figure.blocks] == [Paragraph, Table]


@pytest.mark.parametrize("address", ["javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", "//x", "x y"])
def test_only_plain_addresses_are_links(address: str) -> None:
    (paragraph,) = parse(f'<html lang="en"><body><p><a href="{address}">here</a></p></body></html>').blocks
    assert _runs(paragraph) == [Run("here")]


def test_nothing_that_the_page_says_is_lost(finished: study.Study) -> None:
    page = next(finished.reports.rglob("theme_report.html")).read_text(encoding="utf-8")
    document = parse(page)
    tree = LexborHTMLParser(re.sub(r"<svg\b.*?</svg>", "", page, flags=re.DOTALL))
    for node in tree.css("head, nav, .skip, .screen"):
        node.decompose()
    wanted = "".join(tree.body.text().split())
    assert "".join(run.text for block in document.blocks for run in _runs(block)).split() != []
    assert "".join("".join(run.text.split()) for block in document.blocks for run in _runs(block)) == wanted
    read = _read(markdown.render(document))
    assert set(wanted) <= set("".join(read.split()))
    for block in document.blocks:
        said = "".join("".join(run.text for run in _runs(block)).split())
        if isinstance(block, Heading | Paragraph):
            assert said in "".join(read.split())


def test_markdown_of_a_page() -> None:
    text = markdown.render(parse(PAGE))
    assert "# Study of trust\n" in text
    assert "**Contents**\n\n- [Summary](#summary)\n- [Places](#places)\n" in text
    assert '## <a id="summary"></a>Summary\n' in text
    assert "* **Coders**: two of *them*\n" in text
    assert "![Seven of nine.](figures/flow.svg)\n" in text
    assert (
        "| Theme | Voices | Words |\n| --- | --: | --- |\n| Care | 7 | a<br>b |\n| Dialogue | withheld |  |\n" in text
    )
    assert "- > \\[es\\] Dos y tres.\n\n  Spanish · [place `u1`](#u1)\n" in text
    assert '\\[es\\] Uno.\\\n<a id="u1"></a>Dos y tres. <sup>Care</sup>\n' in text
    assert "figures/flow.es.svg" in markdown.render(parse(PAGE), ".es")


def test_lines_of_code_stay_lines_between_fences() -> None:
    page = '<html lang=en><body><main><pre><code># a `b`\n[[themes]]\n\nid = "x"\n</code></pre></main></body></html>'
    assert markdown.render(parse(page)) == '```\n# a `b`\n[[themes]]\n\nid = "x"\n```\n'
    assert markdown.render(parse(page.replace("`b`", "````"))).startswith("`````\n# a ````\n")


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_texts_are_text_in_markdown(text: str) -> None:
    assert _read(markdown.render(_everywhere(text))).split("¶") == _expected(text)


@given(st.text(st.characters(exclude_categories=["Cs", "Cc", "Cn", "Zl", "Zp"], exclude_characters="¶"), max_size=40))
@settings(max_examples=30)
def test_any_text_comes_back_from_markdown(text: str) -> None:
    assert _read(markdown.render(_everywhere(text))).split("¶") == _expected(text)


def _everywhere(text: str) -> Document:
    """Return a document that says a text in every place; parsing has put its spaces in order before."""
    line, end = " ".join(text.split(" ")).strip(" \n"), Paragraph((Run("¶"),))
    run, inline = Run(line), Run(" ".join(line.split("\n")))
    blocks = (
        Paragraph((run,)),
        end,
        Paragraph((Run("b "), Run(line, ("strong",)), Run(line), Run(line, ("emphasis",)), Run(" e"))),
        end,
        Paragraph((Run(line, link="https://example.org/(a)"), Run(line, ("raised",)))),
        end,
        Listing(True, ((Paragraph((run,)),), (Quotation((Paragraph((run,)),), language="es"),))),
        end,
        Table(((Cell((inline,)), Cell((inline, Run("!")))),), ((Cell((run,)), Cell((Run(line, ("strong",)),))),)),
        end,
        Heading(2, (inline,)),
    )
    return Document("T", "en", "", blocks)


def _expected(text: str) -> list[str]:
    said = _squeezed(text)
    return [said, f"b{said * 3}e", said * 2, f"{said}[es]{said}", f"{said * 2}!{said * 2}", said]


def _squeezed(text: str) -> str:
    return re.sub(r"\s+", "", text)


def _read(source: str) -> str:
    """Return what an independent reader finds in Markdown, without spaces; raw HTML is no text."""
    tokens = MarkdownIt("commonmark").enable("table").parse(source)
    return _squeezed("".join(_said(child) for token in tokens for child in token.children or ()))


def _said(token: Any) -> str:
    return token.content if token.type in ("text", "code_inline", "image") else ""


def _runs(block: Any) -> list[Run]:
    parts = [[part] if isinstance(part, Run) else _runs(part) for part in inside(block)]
    return [run for part in parts for run in part]
