"""Text captures of pages: every line is a block, bullets are recognised by their glyph."""

from __future__ import annotations

import re
from pathlib import PurePath

from pipeline.readers.decoding import decode
from pipeline.readers.document import Block, Document, Hint, normalize, title_of
from pipeline.wording import trim

BULLET = re.compile(r"\s*(?:[-*•‣▪▸►●○◦·–—✓✔➤→]|\(?\d{1,2}[.)])\s+(?=\S)")
_HEADING = re.compile(r"\s*#{1,6}\s+(?=\S)")


def read(content: bytes, path: PurePath) -> list[Document]:
    """Read a `.txt` or `.md` capture."""
    decoded, encoding = decode(content)
    text = normalize(decoded)
    blocks, start = [], 0
    for number, line in enumerate(text.split("\n"), start=1):
        mark, hint = _mark(line)
        first, last = trim(text, start + mark, start + len(line))
        if first < last:
            blocks.append(Block(first, last, f"line {number}", hint))
        start += len(line) + 1
    return [Document(path.suffix[1:].lower(), encoding, title_of(text, blocks), text, tuple(blocks))]


def _mark(line: str) -> tuple[int, Hint]:
    """Return how many characters the line's bullet or heading mark takes, and what the line is."""
    if match := BULLET.match(line):
        return match.end(), "bullet"
    if match := _HEADING.match(line):
        return match.end(), "heading"
    return 0, "text"
