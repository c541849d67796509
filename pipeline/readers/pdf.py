"""PDF documents with a text layer: lines joined into paragraphs; what every page repeats is page furniture."""

from __future__ import annotations

import io
import logging
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import PurePath
from statistics import quantiles
from typing import Any

from pipeline.readers.document import Builder, Document, Hint, SetAside, UnreadableError, normalize, title_of
from pipeline.readers.plain import BULLET

_MAX_PAGES = 5_000
_MAX_PAGE_BYTES = 20 * 2**20
_EDGE = 2
_SENTENCE_END = re.compile(r"[.!?…:][\"”»')\]]*$")
_BROKEN = re.compile(r"(?P<word>[^\W\d_]+)[-‐\u00ad]$")
_HYPHENATED = re.compile(r"[^\W\d_]+-[^\W\d_]+")


@dataclass(frozen=True, slots=True)
class _Line:
    text: str
    page: int
    chrome: bool = False
    after_gap: bool = False


def read(content: bytes, _: PurePath) -> list[Document]:
    """Read the text layer of a PDF."""
    reader = _open(content)
    pages, gaps, aside = _pages(reader)
    if not any(pages.values()):
        if failed := next((piece for piece in aside if piece.reason != "no_text_layer"), None):
            raise UnreadableError(failed.reason, f"{failed.locator}: {failed.detail}")
        raise UnreadableError(
            "no_text_layer", f"{len(reader.pages)} pages without text, as from a scanner; run OCR first"
        )
    lines = list(_lines(pages, gaps))
    kept = frozenset(word.lower() for line in lines for word in _HYPHENATED.findall(line.text))
    builder = Builder()
    numbers: Counter[int] = Counter()
    for paragraph in _paragraphs(lines, _full_width(lines)):
        page = paragraph[0].page
        numbers[page] += 1
        text, hint, skip = _joined(paragraph, kept)
        builder.add(text, f"page {page}, paragraph {numbers[page]}", hint, skip=skip)
    text, blocks = builder.text, builder.blocks
    return [Document("pdf", "utf-8", _title(reader) or title_of(text, blocks), text, blocks, tuple(aside))]


def _open(content: bytes) -> Any:
    from pypdf import PdfReader

    logging.getLogger("pypdf").setLevel(logging.CRITICAL)  # it warns of every flaw that it mends
    try:
        reader = PdfReader(io.BytesIO(content), strict=False)
        locked = reader.is_encrypted and not reader.decrypt("")
    except Exception as error:  # pypdf raises more than its own errors; a missing cipher is one of them
        detail = "password-protected" if b"/Encrypt" in content else f"no PDF: {error or type(error).__name__}"
        raise UnreadableError("unreadable", detail) from None
    if locked:
        raise UnreadableError("unreadable", "password-protected")
    try:
        count = len(reader.pages)
    except Exception as error:
        raise UnreadableError("unreadable", f"no PDF: {error or type(error).__name__}") from None
    if count > _MAX_PAGES:
        raise UnreadableError("too_large", f"{count:,} pages; at most {_MAX_PAGES:,} are read. Split the file")
    return reader


def _title(reader: Any) -> str:
    try:
        return str(reader.metadata.title or "").strip() if reader.metadata else ""
    except Exception:  # a title that can't be decoded is no title
        return ""


def _pages(reader: Any) -> tuple[dict[int, list[str]], dict[int, frozenset[str]], list[SetAside]]:
    """Return the lines of every page by its number, those below a gap, and the pages that could not be read."""
    pages: dict[int, list[str]] = {}
    gaps: dict[int, frozenset[str]] = {}
    aside: list[SetAside] = []
    for number, page in enumerate(reader.pages, start=1):
        try:
            stream = page.get_contents()
            if stream is not None and len(stream.get_data()) > _MAX_PAGE_BYTES:
                aside.append(SetAside(f"page {number}", "too_large", f"at most {_MAX_PAGE_BYTES:,} bytes a page"))
                continue
            pages[number] = [line for line in normalize(page.extract_text()).split("\n") if line.strip()]
            gaps[number] = _below_gaps(page)
        except Exception as error:  # one damaged page is no reason to lose the others
            aside.append(SetAside(f"page {number}", "unreadable", f"the parser broke off with {type(error).__name__}"))
            continue
        if not pages[number] and stream is not None:
            aside.append(SetAside(f"page {number}", "no_text_layer", "the page shows no text; a picture?"))
    return pages, gaps, aside


def _below_gaps(page: Any) -> frozenset[str]:
    """Return the lines, without white space, that stand below empty space; none in double spacing.

    Empty space between the lines of one sentence is double spacing: where a third of the gaps would cut a sentence,
    no gap tells of a paragraph.
    """
    try:
        shown = normalize(page.extract_text(extraction_mode="layout")).split("\n")
    except Exception:  # the page's words are read already; only the evidence of its gaps is missing
        return frozenset()
    places = [i for i, line in enumerate(shown) if line.strip()]
    gaps = [(shown[a].strip(), shown[b].strip()) for a, b in pairwise(places) if b - a > 1]
    below = Counter("".join(b.split()) for _, b in gaps)
    plain = Counter("".join(shown[b].split()) for a, b in pairwise(places) if b - a == 1)
    cut = sum(b[0].islower() and not _SENTENCE_END.search(a) for a, b in gaps)
    return frozenset(below - plain) if 3 * cut < len(gaps) else frozenset()


def _lines(pages: dict[int, list[str]], gaps: dict[int, frozenset[str]]) -> Iterator[_Line]:
    """Yield every line; heads and feet that most of three or more pages repeat (numbers aside) are chrome."""
    edges = Counter(key for lines in pages.values() for key in {_key(lines[i]) for i in _edges(lines)})
    repeated = {key for key, count in edges.items() if count >= 3 and count > len(pages) / 2}
    for number, lines in pages.items():
        places = _edges(lines)
        for i, line in enumerate(lines):
            chrome = i in places and (_key(line) in repeated or line.strip().isdecimal())
            yield _Line(line.strip(), number, chrome, "".join(line.split()) in gaps[number])


def _edges(lines: Sequence[str]) -> set[int]:
    return {*range(min(_EDGE, len(lines))), *range(max(len(lines) - _EDGE, 0), len(lines))}


def _key(line: str) -> str:
    return re.sub(r"\d+", "#", line).strip().casefold()


def _full_width(lines: Sequence[_Line]) -> float:
    """Return how long a line is that fills its column."""
    lengths = [len(line.text) for line in lines if not line.chrome]
    return quantiles(lengths, n=10)[-1] if len(lengths) > 1 else float(max(lengths, default=0))


def _paragraphs(lines: Sequence[_Line], width: float) -> Iterator[list[_Line]]:
    """Yield runs of lines; furniture is a run of its own and doesn't end the paragraph that it interrupts."""
    current: list[_Line] = []
    for line in lines:
        if line.chrome:
            yield [line]
            continue
        if current and _begins(line, current[-1], width):
            yield current
            current = []
        current.append(line)
    if current:
        yield current


def _begins(line: _Line, before: _Line, width: float) -> bool:
    """A paragraph begins with a bullet, below a gap, after a line that stops short or a sentence that ends a page."""
    if BULLET.match(line.text):
        return True
    if line.after_gap or line.page != before.page:
        return bool(_SENTENCE_END.search(before.text)) or not line.text[0].islower()
    short = len(before.text) < 0.7 * width
    return short and (bool(_SENTENCE_END.search(before.text)) or not line.text[0].islower())


def _joined(paragraph: Sequence[_Line], kept: frozenset[str]) -> tuple[str, Hint, int]:
    """Return a paragraph's text, words that were broken at line ends mended, with its hint and its bullet's length."""
    text = paragraph[0].text
    for line in paragraph[1:]:
        broken = _BROKEN.search(text)
        if broken and line.text[:1].islower():
            rest = re.match(r"[^\W\d_]+", line.text)
            whole = f"{broken['word']}-{rest[0] if rest else ''}".lower()
            text = (text if whole in kept else text[:-1]) + line.text
        else:
            text += f" {line.text}"
    if paragraph[0].chrome:
        return text, "chrome", 0
    bullet = BULLET.match(text)
    return (text, "bullet", bullet.end()) if bullet else (text, "text", 0)
