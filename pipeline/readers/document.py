"""What every reader returns: a `Document`, its canonical text with blocks as spans over it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Literal

from pipeline.wording import trim

Hint = Literal["text", "title", "heading", "bullet", "comment", "chrome"]

# C0/C1 controls except tab and newline, and the byte-order mark: never part of the words.
_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufeff]")
# Half of a pair, which JSON can hold (`\ud800`) and UTF-8 can't.
_SURROGATES = re.compile("[\ud800-\udfff]")
# No combining mark stands before U+0300; those beyond 16 bits stand before the emoji.
_LONG_RUN = re.compile("[^\x00-\u02ff]{31}")
_RARE = re.compile("[\U00010000-\U0001efff]")
_LINE_ENDS = re.compile("\r\n|[\r\x85\u2028\u2029]")


class UnreadableError(Exception):
    """A file, or a part of it, that can't be used: a reason of `columns.REJECT_REASONS`, and a detail."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason, self.detail = reason, detail


@dataclass(frozen=True, slots=True)
class Block:
    """A span of the canonical text that the format itself sets apart.

    `start` and `end` are code points; the span is trimmed and not empty. `hint` is what the format says of
    it; `voice` and `tag` are the contributor's name and the language tag as captured.
    """

    start: int
    end: int
    locator: str
    hint: Hint = "text"
    voice: str | None = None
    tag: str | None = None


@dataclass(frozen=True, slots=True)
class SetAside:
    """A piece of the file that is not used, and why."""

    locator: str
    reason: str
    detail: str


@dataclass(frozen=True, slots=True)
class Document:
    """One source: `part` names the sheet of a workbook, else is empty."""

    format: str
    encoding: str
    title: str
    text: str
    blocks: tuple[Block, ...]
    set_aside: tuple[SetAside, ...] = ()
    part: str = ""
    is_page: bool = True
    """Whether order and neighbours mean something (a page), or each block stands alone (records)."""
    columns: tuple[tuple[str, str], ...] = ()
    """The columns of a table and the role that each was given; an empty role: not used."""


def normalize(text: str) -> str:
    """Return text in Unicode NFC with `\\n` line ends, without control characters; lone surrogates become U+FFFD.

    Format characters, those that set the direction of writing among them, are part of the words and stay.
    """
    lawful = _SURROGATES.sub("\ufffd", _CONTROLS.sub("", _LINE_ENDS.sub("\n", text)))
    if _LONG_RUN.search(lawful):
        lawful = _endless_marks(bool(_RARE.search(lawful))).sub("\\g<0>\u034f", lawful)
    return unicodedata.normalize("NFC", lawful)


@cache
def _endless_marks(beyond_16_bits: bool) -> re.Pattern[str]:
    """Thirty combining marks, with more behind them: Unicode's stream-safe format (UAX #15) puts U+034F there.

    Without it, putting the marks of an endless run in order takes time that grows with the square of its length.
    A class of characters within 16 bits is many times faster than one beyond them.
    """
    codes = range(0x300, 0x1F000 if beyond_16_bits else 0x10000)
    marks = "".join(chr(code) for code in codes if unicodedata.combining(chr(code)))
    return re.compile(f"[{marks}][{marks}]{{29}}(?=[{marks}])")


@dataclass
class Builder:
    """Collects pieces of text into one canonical text, one below the other, and their spans."""

    _pieces: list[str] = field(default_factory=list)
    _blocks: list[Block] = field(default_factory=list)
    _length: int = 0

    def add(
        self,
        text: str,
        locator: str,
        hint: Hint = "text",
        voice: str | None = None,
        tag: str | None = None,
        skip: int = 0,
    ) -> None:
        """Append a piece; its first `skip` characters belong to the source but not to the block."""
        skipped = normalize(text[:skip])
        raw = skipped + normalize(text[skip:]) if skip else normalize(text)
        start, end = trim(raw, len(skipped), len(raw))
        if start < end:
            span = self._length + start, self._length + end
            self._blocks.append(Block(*span, locator, hint, _name(voice), _name(tag)))
        self._pieces.append(raw)
        self._length += len(raw) + 1

    @property
    def text(self) -> str:
        """The canonical text so far."""
        return "\n".join(self._pieces)

    @property
    def blocks(self) -> tuple[Block, ...]:
        """The spans so far."""
        return tuple(self._blocks)


def _name(text: str | None) -> str | None:
    return normalize(text) if text else text


def title_of(text: str, blocks: Sequence[Block]) -> str:
    """Return the first block that calls itself a title, else the first block, at most 200 characters."""
    chosen = next((b for b in blocks if b.hint == "title"), blocks[0] if blocks else None)
    return text[chosen.start : chosen.end].split("\n")[0][:200] if chosen else ""
