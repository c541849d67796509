"""One reader per format: bytes in, documents out. `READERS` maps a file's suffix to its reader."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import PurePath
from types import MappingProxyType

from pipeline.readers import archive, mail, opendocument, page, pdf, plain, records, web_archive, word
from pipeline.readers.columns import Wanted
from pipeline.readers.document import Block, Document, SetAside, UnreadableError, normalize

Reader = Callable[[bytes, PurePath], list[Document]]

RECORDS: Mapping[str, records.RecordReader] = MappingProxyType(
    {
        ".csv": records.read_delimited,
        ".tsv": records.read_delimited,
        ".xlsx": records.read_workbook,
        ".ods": records.read_workbook,
        ".json": records.read_json,
        ".jsonl": records.read_jsonl,
    }
)
READERS: Mapping[str, Reader] = MappingProxyType(
    {
        ".txt": plain.read,
        ".md": plain.read,
        ".html": page.read,
        ".htm": page.read,
        ".mhtml": web_archive.read,
        ".mht": web_archive.read,
        ".docx": word.read,
        ".odt": opendocument.read,
        ".pdf": pdf.read,
        ".eml": mail.read_message,
        ".mbox": mail.read_mailbox,
        **RECORDS,
    }
)
MAX_BLOCK = 1_000_000
_PACKAGES = frozenset({".docx", ".xlsx", ".odt", ".ods"})
_HTML_START = re.compile(
    rb"(?:\xef\xbb\xbf)?\s*(?:<\?xml[^>]{0,200}\?>\s*)?(?:<!--.{0,500}?-->\s*)?<(?:!doctype\s+)?html\b", re.I | re.S
)
_SIGNATURES: Mapping[bytes, str] = MappingProxyType(
    {
        b"PK\x03\x04": "a ZIP package, such as DOCX, XLSX or ODT",
        b"\xd0\xcf\x11\xe0": "a binary or password-protected Office file",
        b"%PDF-": "a PDF",
        b"\x1f\x8b": "a gzip archive",
        b"\x89PNG": "a PNG picture",
        b"\xff\xd8\xff": "a JPEG picture",
        b"GIF8": "a GIF picture",
        b"Rar!": "a RAR archive",
        b"7z\xbc\xaf": "a 7z archive",
        b"SQLite format 3": "an SQLite database",
        b"PAR1": "a Parquet table",
    }
)

__all__ = ["MAX_BLOCK", "READERS", "Block", "Document", "Reader", "SetAside", "UnreadableError", "Wanted", "read"]


def read(content: bytes, path: PurePath, wanted: Wanted = records.FIND) -> list[Document]:
    """Read a capture with the reader of its suffix; raise `UnreadableError` where it can't be used.

    `wanted` names columns of tables; other formats have none. A suffix is believed, with two exceptions: a binary
    file that is named like a text is refused, and a page of HTML that is named `.txt` or `.md` is read as the page
    that it is (its `format` is then `html`).
    """
    suffix = path.suffix.lower()
    reader = READERS.get(suffix)
    if reader is None:
        known = ", ".join(sorted(READERS))
        raise UnreadableError("unknown_suffix", f"{path.suffix or 'no suffix'}; known are {known}")
    if suffix in _PACKAGES:
        archive.check(content, suffix)
    elif suffix != ".pdf":
        for signature, kind in _SIGNATURES.items():
            if content.startswith(signature):
                raise UnreadableError("not_text", f"by its first bytes this is {kind}, and no {suffix} file")
    if reader is plain.read and _HTML_START.match(content):
        path = path.with_suffix(".html")
        reader = page.read
    documents = RECORDS[suffix](content, path, wanted) if suffix in RECORDS else reader(content, path)
    return [_bounded(document) for document in documents]


def _bounded(document: Document) -> Document:
    """Set aside blocks that no person wrote as one passage, and see that every string can be stored."""
    large = [block for block in document.blocks if block.end - block.start > MAX_BLOCK]
    if large and len(large) == len(document.blocks):
        raise UnreadableError("too_large", f"{_length(large[0])}, and nothing beside it")
    pieces = [SetAside(block.locator, "too_large", _length(block)) for block in large]
    return replace(
        document,
        title=normalize(document.title),
        part=normalize(document.part),
        blocks=tuple(block for block in document.blocks if block.end - block.start <= MAX_BLOCK),
        set_aside=tuple(
            SetAside(piece.locator, piece.reason, normalize(piece.detail)) for piece in (*document.set_aside, *pieces)
        ),
    )


def _length(block: Block) -> str:
    return f"one block of {block.end - block.start:,} characters; a block has at most {MAX_BLOCK:,}"
