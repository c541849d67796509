"""Make real files of every format out of labelled captures (`tests/cases/captures-*.jsonl`)."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Iterator
from email.message import EmailMessage
from html import escape
from typing import Any

Capture = dict[str, Any]
_TEXT_SPACES = "".join(
    f' xmlns:{n}="urn:oasis:names:tc:opendocument:xmlns:{n}:1.0"' for n in ("office", "table", "text", "style")
)
_PAGE_LINES, _LINE_WIDTH = 46, 88


def build(capture: Capture) -> tuple[str, bytes]:
    """Return the file's name and content."""
    return f"{capture['name']}.{capture['format']}", _BUILDERS[capture["format"]](capture)


def blocks(capture: Capture) -> list[dict[str, Any]]:
    """Return the labelled blocks, rows or messages."""
    found: list[dict[str, Any]] = capture.get("blocks") or capture["rows"]
    return found


# -- pages ------------------------------------------------------------------------------------------------------


def _glyph(capture: Capture, place: int) -> str:
    glyph = capture.get("glyph") or "-"
    return f"{place}." if glyph == "1." else glyph


def _lines(capture: Capture, heading: str = "") -> Iterator[str]:
    place = 0
    for block in capture["blocks"]:
        place = place + 1 if block["style"] == "bullet" else 0
        if block["style"] == "bullet":
            yield f"{_glyph(capture, place)} {block['text']}"
        else:
            yield (heading if block["style"] == "heading" else "") + block["text"]


def _txt(capture: Capture) -> bytes:
    return ("\n".join(_lines(capture)) + "\n").encode()


def _md(capture: Capture) -> bytes:
    return ("\n\n".join(_lines(capture, "# ")) + "\n").encode()


def _body(capture: Capture) -> str:
    shapes = {
        "heading": "<h1>{}</h1>", "paragraph": "<p>{}</p>", "bullet": "<ul><li>{}</li></ul>",
        "byline": '<div class="author">{}</div>', "comment": '<div class="comment"><p>{}</p></div>',
        "furniture": "<button>{}</button>", "link": '<nav><a href="/x">{}</a></nav>',
    }  # fmt: skip
    parts = [shapes[b["style"]].format(escape(b["text"]).replace("\n", "<br>")) for b in capture["blocks"]]
    return "\n".join(parts).replace("</ul>\n<ul>", "\n").replace("</nav>\n<nav>", "\n")


def _html(capture: Capture) -> bytes:
    return f'<!doctype html><html><head><meta charset="utf-8"></head><body>{_body(capture)}</body></html>'.encode()


def _mhtml(capture: Capture) -> bytes:
    message = EmailMessage()
    message["Subject"], message["From"] = "Saved page", "<Saved by Blink>"
    message.set_content(_html(capture).decode(), subtype="html", cte="quoted-printable")
    message.make_mixed()
    message.set_param("type", "text/html")
    return message.as_bytes().replace(b"multipart/mixed", b"multipart/related")


def _docx(capture: Capture) -> bytes:
    import docx

    document = docx.Document()
    styles = {"heading": "Heading 1", "bullet": "List Bullet"}
    for block in capture["blocks"]:
        document.add_paragraph(block["text"], style=styles.get(block["style"]))
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def _odt(capture: Capture) -> bytes:
    def paragraph(block: dict[str, Any]) -> str:
        text = escape(block["text"]).replace("\n", "<text:line-break/>")
        if block["style"] == "heading":
            return f'<text:h text:outline-level="1">{text}</text:h>'
        inner = f"<text:p>{text}</text:p>"
        return (
            f"<text:list><text:list-item>{inner}</text:list-item></text:list>" if block["style"] == "bullet" else inner
        )

    body = "".join(map(paragraph, capture["blocks"]))
    return _open_document("text", f"<office:text>{body}</office:text>")


def _open_document(kind: str, body: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as package:
        package.writestr("mimetype", f"application/vnd.oasis.opendocument.{kind}")
        package.writestr("META-INF/manifest.xml", "<manifest/>")
        package.writestr(
            "content.xml",
            '<?xml version="1.0" encoding="UTF-8"?>'
            f"<office:document-content{_TEXT_SPACES}><office:body>{body}</office:body></office:document-content>",
        )
    return out.getvalue()


def _pdf(capture: Capture) -> bytes:
    import textwrap

    lines: list[str] = []
    for line in _lines(capture):
        for piece in line.split("\n"):
            lines += textwrap.wrap(piece, _LINE_WIDTH) or [""]
        lines.append("")
    return pdf(*(lines[i : i + _PAGE_LINES] for i in range(0, len(lines), _PAGE_LINES)))


def pdf(*pages: list[str]) -> bytes:
    """A PDF with one line of Helvetica per string; a page without lines has no text."""
    objects = ["<< /Type /Catalog /Pages 2 0 R >>", ""]
    objects.append("<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>")
    kids = []
    for lines in pages:
        shown = "".join(f"({_pdf_string(line)}) Tj T* " for line in lines)
        stream = f"BT /F1 11 Tf 14 TL 60 780 Td {shown}ET" if lines else "0 0 m 9 9 l S"
        objects.append(f"<< /Length {len(stream.encode('cp1252'))} >>\nstream\n{stream}\nendstream")
        look = "/MediaBox [0 0 595 842] /Resources << /Font << /F1 3 0 R >> >>"
        objects.append(f"<< /Type /Page /Parent 2 0 R /Contents {len(objects)} 0 R {look} >>")
        kids.append(f"{len(objects)} 0 R")
    objects[1] = f"<< /Type /Pages /Count {len(kids)} /Kids [{' '.join(kids)}] >>"
    out, places = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, start=1):
        places.append(len(out))
        out += f"{number} 0 obj\n{body}\nendobj\n".encode("cp1252")
    table = "".join(f"{place:010d} 00000 n \n" for place in places)
    trailer = f"trailer << /Size {len(objects) + 1} /Root 1 0 R >>\nstartxref\n{len(out)}\n%%EOF"
    return out + f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}".encode() + trailer.encode()


def _pdf_string(line: str) -> str:
    return line.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")


# -- tables -----------------------------------------------------------------------------------------------------


def _grid(capture: Capture) -> list[list[str]]:
    """Return header and rows as cells, the columns in their usual order."""
    keys = list(capture["columns"])
    extra = capture.get("extra") or {}
    rows = [[capture["columns"][key] for key in keys] + list(extra)]
    for i, row in enumerate(capture["rows"]):
        cells = [str((row.get("tag") if key == "language" else row.get(key)) or "") for key in keys]
        rows.append(cells + [values[i] if i < len(values) else "" for values in extra.values()])
    return rows


def _preamble(capture: Capture) -> list[list[str]]:
    blank = capture.get("blank_rows_before_header") or 0
    title = capture.get("title")
    return ([[title]] if title else []) + [[""] for _ in range(max(blank - bool(title), 0))]


def _csv(capture: Capture) -> bytes:
    out = io.StringIO()
    csv.writer(out, delimiter=capture.get("separator", "\t" if capture["format"] == "tsv" else ",")).writerows(
        _grid(capture)
    )
    return out.getvalue().encode("utf-8-sig")


def _xlsx(capture: Capture) -> bytes:
    import openpyxl

    book = openpyxl.Workbook()
    for row in _preamble(capture) + _grid(capture):
        book.active.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _ods(capture: Capture) -> bytes:
    def cell(text: str) -> str:
        inner = "".join(f"<text:p>{escape(line)}</text:p>" for line in text.split("\n"))
        return f'<table:table-cell office:value-type="string">{inner}</table:table-cell>'

    rows = "".join(
        f"<table:table-row>{''.join(map(cell, row))}</table:table-row>" for row in _preamble(capture) + _grid(capture)
    )
    body = f'<office:spreadsheet><table:table table:name="Sheet">{rows}</table:table></office:spreadsheet>'
    return _open_document("spreadsheet", body)


def _records(capture: Capture) -> list[dict[str, str]]:
    header, *rows = _grid(capture)
    return [dict(zip(header, row, strict=True)) for row in rows]


def _json(capture: Capture) -> bytes:
    return json.dumps(_records(capture), ensure_ascii=False, indent=1).encode()


def _jsonl(capture: Capture) -> bytes:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in _records(capture)).encode()


# -- mail -------------------------------------------------------------------------------------------------------


def _messages(capture: Capture) -> Iterator[bytes]:
    texts = {block["id"]: block["text"] for block in capture["blocks"]}
    for number, block in enumerate(capture["blocks"], start=1):
        message = EmailMessage()
        message["From"] = f"{block['voice']} <person{number}@example.org>"
        message["To"], message["Subject"] = "list@example.org", block.get("subject", "")
        message["Date"] = f"Mon, {number:02d} Jan 2024 09:00:00 +0000"
        message["Message-ID"] = f"<{number}.{capture['name']}@example.org>"
        body = block["text"] + "\n"
        if block.get("quotes"):
            body += "\n" + "".join(f"> {line}\n" for line in texts[block["quotes"]].split("\n"))
        message.set_content(body, cte="8bit")
        yield message.as_bytes()


def _eml(capture: Capture) -> bytes:
    return next(_messages(capture))


def _mbox(capture: Capture) -> bytes:
    return b"".join(b"From person@example.org Mon Jan 01 09:00:00 2024\n" + raw + b"\n" for raw in _messages(capture))


_BUILDERS = {
    "txt": _txt, "md": _md, "html": _html, "mhtml": _mhtml, "docx": _docx, "odt": _odt, "pdf": _pdf,
    "csv": _csv, "tsv": _csv, "xlsx": _xlsx, "ods": _ods, "json": _json, "jsonl": _jsonl, "eml": _eml, "mbox": _mbox,
}  # fmt: skip
