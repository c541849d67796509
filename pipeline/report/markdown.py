"""Write the report as Markdown: CommonMark, with tables between pipes as GitHub, pandoc and most editors read them.

No text of a comment can become markup: what Markdown would read is escaped, and so are the characters that turn the
writing direction. Raw HTML is used for places to link to (`<a id>`), raised text and line breaks in cells alone.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterable, Sequence
from itertools import groupby
from urllib.parse import quote

from pipeline.report.blocks import (
    Block,
    Cell,
    Definitions,
    Document,
    Figure,
    Heading,
    Listing,
    Paragraph,
    Quotation,
    Run,
    Table,
    inside,
)

_MARKUP = re.compile(r"[\\`*_\[\]<>&|~$@]|(?<=\w):(?=//)|(?<=www)\.")
_LINE_START = re.compile(r"^([ \t]*)([#+=-]|\d+(?=[.)]))", re.MULTILINE)
_TURNING = re.compile(r"[\u200e\u200f\u2028-\u202e\u2066-\u2069]")
_CONTROLS = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\ud800-\udfff]")


def render(document: Document, suffix: str = "") -> str:
    """Return the document as Markdown; a picture is a link to `figures/<name><suffix>.svg` (or .png) beside it."""
    return _Writer(document, suffix).whole()


def escaped(text: str) -> str:
    """Return a text as Markdown that reads as this text, line feeds as line feeds."""
    text = _MARKUP.sub(r"\\\g<0>", _CONTROLS.sub("", text.replace("\t", " ")))
    text = _TURNING.sub(lambda found: f"&#x{ord(found.group()):X};", text)
    return _LINE_START.sub(
        lambda found: f"{found[1]}{found[2]}\\" if found[2].isdigit() else f"{found[1]}\\{found[2]}", text
    )


class _Writer:
    """Writes blocks as lines."""

    def __init__(self, document: Document, suffix: str) -> None:
        self.document = document
        self.suffix = suffix
        self.wanted = {document.target(link)[1:] for link in _links(document.blocks)}

    def whole(self) -> str:
        blocks = self.document.blocks
        sections = [b for b in blocks if isinstance(b, Heading) and b.level == 2]
        self.wanted |= {section.id for section in sections if section.id}
        front = blocks.index(sections[0]) if sections else len(blocks)
        lines = self.blocks(blocks[:front])
        if self.document.contents and sections:
            listed = [f"- [{self.inline(s.runs)}](#{quote(s.id)})" for s in sections if s.id]
            lines += ["", f"**{escaped(self.document.contents)}**", "", *listed]
        return "\n".join([*lines, "", *self.blocks(blocks[front:])]).strip("\n") + "\n"

    def blocks(self, blocks: Sequence[Block]) -> list[str]:
        lines: list[str] = []
        bullet = ""  # of the list that ends here: the next one takes the other, or it would go on with this one
        for block in blocks:
            is_list = isinstance(block, Listing | Definitions)
            written = self.block(block, "*" if bullet == "-" else "-")
            if written:
                lines += ["", *written] if lines else written
                bullet = ("*" if bullet == "-" else "-") if is_list else ""
        return lines

    def block(self, block: Block, bullet: str) -> list[str]:
        match block:
            case Heading():
                text = self.inline(block.runs).replace("\n", " ")
                return [f"{'#' * block.level} {self.place(block.id)}{text}"] if text else []
            case Paragraph():
                return self.paragraph(block)
            case Listing():
                return self.listing(block, bullet)
            case Definitions():
                entries = [
                    (Paragraph((*_strong(term), Run(": "), *_first(said))), *said[1:]) for term, said in block.entries
                ]
                return self.listing(Listing(False, tuple(entries), id=block.id), bullet)
            case Quotation():
                lines = self.blocks(_named(block.blocks, block.language))
                return [f"> {line}".rstrip() for line in lines]
            case Table():
                caption = [f"**{self.inline(block.caption)}**", ""] if block.caption else []
                return [*self.anchor(block.id), *caption, *self.table(block)]
            case Figure():
                return self.figure(block)
        raise TypeError(type(block))

    def paragraph(self, block: Paragraph) -> list[str]:
        plain = "".join(run.text for run in block.runs).strip("\n")
        if "\n" in plain and all("code" in run.marks for run in block.runs):
            return _fenced(plain)
        text = _language(block.language) + self.inline(block.runs)
        return (self.place(block.id) + text).replace("\n", "\\\n").split("\n") if text else []

    def listing(self, block: Listing, bullet: str) -> list[str]:
        loose = any(len(item) > 1 for item in block.items)
        lines = self.anchor(block.id)
        for i, item in enumerate(block.items, 1):
            sign = (f"{i}." if bullet == "-" else f"{i})") if block.ordered else bullet
            first, *others = self.blocks(item) or [""]
            lines += [""] if loose and i > 1 else []
            lines += [f"{sign} {first}", *(f"{' ' * len(sign)} {line}".rstrip() for line in others)]
        return lines

    def table(self, table: Table) -> list[str]:
        head = [self.row(row, table.width) for row in table.head] or [[""] * table.width]
        body = [self.row(row, table.width) for row in table.body]
        numeric = [cell.numeric for cell in (table.head or table.body)[-1] for _ in range(cell.columns)]
        rule = ["--:" if right else "---" for right in (*numeric, *[False] * (table.width - len(numeric)))]
        return [f"| {' | '.join(cells)} |" for cells in (head[0], rule, *head[1:], *body)]

    def row(self, row: Sequence[Cell], width: int) -> list[str]:
        cells: list[str] = []
        for cell in row:
            indent = "&emsp;" if cell.kind == "level" else ""
            text = self.inline(cell.runs, in_table=True).replace("\n", "<br>")
            cells += [indent + text, *[""] * (cell.columns - 1)]
        return cells + [""] * (width - len(cells))

    def figure(self, block: Figure) -> list[str]:
        caption = [f"**{self.inline(block.caption)}**", ""] if block.caption else []
        lines = [*self.anchor(block.id), *caption]
        for picture in block.pictures:
            alternative = escaped(picture.alternative).replace("\n", " ")
            path = quote(f"figures/{picture.name}{self.suffix}.{picture.suffix}")
            lines += [f"![{alternative}]({path})" if picture.name else f"\\[{alternative}\\]", ""]
        return [*lines, *self.blocks(block.blocks)]

    def inline(self, runs: Sequence[Run], in_table: bool = False) -> str:
        """Return runs as Markdown with bare line feeds."""
        parts = [(list(group), link) for link, group in groupby(runs, key=lambda run: self.document.target(run.link))]
        texts = [[_text(run, in_table) for run in group] for group, _ in parts]
        written = ""
        for i, (group, link) in enumerate(parts):
            following = "".join(texts[i + 1]) if i + 1 < len(parts) else ""
            text = self.plain(group, texts[i], "[" if link else written, "]" if link else following)
            written += f"[{text}]({quote(link, safe=_SAFE)})" if link and text else text
        return written

    def plain(self, runs: Sequence[Run], texts: Sequence[str], before: str, after: str) -> str:
        """Return runs as Markdown, links apart."""
        written = ""
        for i, (run, text) in enumerate(zip(runs, texts, strict=True)):
            sign = "**" if "strong" in run.marks else "*" if {"emphasis", "badge"} & set(run.marks) else ""
            if "raised" in run.marks and text.strip():
                text = re.sub(r"^(\s*)(.*)$", r"\1<sup>\2</sup>", text, flags=re.DOTALL)
            elif sign:
                text = _emphasised(text, sign, written or before, "".join(texts[i + 1 :]) or after)
            written += self.place(run.id) + text
        return written

    def place(self, id: str) -> str:
        return f'<a id="{html.escape(id)}"></a>' if id in self.wanted and id else ""

    def anchor(self, id: str) -> list[str]:
        return [self.place(id), ""] if self.place(id) else []


_SAFE = "#:/?@!$&'*+,;=%~"


def _text(run: Run, in_table: bool) -> str:
    if "code" not in run.marks:
        return escaped(run.text)
    code = _CONTROLS.sub("", run.text.replace("\n", " ")).strip()
    fence = "`" * (max((len(ticks) for ticks in re.findall("`+", code)), default=0) + 1)
    code = code.replace("|", "\\|") if in_table else code
    space = " " if code.startswith("`") or code.endswith("`") else ""
    return f"{fence}{space}{code}{space}{fence}" if code else ""


def _emphasised(text: str, sign: str, before: str, after: str) -> str:
    """Return a text between signs; as it is where CommonMark would not read them as such there."""
    inner = text.strip()
    lead, _, trail = text.partition(inner) if inner else (text, "", "")
    if not inner or "\n\n" in inner:
        return text
    left = lead[-1:] or before[-1:] or " "
    right = trail[:1] or after[:1] or " "
    opens = _breaks(left) or not _breaks(inner[0])
    closes = _breaks(right) or not _breaks(inner[-1])
    fits = opens and closes and left != "*" and right != "*" and not inner[0].isspace()
    return f"{lead}{sign}{inner}{sign}{trail}" if fits else text


def _breaks(char: str) -> bool:
    """Tell whether CommonMark takes a character for space or punctuation."""
    return char.isspace() or unicodedata.category(char)[0] in "PS"


def _fenced(text: str) -> list[str]:
    """Return lines of code between fences that are longer than any run of backticks in them."""
    fence = "`" * max(3, 1 + max(map(len, re.findall("`+", text)), default=0))
    return [fence, *_TURNING.sub("", text).split("\n"), fence]


def _language(code: str) -> str:
    return f"\\[{escaped(code)}\\] " if code else ""


def _named(blocks: tuple[Block, ...], language: str) -> tuple[Block, ...]:
    """Return blocks of which the first paragraph says its language."""
    if language and blocks and isinstance(blocks[0], Paragraph):
        first = blocks[0]
        return (Paragraph(first.runs, id=first.id, kind=first.kind, language=first.language or language), *blocks[1:])
    return blocks


def _strong(runs: Iterable[Run]) -> list[Run]:
    return [Run(run.text, ("strong",), run.link, run.language, run.id) for run in runs]


def _first(said: tuple[Block, ...]) -> tuple[Run, ...]:
    return said[0].runs if said and isinstance(said[0], Paragraph) else ()


def _links(blocks: Iterable[Block]) -> set[str]:
    """Return the places that runs link to."""
    found: set[str] = set()
    for block in blocks:
        parts = list(inside(block))
        found |= {run.link for run in parts if isinstance(run, Run) and run.link.startswith("#")}
        found |= _links(part for part in parts if isinstance(part, Block))
    return found
