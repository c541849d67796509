"""Text as it may stand in a file for readers: nothing invisible that turns what is read, nothing that can't be stored.

What is changed is shown: a control that reverses the writing direction stands as its code point, and marks piled on one
letter are counted. What no XML file can hold is dropped.
"""

from __future__ import annotations

import re
import unicodedata

MAX_MARKS = 8  # on one letter; no language stacks more
_UNLAWFUL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")
_TURNING = re.compile("[\u202a-\u202e\u2066-\u2069]")
_SPACES = re.compile("[ \t\r\n\u0085\u2028\u2029]+")
_BEYOND_LATIN = re.compile("[\u0300-\U0010ffff]")


def line(text: str) -> str:
    """Return a text as one line of lawful characters."""
    return _SPACES.sub(" ", visible(text)).strip()


def visible(text: str) -> str:
    """Return a text without what can't be stored; direction controls as `⟨U+202E⟩`, piled marks counted."""
    lawful = _UNLAWFUL.sub("", text)
    if not _BEYOND_LATIN.search(lawful):
        return lawful
    return _unpiled(_TURNING.sub(lambda match: f"⟨U+{ord(match[0]):04X}⟩", lawful))


def cut(text: str, limit: int, note: str) -> str:
    """Return a text of at most `limit` UTF-16 code units, as spreadsheets count; `note` ends one that was cut."""
    if _length(text) <= limit:
        return text
    room = limit - _length(note)
    while _length(text) > room:
        text = text[: len(text) - max((_length(text) - room) // 2, 1)]
    return text + note


def _length(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def _unpiled(text: str) -> str:
    kept: list[str] = []
    piled = 0
    for char in [*text, ""]:
        if char and unicodedata.combining(char):
            piled += 1
            if piled <= MAX_MARKS:
                kept.append(char)
            continue
        if piled > MAX_MARKS:
            kept.append(f"⟨+{piled - MAX_MARKS}⟩")
        piled = 0
        kept.append(char)
    return "".join(kept)
