"""How two wordings are compared: folding, words, and content ids."""

from __future__ import annotations

import hashlib
import re
import unicodedata

_WORD = re.compile(r"\w+")


def fold(text: str) -> str:
    """Return the words of a text, lower-case, without diacritics and punctuation, one space between them."""
    plain = text.casefold()
    if not plain.isascii():
        decomposed = unicodedata.normalize("NFKD", plain)
        plain = "".join(char for char in decomposed if not unicodedata.combining(char))
    return " ".join(_WORD.findall(plain))


def words(text: str) -> list[str]:
    """Return the words of a text, lower-case, with their accents."""
    return _WORD.findall(text.casefold())


def content_id(prefix: str, *parts: object) -> str:
    """Return an id that depends on `parts` alone: a letter and 16 hexadecimal digits."""
    digest = hashlib.blake2b("\x1f".join(map(str, parts)).encode("utf-8", "surrogatepass"), digest_size=8)
    return f"{prefix}{digest.hexdigest()}"
