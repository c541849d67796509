"""How two wordings are compared: folding, words, and content ids."""

from __future__ import annotations

import hashlib
import re
import unicodedata

_WORD = re.compile(r"\w+")
_DIRECTIONS = re.compile("[\u202a-\u202e\u2066-\u2069]")
_BEYOND_ASCII = re.compile(r"[^\x00-\x7f]+")
# str.translate is quick on ASCII only; regular expressions take four times as long on the rest of the way.
_ASCII = {code: " " for code in range(128) if not (chr(code).isalnum() or chr(code) == "_")}
_RUNS: dict[str, str] = {}


def fold(text: str) -> str:
    """Return the words of a text, lower-case, without diacritics and punctuation, one space between them."""
    plain = text.casefold()
    if not plain.isascii():
        plain = _BEYOND_ASCII.sub(_plain, unicodedata.normalize("NFKD", plain))
    if plain.isascii():
        return " ".join(plain.translate(_ASCII).split())
    return " ".join(_WORD.findall(plain))


def _plain(match: re.Match[str]) -> str:
    """Drop combining marks, make punctuation a space, keep the rest."""
    run = match[0]
    known = _RUNS.get(run)
    if known is None:
        kept = ("" if unicodedata.combining(c) else c if c.isalnum() else " " for c in run)
        known = "".join(kept)
        if len(run) <= 2:  # accents and quotation marks come again and again; a sentence in Chinese doesn't
            _RUNS[run] = known
    return known


def words(text: str) -> list[str]:
    """Return the words of a text, lower-case, with their accents."""
    return _WORD.findall(text.casefold())


def one_line(text: str) -> str:
    """Return a text as one line that can do nothing to a terminal: no control codes, no change of direction."""
    plain = _DIRECTIONS.sub("", " ".join(text.split()))
    return "".join("\ufffd" if unicodedata.category(char) == "Cc" else char for char in plain)


def trim(text: str, start: int, end: int) -> tuple[int, int]:
    """Shrink a span so that it begins and ends with no white space."""
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return start, end


def content_id(prefix: str, *parts: object) -> str:
    """Return an id that depends on `parts` alone: a letter and 16 hexadecimal digits."""
    digest = hashlib.blake2b("\x1f".join(map(str, parts)).encode("utf-8", "surrogatepass"), digest_size=8)
    return f"{prefix}{digest.hexdigest()}"
