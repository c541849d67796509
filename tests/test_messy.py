"""A generator of messy captures: whatever is mixed together, in whatever format, the laws of ingest hold."""

from __future__ import annotations

import csv
import io
import json
import re
import unicodedata
from collections import Counter
from collections.abc import Callable
from html import escape
from pathlib import PurePath

import docx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline import readers, roles
from pipeline.readers import Document, UnreadableError
from pipeline.stages import ingest

LANGUAGES = ("en", "es", "pt")
COMMENTS = (
    "You must talk to your supervisor before you do anything else.", "Hay que pedir perdón sin excusas.",
    "É preciso ouvir a cliente com calma:", "I did the following:", "¿Y si no quiere?",
    "Reading helped me. Articles too!",
    "صدق معها أولاً", "עם כבוד ובסבלנות", "先道歉，再倾听。", "👩🏽\u200d🏫 yes 👍", "Pe\u0301rdo\u0302n",
    "a\u0301\u0327\u0301b",
    "\u202eright to left\u202c", "=SUM(A1:A9)", "On Monday she wrote: no.", "> quoted", "-- ", "From here on",
    "La seÃ±ora pidiÃ³ perdÃ³n",
    "<b>not bold</b> & so", "a;b,c\td|e", '"quoted", he said', "half \ufffd", "1) 2) 3)", "{}", "null", "N/A", ":",
)  # fmt: skip
PROMPTS = (
    "# How do you mend trust?",
    "What now?",
    "Consider these steps:",
    "¿Qué harías?",
    "## Tips",
    "Have you been there?",
)
FURNITURE = (
    "Like", "Me gusta", "See translation", "3 comments", "2 weeks ago", "12", "Most relevant readings",
    "LeadershipHow do you handle a quarrel?", "Was this helpful?", "★★★★☆ (12)", "Accept all cookies",
)  # fmt: skip
GLYPHS = ("- ", "• ", "* ", "1. ", "2) ", "–\t", "▪ ", "\u2028• ", "")
SPACES = ("", " ", "   ", "\t", "\u00a0", "\u3000", "\u200b", "\ufeff", "\x00", "\x85", "\x0b")
ENDS = ("\n", "\r\n", "\r", "\n\n", "\n \n", "\u2028")
FREE = st.text(st.characters(exclude_categories=("Cs",)), max_size=30)
WORDS = st.one_of(st.sampled_from(COMMENTS + PROMPTS + FURNITURE), FREE)
LINE = st.builds("{}{}{}{}".format, st.sampled_from(SPACES), st.sampled_from(GLYPHS), WORDS, st.sampled_from(SPACES))
CAPTURE = st.lists(st.tuples(LINE, st.sampled_from(ENDS), st.integers(0, 7)), max_size=14)
# Words that no reader takes for an empty cell, and that mending mojibake leaves alone.
WORD = re.compile(r"(?<![^\x00-\x7f])\b[A-Za-z]{5,}\b(?![^\x00-\x7f])")
Capture = list[tuple[str, str, int]]


def as_text(capture: Capture) -> bytes:
    return "".join(line + end for line, end, _ in capture).encode()


def as_page(capture: Capture) -> bytes:
    marks = (
        "<p>{}</p>", "<li>{}", "<h2>{}</h2>", '<div class="comment"><span class="author">Ana</span><p>{}</p></div>',
        '<div class="comment"><b class=author>Ben</b>{}<ul class="replies"><li class="comment">{}</li></ul></div>',
        "<nav>{}</nav>", "<td>{}<br><br>{}", '<span class="date">{}</span><!-- {} --><script>"{}"</script>',
    )  # fmt: skip
    body = "".join(marks[kind].replace("{}", escape(line)) + end for line, end, kind in capture)
    return f"<title>T</title>{body}".encode()


def as_csv(capture: Capture) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";")
    writer.writerow(["id", "autor", "comentario", "idioma"])
    writer.writerows([kind, "Ana" * (kind % 2), line + end + line * (kind == 3), "pt"] for line, end, kind in capture)
    return out.getvalue().encode("utf-8-sig")


def as_jsonl(capture: Capture) -> bytes:
    return "\n".join(
        line if kind == 7 else json.dumps({"text": line + end, "author": "Ana", "lang": "es"}, ensure_ascii=kind < 4)
        for line, end, kind in capture
    ).encode()


def as_document(capture: Capture) -> bytes:
    document = docx.Document()
    for line, _, kind in capture:
        clean = "".join(c for c in line if c in "\t\n" or (c >= " " and c not in "\ufffe\uffff"))
        paragraph = document.add_paragraph(style=("List Bullet", "Heading 1", "Normal", "Title")[kind % 4])
        if kind == 6:
            paragraph.add_run("Mei: ").bold = True
        paragraph.add_run(clean)
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def as_message(capture: Capture) -> bytes:
    head = "From: Ana <a@example.org>\r\nSubject: What now?\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"
    return head.encode() + as_text(capture)


def as_mailbox(capture: Capture) -> bytes:
    return b"".join(b"From x\n" + as_message([piece]) + b"\n" for piece in capture)


MAKERS: dict[str, Callable[[Capture], bytes]] = {
    "a.txt": as_text, "a.md": as_text, "a.html": as_page, "a.csv": as_csv, "a.jsonl": as_jsonl, "a.docx": as_document,
    "a.eml": as_message, "a.mbox": as_mailbox,
}  # fmt: skip


def the_laws_hold(name: str, capture: Capture) -> None:
    content = MAKERS[name](capture)
    try:
        documents = readers.read(content, PurePath(name))
    except UnreadableError as error:
        assert error.reason in ingest.REJECT_REASONS
        assert error.detail
        return
    for document in documents:
        the_document_is_lawful(document)
        pieces_are_complete(name, capture, document)
        passages_are_lawful(document)


def the_document_is_lawful(document: Document) -> None:
    document.text.encode()
    assert "\r" not in document.text
    assert "\0" not in document.text
    previous = 0
    for block in document.blocks:
        text = document.text[block.start : block.end]
        assert text == text.strip() != ""
        assert block.start >= previous
        assert block.locator
        assert unicodedata.is_normalized("NFC", text)
        previous = block.end
    assert all(piece.locator and piece.reason in ingest.REJECT_REASONS for piece in document.set_aside)


def pieces_are_complete(name: str, capture: Capture, document: Document) -> None:
    """Nothing captured is lost: every word stands in the text, every piece is a block or set aside with a reason."""
    lines = [line for line, _, kind in capture if name != "a.jsonl" or kind != 7]
    lost = set(WORD.findall("\n".join(lines))) - set(WORD.findall(document.text))
    assert not lost
    count = len(document.blocks) + len(document.set_aside)
    if name in {"a.txt", "a.md"}:
        ends = [0, *(block.end for block in document.blocks)]
        starts = [*(block.start for block in document.blocks), len(document.text)]
        between = "".join(document.text[end:start] for end, start in zip(ends, starts, strict=True))
        assert not re.search(r"[^\W\d_]", between)
    elif name == "a.csv":
        assert count == len(capture)
    elif name == "a.jsonl":
        raw = [piece for line, _, kind in capture if kind == 7 for piece in line.split("\n") if piece.strip()]
        assert count == len(raw) + sum(kind != 7 for *_, kind in capture)
    elif name == "a.docx":
        assert len(document.blocks) <= len(capture)
    elif name == "a.mbox":
        seen = {p.locator.split(",")[0] for p in (*document.blocks, *document.set_aside)}
        assert seen >= {f"message {i}" for i in range(1, len(capture) + 1)}


def passages_are_lawful(document: Document) -> None:
    source = ingest.Source("s", "a", "0", 1, document)
    passages = ingest.passages_of([source], LANGUAGES, b"key")
    assert len(passages) <= len(document.blocks)
    assert passages["passage_id"].is_unique
    assert set(passages["role"]) <= {roles.PROMPT, roles.TIP, roles.COMMENT, roles.NAVIGATION}
    previous = 0
    for row in passages.itertuples():
        assert document.text[row.start : row.end] == row.text == row.text.strip() != ""
        assert row.start >= previous
        previous = row.end
    covered = Counter(
        sum(row.start <= block.start and block.end <= row.end for row in passages.itertuples())
        for block in document.blocks
    )
    assert set(covered) <= {1}, "a block belongs to no passage or to two"


@pytest.mark.parametrize("name", MAKERS)
@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(CAPTURE)
def test_the_laws_hold_for_messy_captures(name: str, capture: Capture) -> None:
    the_laws_hold(name, capture)


@pytest.mark.slow
@pytest.mark.timeout(1800)
@settings(max_examples=10_000, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(sorted(MAKERS)), CAPTURE)
def test_the_laws_hold_for_ten_thousand_messy_captures(name: str, capture: Capture) -> None:
    the_laws_hold(name, capture)
