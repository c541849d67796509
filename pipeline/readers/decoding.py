"""Bytes to text: byte-order marks, then UTF-8, then the best guess among legacy encodings."""

from __future__ import annotations

import codecs
import re

from pipeline.readers.document import UnreadableError

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_MAX_CONTROL_SHARE = 0.02
_HIGH = re.compile(r"[^\x00-\x7f]")
# What Western European text has beyond ASCII: letters, quotation marks, dashes and a few signs.
_WESTERN = frozenset("áéíóúàèìòùâêîôûäëïöüãõñçåæøœßÿÁÉÍÓÚÀÈÌÒÙÂÊÎÔÛÄËÏÖÜÃÕÑÇÅÆØŒ¿¡ªº°«»“”‘’„‚…–—•·€£§©®™½¼\xa0")


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
        text, encoding = _western(content) or _guess(content)
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


def _western(content: bytes) -> tuple[str, str] | None:
    """Read as Windows-1252 if that gives words: accents inside them, and no dash or sign between two letters.

    It comes before guessing, since guessers take short Spanish or Portuguese for Central European.
    """
    try:
        text = content.decode("cp1252")
    except UnicodeDecodeError:
        return None
    high = [m for m in _HIGH.finditer(text) if ord(m[0]) > 127]
    inside = [m for m in high if text[max(m.start() - 1, 0)].isalpha() and text[m.end() : m.end() + 1].isalpha()]
    odd = sum(not (m[0].isalpha() or m[0] in "’'·") for m in inside)
    letters = sum(m[0] in _WESTERN for m in high)
    rare = len(high) <= 0.3 * sum(char.isalpha() for char in text)
    return (text, "cp1252") if rare and odd <= 0.1 * len(high) and letters >= 0.9 * len(high) else None


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
