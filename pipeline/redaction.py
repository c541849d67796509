"""Make blocks of words in the text of a capture, and touch nothing else of it: tags, quotes and escapes stay.

A passage is found by its words in order, with mark-up, escapes and punctuation allowed between them, so one pattern
does for plain text, tables, pages and JSON.
"""

from __future__ import annotations

import codecs
import html.entities
import re
import unicodedata
from collections.abc import Iterable, Sequence
from functools import lru_cache

from pipeline.forgotten import BLANK

SUFFIXES = frozenset({".txt", ".md", ".csv", ".tsv", ".html", ".htm", ".json", ".jsonl"})
_TOKEN = re.compile(r"[^\W_]+")
_GLUE = r"(?:[^\w<\\&]|_|<[^<>]*>|&#?\w{1,10};|\\u[0-9a-fA-F]{4}|\\.|[<&])*?"
# A letter right before the first word may belong to an escape, as in "\nYes".
_BEFORE = re.compile(r"(?:^|[\W_]|\\[nrtbf]|\\u[0-9a-fA-F]{4})\Z")


def decoded(content: bytes) -> tuple[str, str] | None:
    """Return the text of a file in UTF-8 or UTF-16 with the codec that gives the same bytes back; else None."""
    marks = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
    codec = next((name for mark, name in marks if content.startswith(mark)), "utf-8")
    try:
        text = content.decode(codec)
    except UnicodeDecodeError:
        return None
    return (text, codec) if text.encode(codec) == content else None


def redacted(text: str, passages: Iterable[str]) -> str:
    """Return the text with blocks for every word of these passages, wherever their words stand in a row."""
    spans: dict[tuple[int, int], int] = {}
    for passage in sorted(set(passages), key=lambda p: (-len(p), p)):
        tokens = _TOKEN.findall(unicodedata.normalize("NFC", passage))
        for match in _word(tokens[0]).finditer(text) if tokens else ():
            if _BEFORE.search(text, max(0, match.start() - 6), match.start()):
                for span, token in zip(_in_a_row(text, match, tokens), tokens, strict=False):
                    spans.setdefault(span, len(token))
    out, place = [], 0
    for (start, end), letters in sorted(spans.items()):
        if start >= place:
            out += [text[place:start], BLANK * letters]
            place = end
    return "".join([*out, text[place:]])


def _in_a_row(text: str, first: re.Match[str], tokens: Sequence[str]) -> list[tuple[int, int]]:
    """Return where the words stand from the first one on; nothing where another word comes between them."""
    spans = [first.span()]
    for token in tokens[1:]:
        match = _next_word(token).match(text, spans[-1][1])
        if match is None:
            return []
        spans.append(match.span(1))
    return spans


@lru_cache(maxsize=4096)
def _word(token: str) -> re.Pattern[str]:
    return re.compile("".join(map(_letter, token)) + r"(?![^\W_])")


@lru_cache(maxsize=4096)
def _next_word(token: str) -> re.Pattern[str]:
    return re.compile(f"{_GLUE}({''.join(map(_letter, token))})(?![^\\W_])")


def _letter(char: str) -> str:
    """Return a pattern for a letter as plain text, HTML and JSON may write it; without its accent as in addresses."""
    if char.isascii():
        return char
    units = char.encode("utf-16-be")
    escaped = "".join(rf"\\u(?i:{units[i : i + 2].hex()})" for i in range(0, len(units), 2))
    name = html.entities.codepoint2name.get(ord(char))
    apart = unicodedata.normalize("NFD", char)
    ways = [
        re.escape(char), escaped, f"&#0*{ord(char)};", f"&#[xX]0*(?i:{ord(char):x});",
        *([f"&{name};"] if name else []), *([re.escape(apart), re.escape(apart[0])] if apart != char else []),
    ]  # fmt: skip
    return f"(?:{'|'.join(ways)})"
