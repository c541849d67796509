from __future__ import annotations

import io
import json
from pathlib import PurePath

import docx
import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline import readers
from pipeline.readers import Document, UnreadableError

WORDS = st.text(st.characters(exclude_categories=("Cs",)), max_size=40)


def texts(document: Document) -> list[str]:
    return [document.text[b.start : b.end] for b in document.blocks]


def spans_are_lawful(document: Document) -> None:
    previous = 0
    for block in document.blocks:
        text = document.text[block.start : block.end]
        assert text
        assert text == text.strip()
        assert block.start >= previous
        previous = block.end


def read(content: str | bytes, name: str) -> list[Document]:
    return readers.read(content.encode() if isinstance(content, str) else content, PurePath(name))


def test_text_lines_and_bullets() -> None:
    (document,) = read("What now?\r\n\r\n•  Say sorry.\n1) Listen.\n  A voice.  \n", "a.txt")
    assert texts(document) == ["What now?", "Say sorry.", "Listen.", "A voice."]
    assert [b.hint for b in document.blocks] == ["text", "bullet", "bullet", "text"]
    assert [b.locator for b in document.blocks] == ["line 1", "line 3", "line 4", "line 5"]
    assert document.title == "What now?"


def test_decomposed_letters_become_nfc() -> None:
    (document,) = read("Perdo\u0301n", "a.txt")
    assert texts(document) == ["Perdón"]


PAGE = """<!doctype html><html><head><title>A page</title><style>p{}</style></head><body>
<nav><a href="/">Home</a></nav><main><h1>How to mend it?</h1><p>Consider <b>these</b> steps:</p>
<ul><li>Say sorry.</li><li>Ask <i>first</i>.</li></ul>
<section class="comments"><h2>Comments</h2>
<div class="comment"><span class="comment-author">Ana Roldán</span><time>2 weeks ago</time>
<div class="comment-text"><p>First part.</p><p>Second part.</p><ul><li>a list of mine</li></ul></div>
<button>Like</button></div>
<div class="comment"><span class="comment-author">Ben</span><p class="comment-text">Just one.</p></div>
</section></main><script>alert(1)</script></body></html>"""


def test_a_saved_page() -> None:
    (document,) = read(PAGE, "a.html")
    by_hint = {hint: [t for t, b in zip(texts(document), document.blocks, strict=True) if b.hint == hint]
               for hint in {b.hint for b in document.blocks}}  # fmt: skip
    assert by_hint["title"] == ["How to mend it?"]
    assert by_hint["bullet"] == ["Say sorry.", "Ask first."]
    assert by_hint["comment"] == ["First part.\nSecond part.\na list of mine", "Just one."]
    assert {"Home", "2 weeks ago", "Like"} <= set(by_hint["chrome"])
    assert "Consider these steps:" in by_hint["text"]
    assert [b.voice for b in document.blocks if b.hint == "comment"] == ["Ana Roldán", "Ben"]
    assert "Ana Roldán" not in texts(document)
    assert [piece.reason for piece in document.set_aside] == ["byline", "byline"]
    assert "alert" not in document.text
    assert document.title == "A page"


def test_records_with_names_in_several_languages() -> None:
    (document,) = read('\ufeffid;pessoa;idioma;resposta\n1;Ana;pt;"Fale;\ncom ela"\n2;Rui;;  \n', "a.csv")
    assert texts(document) == ["Fale;\ncom ela"]
    assert document.blocks[0].voice == "Ana"
    assert document.blocks[0].tag == "pt"
    assert [(p.locator, p.reason) for p in document.set_aside] == [("record 2", "empty_cell")]


def test_a_table_without_text_column_says_which_columns_it_has() -> None:
    with pytest.raises(UnreadableError) as caught:
        read("alpha,beta\n1,2\n", "a.csv")
    assert caught.value.reason == "no_text_column"
    assert "alpha, beta" in caught.value.detail


def test_jsonl_as_small_as_can_be_and_broken_lines() -> None:
    (document,) = read('{"text": "One."}\nnot json\n{"other": 1}\n[1]\n{"text": null}\n', "a.jsonl")
    assert texts(document) == ["One."]
    assert [(p.locator, p.reason) for p in document.set_aside] == [
        ("line 2", "bad_record"), ("line 3", "no_text_column"), ("line 4", "bad_record"), ("line 5", "empty_cell"),
    ]  # fmt: skip


def workbook(**sheets: list[list[object]]) -> bytes:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def test_every_filled_sheet_of_a_workbook_is_a_source() -> None:
    rows: list[list[object]] = [["ID", "Comentario"], [1, "Pide perdón."], [2, None], [3, 42]]
    first, second = read(workbook(Uno=rows, Dos=[["texto"], ["Habla."]], Nada=[]), "a.xlsx")
    assert (first.part, second.part) == ("Uno", "Dos")
    assert texts(first) == ["Pide perdón.", "42"]
    assert texts(second) == ["Habla."]


def test_a_document_with_speakers_and_bullets() -> None:
    document = docx.Document()
    document.add_paragraph("Workshop", style="Title")
    document.add_paragraph("Say sorry.", style="List Bullet")
    paragraph = document.add_paragraph()
    paragraph.add_run("Mei Tan: ").bold = True
    paragraph.add_run("Ask her: what do you need?")
    document.add_paragraph("Note: this is plain.")
    out = io.BytesIO()
    document.save(out)
    (found,) = read(out.getvalue(), "a.docx")
    assert texts(found) == ["Workshop", "Say sorry.", "Ask her: what do you need?", "Note: this is plain."]
    assert [b.hint for b in found.blocks] == ["title", "bullet", "comment", "text"]
    assert found.blocks[2].voice == "Mei Tan"


@pytest.mark.parametrize(
    ("content", "name", "reason"),
    [
        (b"", "a.txt", "empty_file"),
        (b" \n\t\x00", "a.txt", "empty_file"),
        (bytes(range(256)) * 20, "a.txt", "not_text"),
        (b"PK\x03\x04junk", "a.docx", "unreadable"),
        (b"no workbook", "a.xlsx", "unreadable"),
        (b"\n;;\n", "a.csv", "empty_file"),
        (b"text", "a.xyz", "unknown_suffix"),
        (b"text", "noend", "unknown_suffix"),
        (b"\xff\xfe\x00", "a.txt", "not_text"),
        (b"<html><body><script>x</script></body></html>", "a.html", "empty_file"),
    ],
)
def test_what_cannot_be_read_has_a_reason(content: bytes, name: str, reason: str) -> None:
    with pytest.raises(UnreadableError) as caught:
        read(content, name)
    assert caught.value.reason == reason
    assert caught.value.detail


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("cp1252", "La señora pidió perdón y “nadie” habló mañana."),
        ("latin-1", "É preciso pedir desculpa à aluna amanhã de manhã."),
        ("mac_roman", "La señora pidió perdón. Debe hablar mañana con su supervisora. ¿Qué más?"),
        ("utf-16", "Você deve falar com a supervisora."),
        ("utf-8-sig", "Você deve falar."),
        ("cp1251", "Надо признать ошибку и попросить прощения у клиента, а потом поговорить."),
    ],
)
def test_legacy_encodings_are_found(encoding: str, text: str) -> None:
    (document,) = read(text.encode(encoding), "a.txt")
    assert document.text == text


@given(st.lists(WORDS, max_size=8))
def test_spans_of_any_text_are_slices_of_it(lines: list[str]) -> None:
    try:
        documents = read("\n".join(lines), "a.txt")
    except UnreadableError:
        return
    for document in documents:
        spans_are_lawful(document)


@given(st.lists(st.dictionaries(st.sampled_from(["text", "author", "lang", "x"]), WORDS), max_size=6))
def test_spans_of_any_records_are_slices(records: list[dict[str, str]]) -> None:
    content = "\n".join(json.dumps(record) for record in records)
    try:
        documents = read(content, "a.jsonl")
    except UnreadableError:
        return
    for document in documents:
        spans_are_lawful(document)
        assert len(document.blocks) + len(document.set_aside) <= len(records)


@given(WORDS, WORDS)
def test_spans_of_any_page_are_slices(one: str, two: str) -> None:
    from html import escape

    content = f"<p>{escape(one)}</p><div class=comment>{escape(two)}<p>{escape(one)}</p></div>"
    try:
        documents = read(content, "a.html")
    except UnreadableError:
        return
    for document in documents:
        spans_are_lawful(document)
