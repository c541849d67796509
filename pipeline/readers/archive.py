"""Guards before a package (DOCX, XLSX, ODT, ODS) is parsed: passwords, bombs, XML that declares entities."""

from __future__ import annotations

import io
import re
import zipfile
from itertools import accumulate, pairwise

from pipeline.readers.document import UnreadableError

MAX_UNPACKED = 200 * 2**20
MAX_DOCUMENT_XML = 64 * 2**20
MAX_CELLS = 20_000_000
MAX_CELL_TEXT = 500_000_000
_MAX_MEMBERS = 10_000
_CHUNK = 2**20
_OLE = bytes.fromhex("d0cf11e0a1b11ae1")
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
_DECLARATION = re.compile(rb"<\0?!\0?(?:D\0?O\0?C\0?T\0?Y\0?P\0?E|E\0?N\0?T\0?I\0?T\0?Y)")
_CELL = re.compile(rb"""\br\s*=\s*["']([A-Za-z]*)(\d+)["']""")
_SHARED = re.compile(rb"""\bt\s*=\s*["']s["'][^>]*>\s*<(?:\w+:)?v>\s*(\d+)""")
_ODS = re.compile(rb"<(?:\w+:)?(table|table-row|table-cell|covered-table-cell)\b([^>]*?)(/?)>")
_REPEATED = re.compile(rb"""number-(?:rows|columns)-repeated\s*=\s*["'](\d+)""")
_SHARED_END = re.compile(rb"</(?:\w+:)?si\s*>")


def check(content: bytes, suffix: str) -> None:
    """Raise `UnreadableError` where a package is locked, no package, or would cost more to parse than it may."""
    if content.startswith(_OLE):
        locked = _ENCRYPTED in content
        detail = "password-protected" if locked else "an old binary Office file; save it in the current format"
        raise UnreadableError("unreadable", detail)
    try:
        parts = _unpack(content)
    except UnreadableError:
        raise
    except Exception as error:  # zipfile, zlib, lzma and struct errors have no common base
        raise UnreadableError("unreadable", f"no {suffix} package: {error or type(error).__name__}") from None
    for name, part in parts.items():
        if _DECLARATION.search(part):
            raise UnreadableError("unreadable", f"{name} declares XML entities or a document type, as no office does")
        if suffix in {".docx", ".odt"} and len(part) > MAX_DOCUMENT_XML:
            raise UnreadableError("too_large", f"{name} holds {len(part):,} bytes; at most {MAX_DOCUMENT_XML:,}")
    if b"encryption-data" in parts.get("META-INF/manifest.xml", b""):
        raise UnreadableError("unreadable", "password-protected")
    if suffix == ".xlsx":
        _check_sheets(parts)
    if suffix == ".ods":
        _check_repeats(parts.get("content.xml", b""))


def _unpack(content: bytes) -> dict[str, bytes]:
    """Return the XML parts, after every part has been unpacked and counted, a megabyte at a time."""
    parts: dict[str, bytes] = {}
    total = 0
    with zipfile.ZipFile(io.BytesIO(content)) as package:
        members = package.infolist()
        declared = sum(member.file_size for member in members)
        if declared > MAX_UNPACKED or len(members) > _MAX_MEMBERS:
            raise UnreadableError("too_large", f"{len(members):,} parts of {declared:,} bytes; {_limits()}")
        if any(member.flag_bits & 1 for member in members):
            raise UnreadableError("unreadable", "password-protected")
        for member in members:
            pieces = []
            with package.open(member) as stream:
                while chunk := stream.read(_CHUNK):
                    total += len(chunk)
                    if total > MAX_UNPACKED:
                        raise UnreadableError("too_large", f"unpacks to more than it declares; {_limits()}")
                    pieces.append(chunk)
            if member.filename.lower().endswith((".xml", ".rels")):
                parts[member.filename] = b"".join(pieces)
    return parts


def _limits() -> str:
    return f"at most {_MAX_MEMBERS:,} parts and {MAX_UNPACKED:,} bytes unpacked"


def _check_sheets(parts: dict[str, bytes]) -> None:
    """Two cells in opposite corners make a grid of 17 thousand million; one long text may stand in a million cells."""
    shared = next((part for name, part in parts.items() if name.lower().endswith("sharedstrings.xml")), b"")
    ends = [0, *(match.end() for match in _SHARED_END.finditer(shared))]
    lengths = [end - start for start, end in pairwise(ends)]
    text = 0
    for name, part in parts.items():
        if "worksheets/" not in name:
            continue
        rows = columns = 1
        for match in _CELL.finditer(part):
            rows, columns = max(rows, int(match[2][:9])), max(columns, _column(match[1]))
        if rows * columns > MAX_CELLS:
            raise UnreadableError("too_large", f"{name} spans {rows:,} rows and {columns:,} columns")
        text += sum(lengths[i] for m in _SHARED.finditer(part) if (i := int(m[1][:9])) < len(lengths))
        if text > MAX_CELL_TEXT:
            raise UnreadableError("too_large", f"the cells of {name} repeat more than {MAX_CELL_TEXT:,} characters")


def _check_repeats(content: bytes) -> None:
    """A filled cell or row of an ODS sheet may say that it is there a million times."""
    width = row_width = rows = filled = step = 0
    for tag, attributes, closed in _ODS.findall(content):
        repeated = _REPEATED.search(attributes)
        times = min(int(repeated[1][:9]), 2**20) if repeated else 1
        if tag == b"table":
            width = rows = filled = 0
        elif tag == b"table-row":
            rows, step, row_width = rows + step, times, 0
        else:
            row_width += times
            if not closed:
                width, filled = max(width, row_width), rows + step
        if min(width, 2**14) * min(filled, 2**20) > MAX_CELLS:
            raise UnreadableError("too_large", f"a sheet spans {filled:,} rows and {width:,} columns")


def _column(letters: bytes) -> int:
    """Return the number of a column: A is 1, XFD 16,384."""
    return list(accumulate(letters.upper()[:4], lambda number, letter: number * 26 + letter - 64, initial=0))[-1]
