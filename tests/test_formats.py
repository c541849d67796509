"""Saved archives, documents and mail: one small file per format, made here."""

from __future__ import annotations

import io
import zipfile
from pathlib import PurePath

import docx
import pytest

from pipeline import readers
from pipeline.readers import Document, UnreadableError
from pipeline.readers.decoding import mend
from tests.builders import pdf
from tests.test_readers import spans_are_lawful, texts


def read(content: str | bytes, name: str) -> list[Document]:
    documents = readers.read(content.encode() if isinstance(content, str) else content, PurePath(name))
    for document in documents:
        spans_are_lawful(document)
    return documents


def hints(document: Document) -> list[tuple[str, str]]:
    return [(b.hint, t) for b, t in zip(document.blocks, texts(document), strict=True)]


def voices(document: Document) -> list[tuple[str | None, str]]:
    return [(b.voice, t) for b, t in zip(document.blocks, texts(document), strict=True) if b.hint == "comment"]


def aside(document: Document) -> list[tuple[str, str]]:
    return [(piece.locator, piece.reason) for piece in document.set_aside]


# -- ODT ------------------------------------------------------------------------------------------------------

ODT = """<?xml version="1.0" encoding="UTF-8"?>
<office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"

 xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"
 xmlns:style="urn:oasis:names:tc:opendocument:xmlns:style:1.0"
 xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" xmlns:dc="http://purl.org/dc/elements/1.1/"
 xmlns:fo="urn:oasis:names:tc:opendocument:xmlns:xsl-fo-compatible:1.0">
<office:automatic-styles><style:style style:name="T1"><style:text-properties fo:font-weight="bold"/></style:style>
</office:automatic-styles><office:body><office:text>%s</office:text></office:body></office:document-content>"""


def odt(body: str, content: str | None = None, **more: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as package:
        package.writestr("mimetype", "application/vnd.oasis.opendocument.text")
        package.writestr("content.xml", content or ODT % body)
        for name, part in more.items():
            package.writestr(name, part)
    return out.getvalue()


def test_an_open_document_text() -> None:
    (document,) = read(
        odt(
            '<text:h text:outline-level="1">What now?</text:h>'
            "<text:list><text:list-item><text:p>Say<text:s text:c='3'/>sorry.</text:p></text:list-item></text:list>"
            '<text:p><text:span text:style-name="T1">Mei Tan:</text:span> Ask her<text:line-break/>first.</text:p>'
            "<text:p>Note: plain<text:note><text:note-body><text:p>A note.</text:p></text:note-body></text:note> words."
            "</text:p>"
            "<text:p>Seen<office:annotation><dc:creator>Rui</dc:creator><text:p>I disagree.</text:p>"
            "</office:annotation></text:p>"
            "<text:tracked-changes><text:p>Deleted.</text:p></text:tracked-changes>"
            "<table:table><table:table-row><table:table-cell><text:p>Cell.</text:p></table:table-cell></table:table-row>"
            "</table:table>"
        ),
        "a.odt",
    )
    assert hints(document) == [
        ("heading", "What now?"), ("bullet", "Say   sorry."), ("comment", "Ask her\nfirst."),
        ("text", "Note: plain words."), ("text", "A note."), ("text", "Seen"), ("comment", "I disagree."),
        ("text", "Cell."),
    ]  # fmt: skip
    assert voices(document) == [("Mei Tan", "Ask her\nfirst."), ("Rui", "I disagree.")]
    assert aside(document) == [("paragraph 3, speaker", "byline")]


# -- DOCX -----------------------------------------------------------------------------------------------------


def test_merged_and_nested_cells_are_read_once_and_tracked_insertions_are_read() -> None:
    from docx.oxml import parse_xml
    from docx.oxml.ns import nsdecls

    document = docx.Document()
    paragraph = document.add_paragraph("You must ")
    paragraph._p.append(parse_xml(f"<w:ins {nsdecls('w')}><w:r><w:t>listen.</w:t></w:r></w:ins>"))
    table = document.add_table(1, 2)
    table.cell(0, 0).merge(table.cell(0, 1)).text = "Once."
    table.cell(0, 0).add_table(1, 1).cell(0, 0).text = "Inside."
    out = io.BytesIO()
    document.save(out)
    assert texts(read(out.getvalue(), "a.docx")[0]) == ["You must listen.", "Once.", "Inside."]


# -- PDF ------------------------------------------------------------------------------------------------------


def page_of(number: int, *lines: str) -> list[str]:
    return ["Annual review of trust", *lines, f"Page {number} of 3"]


def test_a_pdf_with_a_text_layer() -> None:
    (document,) = read(
        pdf(
            page_of(
                1, "When a person has been hurt, the first thing to do is to say that you are sor-",
                "ry, without an excuse, and the well-known second is to listen for as long as she",
                "speaks.", "- Say sorry.", "- Listen.",
            ),
            page_of(
                2, "Nobody mends trust in a day. It takes weeks, and it takes somebody who is well-",
                "known for keeping her word, who does what she says and who goes on doing it when",
            ),
            page_of(3, "nobody looks.", "La compañera pidió perdón."),
        ),
        "a.pdf",
    )  # fmt: skip
    assert [t for h, t in hints(document) if h == "chrome"] == [
        "Annual review of trust", "Page 1 of 3", "Annual review of trust", "Page 2 of 3", "Annual review of trust",
        "Page 3 of 3",
    ]  # fmt: skip
    assert [(h, t) for h, t in hints(document) if h != "chrome"] == [
        (
            "text",
            "When a person has been hurt, the first thing to do is to say that you are sorry, without an excuse, and "
            "the well-known second is to listen for as long as she speaks.",
        ),
        ("bullet", "Say sorry."),
        ("bullet", "Listen."),
        (
            "text",
            "Nobody mends trust in a day. It takes weeks, and it takes somebody who is well-known for keeping her "
            "word, who does what she says and who goes on doing it when nobody looks.",
        ),
        ("text", "La compañera pidió perdón."),
    ]
    assert document.blocks[1].locator.startswith("page 1, paragraph")


def test_empty_space_between_the_lines_of_a_pdf_parts_paragraphs_unless_it_is_double_spacing() -> None:
    apart = ["What the paper asked", "", "By Hortense Vale", "", "Tell her yourself.", "", "Nobody else should.", ""]
    assert texts(read(pdf(apart), "a.pdf")[0]) == apart[::2]
    spaced = [
        "When she found out what I had told the",
        "",
        "others I went to see her at home and asked what",
        "",
    ]
    assert texts(read(pdf([*spaced, "she wanted me to do about it."]), "a.pdf")[0]) == [
        "When she found out what I had told the others I went to see her at home and asked what she wanted me to do "
        "about it."
    ]


def test_a_scanned_pdf_has_a_reason_and_a_scanned_page_is_named() -> None:
    with pytest.raises(UnreadableError) as caught:
        read(pdf([], []), "a.pdf")
    assert caught.value.reason == "no_text_layer"
    (document,) = read(pdf(["Say sorry."], []), "a.pdf")
    assert aside(document) == [("page 2", "no_text_layer")]


# -- Mail -----------------------------------------------------------------------------------------------------

MESSAGE = """From: =?utf-8?q?Ana_Rold=C3=A1n?= <ana@example.org>
Subject: =?utf-8?q?=C2=BFC=C3=B3mo_pedir_perd=C3=B3n=3F?=
Content-Type: text/plain; charset=iso-8859-1
Content-Transfer-Encoding: 8bit

Primero escucha.
Después habla.

--
Ana Roldán, tel. 555 0100
"""
REPLY = """From: ben@example.org
Subject: Re: =?utf-8?q?=C2=BFC=C3=B3mo_pedir_perd=C3=B3n=3F?=

I agree with this:
> Primero escucha.
And I'd add: write it down.

On 3 May 2024, Ana Roldán
<ana@example.org> wrote:
> Primero escucha.
> Después habla.
"""


def test_a_message_is_one_comment() -> None:
    (document,) = read(MESSAGE.encode("latin-1"), "a.eml")
    assert hints(document) == [("title", "¿Cómo pedir perdón?"), ("comment", "Primero escucha.\nDespués habla.")]
    assert voices(document) == [("Ana Roldán", "Primero escucha.\nDespués habla.")]
    assert aside(document) == [("message 1, signature", "byline")]
    assert "555 0100" in document.text
    assert document.title == "¿Cómo pedir perdón?"


def test_a_mailbox_keeps_own_words_and_sets_quotations_aside() -> None:
    first = "From ana@example.org Fri May  3 10:00:00 2024\n" + MESSAGE.replace(
        "Después habla.", ">From here on, habla."
    )
    second = "\nFrom ben@example.org Fri May  3 11:00:00 2024\n" + REPLY
    third = "\nFrom c@example.org Fri May  3 12:00:00 2024\nFrom: c@example.org\nSubject: RV: x\n\n> all quoted\n"
    (document,) = read((first + second + third).encode("utf-8"), "a.mbox")
    assert voices(document) == [
        ("Ana Roldán", "Primero escucha.\nFrom here on, habla."),
        ("ben@example.org", "I agree with this:\nAnd I'd add: write it down."),
    ]
    assert [t for h, t in hints(document) if h in {"title", "heading"}] == ["¿Cómo pedir perdón?", "x"]
    assert aside(document) == [
        ("message 1, signature", "byline"), ("message 2, quotation", "quoted"), ("message 3", "empty_cell"),
        ("message 3, quotation", "quoted"),
    ]  # fmt: skip


def test_a_message_in_html_with_an_attachment() -> None:
    content = (
        "From: Mei <m@example.org>\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n--b\n"
        "Content-Type: text/html; charset=utf-8\n\n<p>Ask <b>her</b>.</p><p>Then wait.</p>"
        '<div class="gmail_quote"><div>On Monday, Ana wrote:</div><blockquote>Old words.</blockquote></div>\n--b\n'
        "Content-Type: application/pdf\nContent-Disposition: attachment; filename=Ana.pdf\n\nx\n--b--\n"
    )
    (document,) = read(content, "a.eml")
    assert voices(document) == [("Mei", "Ask her.\nThen wait.")]
    assert aside(document) == [("message 1, quotation", "quoted"), ("message 1, attachment 1", "attachment")]
    assert not any("Ana.pdf" in piece.detail for piece in document.set_aside)


# -- MHTML ----------------------------------------------------------------------------------------------------


def mhtml(*parts: tuple[str, str]) -> str:
    head = 'From: <Saved by a browser>\nMIME-Version: 1.0\nContent-Type: multipart/related; boundary="x"\n\n'
    return head + "".join(f"--x\nContent-Type: {kind}\n\n{body}\n" for kind, body in parts) + "--x--\n"


def test_a_web_archive_is_its_page_and_the_frames_that_hold_comments() -> None:
    html = "text/html; charset=utf-8"
    content = mhtml(
        (html, "<title>T</title><h1>How?</h1><p>Intro.</p>"), ("text/css", "p {}"), (html, "<p>Buy this.</p>"),
        (html, "<div class=comment><b class=author>Ana</b><p>Listen.</p></div>"),
    )  # fmt: skip
    page, frame = read(content, "a.mhtml")
    assert (page.format, page.title, page.part, texts(page)) == ("mhtml", "T", "", ["How?", "Intro."])
    assert aside(page) == [("frame 1", "attachment")]
    assert (frame.part, voices(frame)) == ("frame 2", [("Ana", "Listen.")])


# -- Pages ----------------------------------------------------------------------------------------------------


def test_a_reply_inside_a_comment_is_a_comment_of_its_own() -> None:
    (document,) = read(
        """<section class="comments"><div class="comment"><header><a class="author">Ana</a> <time>1 h</time></header>
        <div class="comment-body"><p>First.</p><p>Second.</p></div><button>Like</button>
        <div class="replies"><div class="comment reply"><span class="author">Ben</span><p>No!</p></div>
        <div class="comment"><p>Nobody signs this.</p></div></div></div></section>""",
        "a.html",
    )
    assert voices(document) == [("Ana", "First.\nSecond."), ("Ben", "No!"), (None, "Nobody signs this.")]
    assert {t for h, t in hints(document) if h == "chrome"} == {"1 h", "Like"}
    assert not {"Ana", "Ben"} & set(texts(document))


@pytest.mark.parametrize(
    "page",
    [
        '<div itemprop="comment" itemscope><span itemprop="author">Ana</span><p itemprop="text">Listen.</p></div>',
        '<div itemtype="https://schema.org/Comment"><span itemprop="author">Ana</span><p>Listen.</p></div>',
        '<div class="comments"><div role="article"><b class="author">Ana</b><p>Listen.</p></div></div>',
        '<div data-testid="comment"><span class="user-name">Ana</span><div>Listen.</div></div>',
        '<article><h1>Q</h1><article><a class="author">Ana</a><p>Listen.</p></article></article>',
        '<ol class="comment-list"><li id="comment-12"><cite class="author">Ana</cite><div>Listen.</div></li></ol>',
        '<ul class="comments"><li class="depth-1 comment"><span class="author">Ana</span>Listen.</li></ul>',
        '<div class="commentBlock"><span class="author">Ana</span><div class="comment-text">Listen.</div></div>',
        '<table><tr class="comment"><td class="author">Ana</td><td class="text">Listen.</td></tr></table>',
    ],
)
def test_marks_of_a_comment(page: str) -> None:
    assert voices(read(page, "a.html")[0]) == [("Ana", "Listen.")]


def test_line_breaks_separate_words_and_double_ones_paragraphs() -> None:
    (document,) = read("<p>One.<br>Two.<br><br>Three.</p><div class=comment>A.<br><br>B.</div>", "a.html")
    assert hints(document) == [("text", "One.\nTwo."), ("text", "Three."), ("comment", "A.\n\nB.")]


def test_cells_of_a_table_are_blocks() -> None:
    (document,) = read("<table><tr><th>Q</th><td>One</td></tr><tr><td>Two <b>x</b></td></tr></table>", "a.html")
    assert texts(document) == ["Q", "One", "Two x"]


# -- Suffixes and encodings -----------------------------------------------------------------------------------


def test_a_page_named_txt_is_read_as_a_page_and_a_text_named_html_as_text() -> None:
    (page,) = read("<!DOCTYPE html><html><body><p>One.</p><script>x</script></body></html>", "a.txt")
    assert (page.format, texts(page)) == ("html", ["One."])
    (text,) = read("One.\nTwo.", "a.html")
    assert texts(text) == ["One.", "Two."]


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("La seÃ±ora pidiÃ³ perdÃ³n.", "La señora pidió perdón."),
        ("VocÃª nÃ£o deve", "Você não deve"),
        ("I donâ€™t know", "I don’t know"),
    ],
)
def test_mojibake_is_mended_and_recorded(text: str, meant: str) -> None:
    (document,) = read(f"Café, olé.\n{text}\n", "a.txt")
    assert texts(document) == ["Café, olé.", meant]
    assert "mojibake" in document.encoding


@pytest.mark.parametrize(
    "text",
    [
        "AÇÃO",
        "Às 5h, voilà!",
        "¿Qué? “Sí”… — «no»",
        "Ça «Ã» là",
        "naïve façade",
        "Надо признать",
        "好的，谢谢",
        "👍🏽 ñ",
    ],
)
def test_what_is_no_mojibake_is_left_alone(text: str) -> None:
    assert mend(text, "utf-8") == (text, "utf-8")


# -- Lists in comments ----------------------------------------------------------------------------------------


def test_a_list_that_a_comment_announces_stays_in_the_comment() -> None:
    from pipeline.engines import encoder, pages
    from pipeline.stages import ingest

    head = "How do you mend trust?\nConsider these steps:\n- Say sorry.\n- Listen.\nHave you been there?\n"
    own = (
        "I did not wait for anybody and wrote down what I owed her. Then I did three things:\n- I rang her.\n- I asked."
    )
    (document,) = read(f"{head}{own}\n- \nNobody told me what to do next, so I asked my supervisor.\n- alone", "a.txt")
    passages = ingest.passages_of(
        [ingest.Source("s", "a.txt", "0", 1, document)], ("en", "es"), b"key", pages.Judge(encoder.embedded)
    )
    found = list(zip(passages["role"], passages["text"], strict=True))
    assert found[:4] == [
        ("prompt", "How do you mend trust?"), ("prompt", "Consider these steps:"), ("tip", "Say sorry."),
        ("tip", "Listen."),
    ]  # fmt: skip
    assert ("comment", own) in found
    assert [text for _, text in found[-2:]] == ["Nobody told me what to do next, so I asked my supervisor.", "alone"]
