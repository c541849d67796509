"""Bytes to text: byte-order marks, then UTF-8, then the best guess among legacy encodings."""

from __future__ import annotations

import codecs

from pipeline.readers.document import UnreadableError

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_MAX_CONTROL_SHARE = 0.02


def decode(content: bytes) -> tuple[str, str]:
    """Return (text, encoding); raise `UnreadableError` for an empty file or for bytes that are no text."""
    if not content.strip(b"\x00 \t\r\n"):
        raise UnreadableError("empty_file", f"{len(content)} bytes, no text")
    for bom, encoding in _BOMS:
        if content.startswith(bom):
            return _strict(content, encoding), encoding
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        text, encoding = _guess(content)
    else:
        encoding = "utf-8"
    if _control_share(text) > _MAX_CONTROL_SHARE:
        raise UnreadableError("not_text", "more control characters than a text has; a binary file?")
    return text, encoding


def _strict(content: bytes, encoding: str) -> str:
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        raise UnreadableError("not_text", f"byte {error.start} is no {encoding}, which its first bytes claim") from None


def _guess(content: bytes) -> tuple[str, str]:
    from charset_normalizer import from_bytes

    best = from_bytes(content, cp_exclusion=["utf_7"]).best()
    if best is None:
        raise UnreadableError("not_text", "the bytes fit no known text encoding")
    return str(best), str(best.encoding)


def _control_share(text: str) -> float:
    sample = text[:100_000]
    controls = sum(1 for char in sample if (char < " " and char not in "\t\n\r\f") or "\x7f" <= char < "\x85")
    return controls / max(len(sample), 1)
