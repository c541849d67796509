"""Files that are broken or meant to hurt: a reject with a reason, in bounded time and memory, and the rest goes on."""

from __future__ import annotations

import io
import json
import os
import resource
import subprocess
import sys
import time
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path, PurePath

import docx
import openpyxl
import pytest

from pipeline import captures, readers, study
from pipeline.readers import UnreadableError, archive
from pipeline.stages import ingest
from tests.conftest import ROOT, glosa, make_study
from tests.test_formats import ODT, mhtml, odt, pdf

SECONDS = 20
LAUGHS = '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]>'
OUTSIDE = '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/hostname">]>'


def document_of(text: str = "Fine.") -> bytes:
    document = docx.Document()
    document.add_paragraph(text)
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def workbook_of(**cells: object) -> bytes:
    book = openpyxl.Workbook()
    for name, value in (cells or {"A1": "comment", "A2": "Fine."}).items():
        book.active[name] = value
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def changed(package: bytes, name: str, change: Callable[[bytes], bytes]) -> bytes:
    """Return a package with one of its parts changed."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(package)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for member in old.namelist():
            new.writestr(member, change(old.read(member)) if member == name else old.read(member))
    return out.getvalue()


def declared(prologue: str) -> Callable[[bytes], bytes]:
    """Put a document type behind the XML declaration."""

    def change(part: bytes) -> bytes:
        head, mark, rest = part.rpartition(b"?>")
        return head + mark + prologue.encode() + rest

    return change


def zeros(package: bytes, size: int) -> bytes:
    out = io.BytesIO(package)
    with zipfile.ZipFile(out, "a", zipfile.ZIP_DEFLATED) as bomb, bomb.open("word/media/a.bin", "w") as member:
        for _ in range(size // 2**20):
            member.write(bytes(2**20))
    return out.getvalue()


def lying(package: bytes) -> bytes:
    """Return a package whose members declare to unpack to one byte."""
    out = bytearray(package)
    place = 0
    while (place := out.find(b"PK\x01\x02", place)) >= 0:
        out[place + 24 : place + 28] = (1).to_bytes(4, "little")
        place += 4
    return bytes(out)


def locked_zip(package: bytes) -> bytes:
    """Set the flag that says that members are encrypted."""
    out = bytearray(package)
    for mark, offset in ((b"PK\x01\x02", 8), (b"PK\x03\x04", 6)):
        place = 0
        while (place := out.find(mark, place)) >= 0:
            out[place + offset] |= 1
            place += 4
    return bytes(out)


def encrypted_pdf() -> bytes:
    from pypdf import PdfReader, PdfWriter

    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(pdf(["Secret."]))))
    writer.encrypt("word", algorithm="RC4-128")
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


OLE = bytes.fromhex("d0cf11e0a1b11ae1") + bytes(600)
LOCKED = OLE + "EncryptedPackage".encode("utf-16-le") + bytes(600)
SHEET = "xl/worksheets/sheet1.xml"


def sparse_sheet() -> bytes:
    return workbook_of(A1="comment", XFD1048576="x")


def echoing_sheet() -> bytes:
    """One long shared text in 20,000 cells."""
    cells = "".join(f'<row r="{i}"><c r="A{i}" t="s"><v>0</v></c></row>' for i in range(3, 20003))
    out = io.BytesIO(
        changed(workbook_of(), SHEET, lambda part: part.replace(b"</sheetData>", cells.encode() + b"</sheetData>"))
    )
    with zipfile.ZipFile(out, "a", zipfile.ZIP_DEFLATED) as package:
        package.writestr("xl/sharedStrings.xml", f"<sst><si><t>{'x' * 32_000}</t></si></sst>")
    return out.getvalue()


def repeating_sheet() -> bytes:
    table = 'xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"'
    row = (
        f'<table:table-row {table} table:number-rows-repeated="1048576"><table:table-cell '
        'table:number-columns-repeated="16384"><text:p>x</text:p></table:table-cell></table:table-row>'
    )
    return odt("", ODT % row)


def pdf_bomb() -> bytes:
    """A page whose content unpacks to half a gigabyte."""
    packer = zlib.compressobj(9)
    data = b"".join(packer.compress(bytes(2**20)) for _ in range(512)) + packer.flush()
    page = pdf(["x"])
    start, end = page.index(b"<< /Length"), page.index(b"endstream") + len(b"endstream")
    stream = b"<< /Length %d /Filter /FlateDecode >>\nstream\n" % len(data) + data + b"\nendstream"
    return page[:start] + stream + page[end:]


HOSTILE: list[tuple[str, str, Callable[[], bytes], str]] = [
    ("empty zip", "a.docx", lambda: b"PK\x05\x06" + bytes(18), "unreadable"),
    ("empty zip", "a.xlsx", lambda: b"PK\x05\x06" + bytes(18), "unreadable"),
    ("empty zip", "a.odt", lambda: b"PK\x05\x06" + bytes(18), "unreadable"),
    ("bomb", "a.docx", lambda: zeros(document_of(), 210 * 2**20), "too_large"),
    ("bomb", "a.xlsx", lambda: zeros(workbook_of(), 210 * 2**20), "too_large"),
    ("bomb", "a.odt", lambda: zeros(odt(""), 210 * 2**20), "too_large"),
    ("bomb that lies", "a.docx", lambda: lying(zeros(document_of(), 210 * 2**20)), "unreadable"),
    ("big document", "a.odt", lambda: odt("<text:p>" + "x" * (65 * 2**20) + "</text:p>"), "too_large"),
    ("entities", "a.docx", lambda: changed(document_of(), "word/document.xml", declared(LAUGHS)), "unreadable"),
    ("entities", "a.xlsx", lambda: changed(workbook_of(), SHEET, declared(LAUGHS)), "unreadable"),
    ("entities", "a.odt", lambda: changed(odt("x"), "content.xml", declared(LAUGHS)), "unreadable"),
    ("outer entity", "a.docx", lambda: changed(document_of(), "word/document.xml", declared(OUTSIDE)), "unreadable"),
    ("outer entity", "a.odt", lambda: changed(odt("x"), "content.xml", declared(OUTSIDE)), "unreadable"),
    ("UTF-16 entity", "a.odt", lambda: odt("", LAUGHS.encode("utf-16-be").decode("latin-1")), "unreadable"),
    ("deep XML", "a.odt", lambda: odt("<text:span>" * 5000 + "x" + "</text:span>" * 5000), "unreadable"),
    ("sparse sheet", "a.xlsx", sparse_sheet, "too_large"),
    ("echoing sheet", "a.xlsx", echoing_sheet, "too_large"),
    ("repeating sheet", "a.ods", repeating_sheet, "too_large"),
    ("locked", "a.docx", lambda: LOCKED, "unreadable"),
    ("locked", "a.xlsx", lambda: LOCKED, "unreadable"),
    ("locked", "a.pdf", encrypted_pdf, "unreadable"),
    ("locked zip", "a.docx", lambda: locked_zip(document_of()), "unreadable"),
    ("locked", "a.odt", lambda: odt("x", **{"META-INF/manifest.xml": "<m><encryption-data/></m>"}), "unreadable"),
    ("old Word", "a.docx", lambda: OLE, "unreadable"),
    ("docx named txt", "a.txt", document_of, "not_text"),
    ("pdf named csv", "a.csv", lambda: pdf(["x"]), "not_text"),
    ("text named docx", "a.docx", lambda: b"just words", "unreadable"),
    ("text named pdf", "a.pdf", lambda: b"just words", "unreadable"),
    ("text named mhtml", "a.mhtml", lambda: b"just words", "unreadable"),
    ("text named mbox", "a.mbox", lambda: b"just words", "unreadable"),
    ("text named eml", "a.eml", lambda: b"just words", "unreadable"),
    ("xlsx named docx", "a.docx", workbook_of, "unreadable"),
    ("docx named xlsx", "a.xlsx", document_of, "unreadable"),
    ("docx named odt", "a.odt", document_of, "unreadable"),
    ("one long line", "a.txt", lambda: b"x" * (40 * 2**20), "too_large"),
    ("one foreign line", "a.md", lambda: "¿".encode() * (4 * 2**20), "too_large"),
    ("lines and lines", "a.txt", lambda: b"x\n" * 6_000_000, "too_large"),
    ("nested HTML", "a.html", lambda: b"<div>" * 1_000_000 + b"x", "unreadable"),
    ("endless emphasis", "a.html", lambda: b"".join(b"<i a=%d><p>" % i for i in range(50_000)), "unreadable"),
    (
        "emphasis in every block", "a.html",
        lambda: b"<div>" + b"".join(b"<i a=%d>" % i for i in range(900)) + b"</div>" + b"<p>x</p>" * 500_000,
        "unreadable",
    ),
    ("attributes", "a.html", lambda: b"<div " + b" ".join(b"a%d" % i for i in range(300_000)) + b">x", "unreadable"),
    ("NUL bytes", "a.txt", lambda: b"\0" * 10_000 + b"x", "not_text"),
    ("deep mail", "a.eml", lambda: b"".join(
        b'Content-Type: multipart/mixed; boundary="%d"\n\n--%d\n' % (i, i) for i in range(5000)), "unreadable"),
    ("circular PDF", "a.pdf", lambda: pdf(["x"]).replace(b"/Kids [5 0 R]", b"/Kids [2 0 R]"), "unreadable"),
    ("PDF bomb", "a.pdf", pdf_bomb, "unreadable"),
    ("cut PDF", "a.pdf", lambda: pdf(["x"] * 50)[:400], "unreadable"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "make", "reason"), [
    pytest.param(name, make, reason, id=f"{what}-{name}") for what, name, make, reason in HOSTILE
])  # fmt: skip
def test_a_hostile_file_is_refused_in_time(name: str, make: Callable[[], bytes], reason: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(make())
    (tmp_path / "z.txt").write_text("The rest goes on.", encoding="utf-8")
    started = time.perf_counter()
    sources, rejects = ingest.read_captures(sorted(tmp_path.iterdir()), tmp_path)
    assert time.perf_counter() - started < SECONDS
    assert [source.file for source in sources] == ["z.txt"]
    assert [(row["file"], row["reason"]) for row in rejects] == [(name, reason)]
    assert rejects[0]["detail"]


@pytest.mark.slow
def test_memory_stays_within_bounds(tmp_path: Path) -> None:
    """The costliest of them, one after the other, in a process that may use no more than 3 GB."""
    chosen = [(w, n, m) for w, n, m, _ in HOSTILE if w in {"sparse sheet", "one long line", "bomb", "endless emphasis"}]
    for i, (_, name, make) in enumerate(chosen):
        (tmp_path / f"{i}{name}").write_bytes(make())
    code = (
        "import sys, resource; from pathlib import Path; from pipeline.stages import ingest\n"
        "folder = Path(sys.argv[1])\n"
        "sources, rejects = ingest.read_captures(sorted(folder.iterdir()), folder)\n"
        "print(len(sources), len(rejects), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    out = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120, cwd=ROOT).stdout.split()
    assert (out[0], out[1]) == ("0", str(len(chosen)))
    assert int(out[2]) * 1024 < 3 * 2**30


@pytest.mark.parametrize(("name", "content"), [
    ("a.docx", LOCKED), ("a.xlsx", LOCKED), ("a.pdf", encrypted_pdf()), ("a.docx", locked_zip(document_of())),
], ids=["document", "workbook", "PDF", "package"])  # fmt: skip
def test_a_password_is_named_as_the_cause(name: str, content: bytes) -> None:
    with pytest.raises(UnreadableError) as caught:
        readers.read(content, PurePath(name))
    assert caught.value.detail == "password-protected"


def test_an_ordinary_package_passes() -> None:
    for name, content in (("a.docx", document_of()), ("a.xlsx", workbook_of()), ("a.odt", odt("<text:p>Hi.</text:p>"))):
        archive.check(content, PurePath(name).suffix)
        assert readers.read(content, PurePath(name))


# -- What is odd and yet can be read ------------------------------------------------------------------------


def words_of(content: str | bytes, name: str) -> list[str]:
    raw = content.encode() if isinstance(content, str) else content
    return [d.text[b.start : b.end] for d in readers.read(raw, PurePath(name)) for b in d.blocks]


@pytest.mark.parametrize("tag", ["div", "span", "b", "ul", "table", "blockquote", "div class=comment"])
def test_deep_nesting_that_a_page_may_have_is_read(tag: str) -> None:
    count = 300 if tag == "b" else 9_000
    assert "".join(words_of(f"<p>One.</p>{f'<{tag}>' * count}deep", "a.html")) == "One.deep"


@pytest.mark.parametrize("name", ["a.json", "a.jsonl"])
def test_deeply_nested_json_ends_nothing(name: str) -> None:
    deep = "[" * 200_000 + "]" * 200_000
    assert words_of(deep + '\n{"text": "Fine."}\n', name) == ["Fine."]
    with pytest.raises(UnreadableError):
        words_of(f'{{"comments": {deep}}}', "a.json")


def test_one_endless_block_is_set_aside_and_the_others_stay() -> None:
    (document,) = readers.read(b"One.\n" + b"x" * 2_000_000 + b"\nTwo.", PurePath("a.txt"))
    assert [document.text[b.start : b.end] for b in document.blocks] == ["One.", "Two."]
    assert [(piece.locator, piece.reason) for piece in document.set_aside] == [("line 2", "too_large")]


def test_lone_surrogates_nul_bytes_and_endless_marks_can_be_stored(tmp_path: Path) -> None:
    record = {"text": "Half \ud800 a pair", "author": "A\udfff", "lang": "\ud800e"}
    (tmp_path / "a.jsonl").write_text(json.dumps(record) + '\n{"\\ud800": 1}\n', encoding="utf-8")
    (tmp_path / "b.txt").write_bytes(b"One\0 and two. " + b"x" * 100)
    (tmp_path / "c.txt").write_text("a" + "\u0301\u0327" * 200_000 + " end", encoding="utf-8")
    started = time.perf_counter()
    sources, rejects = ingest.read_captures(sorted(tmp_path.iterdir()), tmp_path)
    assert time.perf_counter() - started < SECONDS
    passages = ingest.passages_of(sources, ("en", "es"), b"key")
    assert any(text == "Half \ufffd a pair" for text in passages["text"])
    for value in [*passages["text"], *(row["detail"] for row in rejects), *(s.document.text for s in sources)]:
        assert "\0" not in value
        value.encode()
    passages.to_parquet(tmp_path / "x.parquet")


def test_direction_marks_and_joiners_are_part_of_the_words() -> None:
    text = "\u202eabc\u202c and \u2067שלום\u2069 👩\u200d👧"
    assert words_of(text, "a.txt") == [text]


# -- The folder ---------------------------------------------------------------------------------------------


def test_only_regular_files_inside_the_folder_are_opened(tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    (raw / "sub").mkdir(parents=True)
    (raw / "folder.txt").mkdir()
    (raw / "folder.txt" / "in.txt").write_text("Inside.", encoding="utf-8")
    (raw / "a.txt").write_text("Fine.", encoding="utf-8")
    (tmp_path / "secret.txt").write_text("Not yours.", encoding="utf-8")
    (raw / "out.txt").symlink_to(tmp_path / "secret.txt")
    (raw / "sub" / "up").symlink_to(tmp_path, target_is_directory=True)
    (raw / "in.txt").symlink_to(raw / "a.txt")
    (raw / "loop.txt").symlink_to(raw / "loop.txt")
    (raw / "gone.txt").symlink_to(raw / "nothing.txt")
    os.mkfifo(raw / "pipe.txt")
    with (raw / "big.txt").open("wb") as file:
        file.truncate(captures.MAX_BYTES + 1)
    files, refused = captures.find(raw)
    assert [f.relative_to(raw).as_posix() for f in files] == ["a.txt", "folder.txt/in.txt", "in.txt"]
    assert {r.path.relative_to(raw).as_posix(): r.reason for r in refused} == {
        "out.txt": "outside", "sub/up": "outside", "loop.txt": "unreadable", "gone.txt": "unreadable",
        "pipe.txt": "unreadable", "big.txt": "too_large",
    }  # fmt: skip


def test_a_name_that_is_no_utf8_is_refused(tmp_path: Path) -> None:
    try:
        Path(os.fsdecode(os.fsencode(tmp_path) + b"/bad\xff.txt")).write_text("x", encoding="utf-8")
    except OSError:
        pytest.skip("this file system wants UTF-8")
    files, refused = captures.find(tmp_path)
    assert not files
    assert [r.reason for r in refused] == ["unreadable"]
    ingest.refusal(refused[0], tmp_path)["file"].encode()


def test_what_may_not_be_read_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.txt").write_text("x", encoding="utf-8")
    monkeypatch.setattr(os, "access", lambda *_: False)  # the tests may run as root, who may read everything
    files, refused = captures.find(tmp_path)
    assert not files
    assert [(r.reason, r.detail) for r in refused] == [("unreadable", "no permission to read the file")]


def test_a_reader_that_breaks_off_costs_its_file_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class PanicException(BaseException):
        """As Rust libraries raise it."""

    for i, error in enumerate((RecursionError(), MemoryError(), IndexError("secret"), PanicException("secret"))):

        def breaks(*_: object, error: BaseException = error) -> list[readers.Document]:
            raise error

        (tmp_path / "a.txt").write_text(f"{i}", encoding="utf-8")
        monkeypatch.setattr(readers, "read", breaks)
        _, (row,) = ingest.read_captures([tmp_path / "a.txt"], tmp_path)
        assert row["reason"] == "unreadable"
        assert type(error).__name__ in row["detail"]
        assert "secret" not in row["detail"]
    monkeypatch.setattr(readers, "read", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        ingest.read_captures([tmp_path / "a.txt"], tmp_path)


def test_a_file_that_vanishes_is_a_reject(tmp_path: Path) -> None:
    _, (row,) = ingest.read_captures([tmp_path / "gone.txt"], tmp_path)
    assert row["reason"] == "unreadable"


@pytest.mark.slow
def test_a_study_of_hostile_files_runs_to_its_end(tmp_path: Path) -> None:
    folder = make_study(tmp_path / "study", {
        "a.txt": "How?\n- Tip.\nYou must apologise to her at once, and mean it.\nYou should ask her what she needs.\n",
        "bomb.docx": zeros(document_of(), 210 * 2**20), "locked.xlsx": LOCKED,
        "page.mht": mhtml(("text/html", "<p>Hi")),
        "deep.html": "<div>" * 20_000,
        "surrogate.jsonl": '{"text": "You should \\ud800 listen to her.", "author": "\\ud801"}',
        "long.txt": "Fine.\n" + "x" * 1_500_000,
    })  # fmt: skip
    (folder / "data" / "raw" / "out.txt").symlink_to("/etc/hostname")
    os.mkfifo(folder / "data" / "raw" / "pipe.txt")
    done = glosa("run", "--study", str(folder))
    assert done.returncode == 0, done.stderr
    for name in ("bomb.docx", "locked.xlsx", "deep.html", "out.txt", "pipe.txt"):
        assert f"Not used: {name}" in done.stderr
    again = glosa("status", "--study", str(folder))
    assert again.returncode == 0
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024 < 4 * 2**30
    assert len(study.load(folder).refused()) == 2
