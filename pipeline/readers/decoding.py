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
_FEW_CONTROLS = 8
_MAX_LINES = 5_000_000
_MAX_MENDED = 20_000_000
_SUSPECT = re.compile("[^\x00-\x7f]{2}|Ã ")
_SHORT = {"windows-1252": "cp1252", "windows-1251": "cp1251", "windows-1250": "cp1250"}
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
    if (lines := max(text.count("\n"), text.count("\r"))) > _MAX_LINES:
        raise UnreadableError("too_large", f"{lines:,} lines; at most {_MAX_LINES:,} are read. Split the file")
    return mend(text, encoding)


def mend(text: str, encoding: str) -> tuple[str, str]:
    """Undo mojibake (`perdÃ³n`) line by line where it is certain, and say so in the encoding.

    Certain means: the line holds sequences that no language has, and one exact way back leaves it with fewer. Texts
    over 20 million characters are taken as they are.
    """
    from ftfy.badness import badness, is_bad

    if len(text) > _MAX_MENDED or not _SUSPECT.search(text) or not is_bad(text):
        return text, encoding
    lines, sources = text.split("\n"), set()
    for i, line in enumerate(lines):
        if not _SUSPECT.search(line) or not is_bad(line):
            continue
        mended, source = _way_back(line)
        if source and badness(mended) < badness(line):
            lines[i] = mended
            sources.add(source)
    if not sources:
        return text, encoding
    return "\n".join(lines), f"{encoding} (mojibake of {', '.join(sorted(sources))} mended)"


def _way_back(line: str) -> tuple[str, str]:
    """Return the line as it was meant and the encoding it was mistaken for, or no encoding where a letter is lost."""
    from ftfy import fix_encoding_and_explain

    mended, plan = fix_encoding_and_explain(line)
    steps = [(step.action, step.parameter) for step in plan or []]
    sources = [parameter.removeprefix("sloppy-") for action, parameter in steps if action == "encode"]
    exact = ("decode", "utf-8") in steps and mended.count("\ufffd") <= line.count("\ufffd")
    return (mended, _SHORT.get(sources[0], sources[0])) if sources and exact else (line, "")


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
    return controls / len(sample) if controls > _FEW_CONTROLS else 0.0
