"""Write the report as a tagged PDF (PDF/UA-1) with Typst: the same bytes for the same document, everywhere.

What the document says reaches Typst as JSON, never as markup; how it looks stands in templates/theme_report.typ.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from importlib import resources
from pathlib import Path
from typing import Any

from pipeline.report.blocks import (
    Block,
    Cell,
    Definitions,
    Document,
    Figure,
    Heading,
    Listing,
    Paragraph,
    Picture,
    Quotation,
    Run,
    Table,
)
from pipeline.report.tagging import finished

LOOK = "theme_report.typ"
MAX_MARKS = 6  # combining marks on one letter: no script needs more, and thousands of them would cover the page

# Controls, overrides of the writing direction, halves of surrogate pairs, and what Unicode says is no character.
_UNSEEN = re.compile(
    r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufdd0-\ufdef\ufeff"
    + "".join(chr(plane * 0x10000 + low) for plane in range(17) for low in (0xFFFE, 0xFFFF))
    + "]"
)
_LONG = re.compile(r"[^\s\u200b-]{25,}")
_LANGUAGE = re.compile(r"([a-z]{2,3})(?:-([A-Z]{2}))?")
Values = dict[str, Any]


def render(document: Document, language: str = "", fonts: Sequence[Path] = ()) -> bytes:
    """Return the document as PDF.

    Args:
        document: what `pipeline.report.document.parse` returns.
        language: of the document, where it is not the one that the document names.
        fonts: folders with more fonts than Typst and matplotlib bring (Latin, Greek, Cyrillic, Arabic, symbols).
            A character that none of them has is drawn as a box that names its script, and can still be copied.
    """
    import matplotlib
    import typst

    writer = _Writer(document)
    content = {
        "title": drawable(document.title) or "–",
        "language": _language(language or document.language) or ["en", None],
        "contents": drawable(document.contents),
        "blocks": writer.blocks(document.blocks),
    }
    files = writer.pictures | {
        "main.typ": (resources.files("pipeline.report") / "templates" / LOOK).read_bytes(),
        "document.json": json.dumps(content, ensure_ascii=False).encode(),
    }
    compiler: Any = typst  # whose types leave out files by name
    pdf: bytes = compiler.compile(
        files,
        ignore_system_fonts=True,
        font_paths=[str(Path(matplotlib.get_data_path()) / "fonts" / "ttf"), *map(str, fonts)],
        pdf_standards=["ua-1"],
    )
    return finished(pdf, writer.tables)


def drawable(text: str) -> str:
    """Return a text as it can be set: no control characters, no overrides of the writing direction, no piles of marks.

    Words of more than 24 characters without a hyphen (fingerprints, addresses) may break near every 12th, by U+200B.
    """
    bare = _UNSEEN.sub("", text.replace("\t", " "))
    bare = bare if bare.isascii() else "".join(_few_marks(bare))
    return _LONG.sub(lambda found: "\u200b".join(_pieces(found.group())), bare)


def _few_marks(text: str) -> Iterator[str]:
    """Yield the characters; an ellipsis stands for the marks beyond `MAX_MARKS` on one letter."""
    marks = 0
    for char in text:
        marks = marks + 1 if unicodedata.category(char) in ("Mn", "Me") else 0
        if marks <= MAX_MARKS:
            yield char
        elif marks == MAX_MARKS + 1:
            yield "…"


def _pieces(word: str, size: int = 12) -> Iterator[str]:
    """Cut a long word, after punctuation where there is any near the cut, and never before a mark."""
    while len(word) > size + 4:
        cut = max((word.rfind(sign, size // 2, size + 4) + 1 for sign in "/_-.:,;?&=#"), default=0) or size
        while cut < len(word) and unicodedata.category(word[cut]).startswith("M"):
            cut += 1
        yield word[:cut]
        word = word[cut:]
    if word:
        yield word


def _language(code: str) -> list[str | None] | None:
    """Return language and region as Typst takes them, or None for what is no such code."""
    found = _LANGUAGE.fullmatch(code)
    return [found[1], found[2]] if found else None


def _has_text(runs: Iterable[Run]) -> bool:
    return any(drawable(run.text).strip() for run in runs)


_DASH = [{"text": "–", "marks": (), "link": "", "language": None, "id": ""}]  # PDF/UA takes no heading without text


class _Writer:
    """Turns blocks into values for JSON, and keeps the pictures by the names that stand in them."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.free = set(document.places)
        self.pictures: dict[str, bytes] = {}
        self.tables: list[Table] = []
        self.level = 1

    def blocks(self, blocks: Iterable[Block]) -> list[Values]:
        return [
            {
                "type": type(block).__name__.lower(),
                "id": self.id(block.id),
                "kind": block.kind,
                "language": _language(block.language),
                **self.content(block),
            }
            for block in blocks
        ]

    def content(self, block: Block) -> Values:
        match block:
            case Heading():
                self.level = min(block.level, self.level + 1)  # PDF/UA takes no level left out
                return {"level": self.level, "runs": self.runs(block.runs) if _has_text(block.runs) else _DASH}
            case Paragraph():
                return {"runs": self.runs(block.runs)}
            case Listing():
                return {"ordered": block.ordered, "items": [self.blocks(item) for item in block.items]}
            case Definitions():
                return {"entries": [[self.runs(term), self.blocks(said)] for term, said in block.entries]}
            case Quotation():
                return {"blocks": self.blocks(block.blocks)}
            case Table():
                self.tables.append(block)
                return {"width": block.width, "caption": self.runs(block.caption), **self.rows(block)}
            case Figure():
                return {
                    "caption": self.runs(block.caption),
                    "pictures": [self.picture(picture, block) for picture in block.pictures],
                    "blocks": self.blocks(block.blocks),
                }
        raise TypeError(type(block))

    def runs(self, runs: Iterable[Run]) -> list[Values]:
        return [
            {
                "text": drawable(run.text),
                "marks": run.marks,
                "link": self.document.target(run.link),
                "language": _language(run.language),
                "id": self.id(run.id),
            }
            for run in runs
        ]

    def rows(self, table: Table) -> Values:
        """Return the cells of head and body, each with its place and the words it can't be narrower than."""
        taken: dict[int, int] = {}  # rows that a cell above still fills, by column
        placed: list[list[Values]] = []
        for y, row in enumerate((*table.head, *table.body)):
            cells, x = [], 0
            for cell in row:
                while taken.get(x, 0):
                    x += 1
                cells.append(self.cell(cell, x, y))
                taken |= dict.fromkeys(range(x, x + cell.columns), cell.rows)
                x += cell.columns
            taken = {column: left - 1 for column, left in taken.items() if left > 1}
            placed.append(cells)
        return {"head": placed[: len(table.head)], "body": placed[len(table.head) :]}

    def cell(self, cell: Cell, x: int, y: int) -> Values:
        runs = self.runs(cell.runs)
        return {
            "x": x,
            "y": y,
            "runs": runs,
            "words": sorted({word for run in runs for word in re.split(r"[\s\u200b]+|(?<=-)", run["text"]) if word}),
            "header": cell.header,
            "numeric": cell.numeric,
            "columns": cell.columns,
            "rows": cell.rows,
            "kind": cell.kind,
            "language": _language(cell.language),
        }

    def picture(self, picture: Picture, figure: Figure) -> Values:
        path = f"pictures/{len(self.pictures)}.{picture.suffix}"
        self.pictures[path] = picture.content
        caption = "".join(run.text for run in figure.caption)
        return {"path": path, "alternative": drawable(picture.alternative or caption or picture.name) or "–"}

    def id(self, wanted: str) -> str:
        """Return an id where it first occurs, and nothing where it occurs again: no place can be in two."""
        first = wanted if wanted in self.free else ""
        self.free.discard(wanted)
        return first
