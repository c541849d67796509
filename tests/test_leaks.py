"""Words that may not be quoted, planted in every kind of file and in every way of parting them."""

from __future__ import annotations

import csv
import io
import json
import time
import zipfile
from collections.abc import Callable, Sequence

import docx
import openpyxl
import pytest
from openpyxl.comments import Comment
from PIL import Image, PngImagePlugin

from pipeline import leaks, privacy, published
from pipeline.errors import GlosaError
from pipeline.wordruns import Forbidden
from tests import builders

QUOTED = "Hay que pedir perdón sin más, delante de todo el grupo."
CLEAN = "Conviene disculparse ante los demás y no buscar justificación ninguna."
FINDER = privacy.Finder(["Nerea Olabarri"])
FORBIDDEN = Forbidden(
    [("u1", QUOTED), ("u2", "Escucha a [nombre] con calma y luego habla.")], ["Se dice."], ["[nombre]"]
)


def _html(body: str) -> Callable[[str], bytes]:
    return lambda text: f"<!doctype html><html><body>{body.format(text, *_halves(text))}</body></html>".encode()


def _halves(text: str) -> tuple[str, str]:
    words = text.split()
    return " ".join(words[:4]), " ".join(words[4:])


def _rows(rows: Callable[[str], Sequence[Sequence[str]]]) -> Callable[[str], bytes]:
    def build(text: str) -> bytes:
        out = io.StringIO()
        csv.writer(out).writerows(rows(text))
        return out.getvalue().encode()

    return build


def _book(fill: Callable[[openpyxl.Workbook, str], None]) -> Callable[[str], bytes]:
    def build(text: str) -> bytes:
        book, out = openpyxl.Workbook(), io.BytesIO()
        fill(book, text)
        book.save(out)
        return out.getvalue()

    return build


def _document(fill: Callable[[docx.document.Document, str], None]) -> Callable[[str], bytes]:
    def build(text: str) -> bytes:
        document, out = docx.Document(), io.BytesIO()
        fill(document, text)
        document.save(out)
        return out.getvalue()

    return build


def _table(document: docx.document.Document, text: str) -> None:
    cells = document.add_table(1, 2).rows[0].cells
    cells[0].text, cells[1].text = _halves(text)


def _picture(document: docx.document.Document, text: str) -> None:
    out = io.BytesIO()
    Image.new("L", (2, 2)).save(out, "png")
    shape = document.add_picture(out)
    shape._inline.docPr.set("descr", text)


def _runs(document: docx.document.Document, text: str) -> None:
    paragraph = document.add_paragraph()
    for i in range(0, len(text), 3):
        paragraph.add_run(text[i : i + 3]).bold = i % 2 == 0


def _png(text: str) -> bytes:
    info, out = PngImagePlugin.PngInfo(), io.BytesIO()
    info.add_itxt("Description", text, zip=True)
    Image.new("L", (2, 2)).save(out, "png", pnginfo=info)
    return out.getvalue()


def _pdf_with(change: Callable[[object, str], None]) -> Callable[[str], bytes]:
    def build(text: str) -> bytes:
        import pypdf

        writer, out = pypdf.PdfWriter(), io.BytesIO()
        writer.append(io.BytesIO(builders.pdf(["A page."])))
        change(writer, text)
        writer.write(out)
        return out.getvalue()

    return build


def _zip(text: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as package:
        package.writestr("cards/one.md", f"# A card\n\n> {text}\n")
    return out.getvalue()


PLANTED: dict[str, Callable[[str], bytes]] = {
    "text.html": _html("<p>{0}</p>"),
    "tags.html": _html("<p>{1} <b>so</b></p><p><em>{1}</em> {2}</p>"),
    "cells.html": _html("<table><tr><td>{1}</td><td class='n'>{2}</td></tr></table>"),
    "lines.html": _html("<p>{1}<br>{2}</p>"),
    "spans.html": _html("<span>{1}</span><span>{2}</span>"),
    "alt.html": _html('<img alt="{0}">'),
    "label.html": _html("<div aria-label='{0}'></div>"),
    "comment.html": _html("<!-- {0} -->"),
    "data.html": lambda text: _html('<script type="application/json">{0}</script>')(json.dumps([{"a": 1, "t": text}])),
    "script.html": lambda text: _html("<script>const x = {0};</script>")(json.dumps(text)),
    "hyphens.html": lambda text: _html("<p>{0}</p>")(text.replace("e", "e&shy;")),
    "spaces.html": lambda text: _html("<p>{0}</p>")(text.replace(" ", "&nbsp;\n\u200b")),
    "entities.html": lambda text: _html("<p>{0}</p>")("".join(f"&#{ord(c)};" for c in text)),
    "shouting.html": lambda text: _html("<p>{0}</p>")(text.upper().replace(",", " –")),
    "text.svg": lambda text: f"<svg><text x='1'>{text}</text></svg>".encode(),
    "lines.svg": lambda text: "<svg><text><tspan x='1'>{}</tspan><tspan x='1'>{}</tspan></text></svg>".format(
        *_halves(text)
    ).encode(),
    "comment.svg": lambda text: "<svg><!-- {} --><path d='M 1 2'/><!-- {} --></svg>".format(*_halves(text)).encode(),
    "title.svg": lambda text: f"<svg><title>{text}</title></svg>".encode(),
    "line.pdf": lambda text: builders.pdf([text]),
    "lines.pdf": lambda text: builders.pdf(text.replace("perd", "per-\nd").replace("discul", "dis-\ncul").split("\n")),
    "pages.pdf": lambda text: builders.pdf(*([half] for half in _halves(text))),
    "title.pdf": _pdf_with(lambda writer, text: writer.add_metadata({"/Title": text})),  # type: ignore[attr-defined]
    "outline.pdf": _pdf_with(lambda writer, text: writer.add_outline_item(title=text, page_number=0)),  # type: ignore[attr-defined]
    "cell.xlsx": _book(lambda book, text: book.active.append([1, text])),
    "cells.xlsx": _book(lambda book, text: book.active.append(_halves(text))),
    "column.xlsx": _book(lambda book, text: [book.active.append(["x", half]) for half in _halves(text)]),
    "comment.xlsx": _book(lambda book, text: setattr(book.active["A1"], "comment", Comment(text, "nobody"))),
    "sheet.xlsx": _book(lambda book, text: book.create_sheet(text[:31])),
    "properties.xlsx": _book(lambda book, text: setattr(book.properties, "description", text)),
    "paragraph.docx": _document(lambda document, text: document.add_paragraph(text)),
    "runs.docx": _document(_runs),
    "cells.docx": _document(_table),
    "alt.docx": _document(_picture),
    "properties.docx": _document(lambda document, text: setattr(document.core_properties, "comments", text)),
    "header.docx": _document(lambda document, text: setattr(document.sections[0].header.paragraphs[0], "text", text)),
    "cell.csv": _rows(lambda text: [["a", "b"], ["1", text]]),
    "row.csv": _rows(lambda text: [_halves(text)]),
    "column.csv": _rows(lambda text: [["x", half] for half in _halves(text)]),
    "value.json": lambda text: json.dumps({"a": [{"b": text}]}).encode(),
    "list.json": lambda text: json.dumps({"a": text.split()}).encode(),
    "key.json": lambda text: json.dumps({text: 1}).encode(),
    "line.jsonl": lambda text: (json.dumps({"text": text}) + "\n").encode(),
    "lines.md": lambda text: "> {}\n> **{}**\n".format(*_halves(text)).encode(),
    "emphasis.md": lambda text: text.replace("pedir", "_pedir_").encode(),
    "metadata.png": _png,
    "card.zip": _zip,
}


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_sentence_stops_the_run(name: str) -> None:
    with pytest.raises(GlosaError) as caught:
        leaks.refuse({f"reports/public/{name}": PLANTED[name](QUOTED)}, FINDER, [], FORBIDDEN)
    assert caught.value.where == f"reports/public/{name}"
    assert "words of u1 would be published (" in caught.value.found
    assert len(caught.value.letter().splitlines()) == 4


@pytest.mark.parametrize("name", PLANTED)
def test_a_clean_file_passes_and_the_restricted_edition_quotes(name: str) -> None:
    leaks.refuse({f"reports/public/{name}": PLANTED[name](CLEAN)}, FINDER, [], FORBIDDEN)
    leaks.refuse({f"reports/restricted/{name}": PLANTED[name](QUOTED)}, FINDER, [], FORBIDDEN)


NAMED = ("text.html", "spaces.html", "data.html", "line.pdf", "title.pdf", "comment.xlsx", "runs.docx", "metadata.png")


@pytest.mark.parametrize("name", NAMED)
def test_a_name_is_seen_in_either_edition(name: str) -> None:
    content = PLANTED[name]("Nerea Olabarri lo dijo así, en voz alta.")
    with pytest.raises(GlosaError, match="full name"):
        leaks.refuse({f"reports/restricted/{name}": content}, FINDER, [], FORBIDDEN)


def test_an_address_is_seen_behind_the_backslashes_of_markdown() -> None:
    with pytest.raises(GlosaError, match="e-mail"):
        leaks.refuse({"reports/public/a.md": b"**Contact**: nerea\\@example\\.org"}, FINDER, [], FORBIDDEN)
    leaks.refuse({"a.md": b"**Contact**: nerea\\@example.org"}, FINDER, ["nerea@example.org"], FORBIDDEN)


def test_five_words_are_no_leak_and_six_are() -> None:
    assert FORBIDDEN.first(["… que pedir perdón sin más …"]) is None
    assert FORBIDDEN.first(["… hay que pedir perdon sin más …"]) == (0, "hay que pedir perdon sin mas")


def test_words_on_both_sides_of_a_replaced_name_are_seen() -> None:
    assert FORBIDDEN.first(["escucha a [nombre] con calma y luego"])
    assert FORBIDDEN.first(["escucha a con calma y luego"])


def test_what_the_study_states_itself_may_stand() -> None:
    stated = Forbidden([("u1", QUOTED)], ["El lema: hay que pedir perdón sin más."])
    assert stated.first(["hay que pedir perdón sin más"]) is None
    assert stated.first(["hay que pedir perdón sin más delante"]) is not None


def test_scripts_without_spaces_count_characters() -> None:
    assert Forbidden([("u1", "必须先道歉然后倾听")]).first(["他说必须先道歉然后"])
    assert Forbidden([("u1", "必须先道歉然后倾听")]).first(["必须倾听"]) is None


def test_a_kind_of_file_that_nobody_can_read_is_refused() -> None:
    with pytest.raises(ValueError, match="no reader"):
        list(published.texts("a.exe", b""))


def test_ten_thousand_units_take_no_time() -> None:
    def sentence(i: int) -> str:
        return " ".join(f"w{(i * 31 + j * 7) % 3001}x{j}" for j in range(18))

    started = time.process_time()
    forbidden = Forbidden([(f"u{i}", sentence(i)) for i in range(10_000)])
    page = "".join(f"<tr><td>{sentence(i).replace('x', 'y')}</td></tr>" for i in range(3_000)).encode()
    data = json.dumps([{"text": sentence(i).replace("x", "z")} for i in range(3_000)]).encode()
    leaks.refuse({"reports/public/a.html": page, "reports/public/b.json": data}, FINDER, [], forbidden)
    assert time.process_time() - started < 4
