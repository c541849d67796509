"""What a report is made of: blocks, and runs of text in them, whatever form it takes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

MARKS = ("strong", "emphasis", "code", "raised", "lowered", "quiet", "marked", "badge")


@dataclass(frozen=True)
class Run:
    """A stretch of text that looks the same throughout; a line feed in it is a line break.

    Attributes:
        text: the characters as they are.
        marks: how it stands out, of `MARKS`.
        link: `#id` of a place in the document, or an address (http, https, mailto).
        language: its language, where it is not that of the block around it.
        id: a place that begins here.
    """

    text: str
    marks: tuple[str, ...] = ()
    link: str = ""
    language: str = ""
    id: str = ""


@dataclass(frozen=True)
class Block:
    """What every block has: a place to link to, a kind (the first class name), and its language.

    The language is empty where it is that of what is around and the page does not say it again; a quotation's never is.
    """

    id: str = field(default="", kw_only=True)
    kind: str = field(default="", kw_only=True)
    language: str = field(default="", kw_only=True)


@dataclass(frozen=True)
class Heading(Block):
    """A heading; the title of the document is of level 1."""

    level: int
    runs: tuple[Run, ...]


@dataclass(frozen=True)
class Paragraph(Block):
    """A paragraph."""

    runs: tuple[Run, ...]


@dataclass(frozen=True)
class Listing(Block):
    """A list, numbered or not."""

    ordered: bool
    items: tuple[tuple[Block, ...], ...]


@dataclass(frozen=True)
class Definitions(Block):
    """Terms, each with what is said of it."""

    entries: tuple[tuple[tuple[Run, ...], tuple[Block, ...]], ...]


@dataclass(frozen=True)
class Quotation(Block):
    """Somebody's own words."""

    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class Cell:
    """A cell of a table; `header` says of what: "column", "row" or "" for none."""

    runs: tuple[Run, ...]
    header: str = ""
    numeric: bool = False
    columns: int = 1
    rows: int = 1
    kind: str = ""
    language: str = ""


@dataclass(frozen=True)
class Table(Block):
    """A table: rows of the head, rows of the body, and its caption (which may be empty)."""

    head: tuple[tuple[Cell, ...], ...]
    body: tuple[tuple[Cell, ...], ...]
    caption: tuple[Run, ...] = ()

    @property
    def width(self) -> int:
        """How many columns it has."""
        return max((sum(cell.columns for cell in row) for row in (*self.head, *self.body)), default=0)


@dataclass(frozen=True)
class Picture:
    """A chart or photograph with the text that stands for it; `suffix` is "svg", "png" or "jpg"."""

    name: str
    suffix: str
    content: bytes
    alternative: str


@dataclass(frozen=True)
class Figure(Block):
    """Pictures under one caption, and what stands with them, such as their data."""

    pictures: tuple[Picture, ...]
    caption: tuple[Run, ...] = ()
    blocks: tuple[Block, ...] = ()


@dataclass(frozen=True)
class Document:
    """A whole report.

    Attributes:
        title: plain text.
        language: of all that says no other.
        contents: the heading of the table of contents; empty where the page has none.
        blocks: what it says, in order.
        aliases: places that are called otherwise in the page than in the blocks.
    """

    title: str
    language: str
    contents: str
    blocks: tuple[Block, ...]
    aliases: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def places(self) -> frozenset[str]:
        """The ids that a link can lead to, aliases apart."""
        return frozenset(id for id in _ids(self.blocks) if id)

    def target(self, link: str) -> str:
        """Return a link with its place called as in the blocks; nothing where there is no such place."""
        if not link.startswith("#"):
            return link
        place = link[1:]
        while place not in self.places and place in self.aliases:
            place = self.aliases[place]
        return f"#{place}" if place in self.places else ""


def _ids(blocks: Iterable[Block]) -> Iterator[str]:
    """Yield every id in blocks and in their runs."""
    for block in blocks:
        yield block.id
        yield from (run.id for run in inside(block) if isinstance(run, Run))
        yield from _ids(part for part in inside(block) if isinstance(part, Block))


def inside(block: Block) -> Iterator[Block | Run]:
    """Yield what a block holds directly, in order: runs of text and blocks."""
    match block:
        case Heading() | Paragraph():
            yield from block.runs
        case Listing():
            yield from (part for item in block.items for part in item)
        case Definitions():
            for term, said in block.entries:
                yield from term
                yield from said
        case Quotation():
            yield from block.blocks
        case Table():
            yield from block.caption
            yield from (run for row in (*block.head, *block.body) for cell in row for run in cell.runs)
        case Figure():
            yield from block.caption
            yield from block.blocks
