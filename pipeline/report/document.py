"""Read a page of ours as a document, from which the forms that are no page are written.

The PDF and the Markdown are written from the page itself, so they can say nothing else than it does. What HTML means
is kept (headings, lists, tables, figures, quotations, languages, places to link to); what only a browser needs is not.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
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

_MARK_OF_TAG = {
    "strong": "strong",
    "b": "strong",
    "em": "emphasis",
    "i": "emphasis",
    "cite": "emphasis",
    "code": "code",
    "kbd": "code",
    "samp": "code",
    "sup": "raised",
    "sub": "lowered",
    "small": "quiet",
    "mark": "marked",
}
_MARK_OF_CLASS = {"about": "quiet", "coded": "marked", "grade": "badge"}
_INLINE = frozenset(
    (*_MARK_OF_TAG, "a", "abbr", "bdi", "bdo", "br", "dfn", "label", "q", "s", "span", "time", "u", "var")
)
_SKIPPED = frozenset(("head", "script", "style", "template", "nav", "noscript", "button", "input", "select", "svg"))
_KEEPS_LINES = frozenset({"passage"})  # classes whose line feeds the page shows (white-space: pre-line)
_FOR_SCREENS = frozenset({"skip", "screen"})  # classes of what a page says of itself as a page
_SVG = re.compile(r"<svg\b.*?</svg>", re.DOTALL)
_DATA = re.compile(r"data:image/(png|jpe?g|svg\+xml);base64,(.*)", re.DOTALL)
_ADDRESS = re.compile(r"(?:https?://|mailto:)\S+")
_SPACES = re.compile(r"[ \t\n\r\f]+")


def parse(html: str) -> Document:
    """Return what a page of ours says.

    Charts are cut out before the page is read, so they keep every byte.
    """
    from selectolax.lexbor import LexborHTMLParser

    charts: list[str] = []

    def lifted(found: re.Match[str]) -> str:
        charts.append(found.group())
        return f'<svg data-chart="{len(charts) - 1}"></svg>'

    tree = LexborHTMLParser(_SVG.sub(lifted, html))
    root = tree.css_first("html")
    language = (root.attributes.get("lang") if root else "") or ""
    reader = _Reader(charts)
    blocks = reader.blocks(tree.body, _Here(language)) if tree.body else ()
    return Document(
        title=_plain(tree.css_first("h1") or tree.css_first("title")),
        language=language,
        contents=_plain(tree.css_first("nav h2")),
        blocks=blocks,
        aliases=reader.aliases,
    )


@dataclass(frozen=True)
class _Here:
    """What is inherited on the way down: the language, marks, link, and whether line feeds are kept."""

    language: str
    marks: tuple[str, ...] = ()
    link: str = ""
    keeps_lines: bool = False

    def into(self, node: Any) -> _Here:
        """Return what holds inside an element."""
        names = _classes(node)
        mark = _MARK_OF_TAG.get(node.tag) or next(
            (_MARK_OF_CLASS[name] for name in names if name in _MARK_OF_CLASS), ""
        )
        if node.tag not in _INLINE:
            mark = ""  # a block's class is its kind
        return _Here(
            _attribute(node, "lang") or self.language,
            (*self.marks, mark) if mark and mark not in self.marks else self.marks,
            _target(_attribute(node, "href")) if node.tag == "a" else self.link,
            self.keeps_lines or node.tag in {"blockquote", "pre"} or bool(_KEEPS_LINES & set(names)),
        )


class _Reader:
    """Walks a page and makes blocks of it; remembers which ids stand for which."""

    def __init__(self, charts: Sequence[str]) -> None:
        self.charts = charts
        self.aliases: dict[str, str] = {}

    def blocks(self, node: Any, here: _Here) -> tuple[Block, ...]:
        """Return what an element holds; loose text in it is a paragraph."""
        found: list[Block] = []
        loose: list[Run] = []
        for child in node.iter(include_text=True):
            if child.tag in _INLINE or child.tag == "-text":
                loose += self.runs(child, here)
            elif child.tag not in _SKIPPED and not child.tag.startswith("-") and not _hidden(child):
                found += _loose(loose, here)
                loose = []
                found += self.block(child, here.into(child), here.language)
        found += _loose(loose, here)
        return tuple(found)

    def block(self, node: Any, here: _Here, around: str) -> Iterator[Block]:
        """Yield the blocks that one element makes."""
        common: dict[str, str] = {
            "id": _attribute(node, "id"),
            "kind": next(iter(_classes(node)), ""),
            "language": here.language if here.language != around or _attribute(node, "lang") else "",
        }
        if re.fullmatch("h[1-6]", node.tag):
            yield Heading(int(node.tag[1]), self.text(node, here), **common)
        elif node.tag in ("p", "summary"):
            common["kind"] = common["kind"] or node.tag.removeprefix("p")
            yield Paragraph(self.text(node, here), **common)
        elif node.tag in ("ul", "ol"):
            yield Listing(node.tag == "ol", tuple(self.item(li, here) for li in _children(node, "li")), **common)
        elif node.tag == "dl":
            yield Definitions(tuple(self.entries(node, here)), **common)
        elif node.tag == "blockquote":
            yield Quotation(self.blocks(node, here), **common | {"language": here.language})
        elif node.tag == "table":
            table = self.table(node, here, common)
            if table.width:
                yield table
        elif node.tag == "figure" or _attribute(node, "role") == "img" or node.tag == "img":
            yield self.figure(node, here, common)
        else:
            yield from self.opened(node, self.blocks(node, here), common)

    def opened(self, node: Any, blocks: tuple[Block, ...], common: Mapping[str, str]) -> Iterator[Block]:
        """Yield the blocks of an element that is none itself: its id is the first one's, its language everyone's."""
        for i, block in enumerate(blocks):
            changes = {"language": block.language or common["language"]}
            if i == 0 and common["id"]:
                labels_it = block.id and block.id == _attribute(node, "aria-labelledby")
                changes["id"] = common["id"] if labels_it or not block.id else block.id
                if block.id:
                    self.aliases[block.id if labels_it else common["id"]] = changes["id"]
            if node.tag == "footer" and not block.kind:
                changes["kind"] = "footer"
            yield replace(block, **changes)

    def item(self, node: Any, here: _Here) -> tuple[Block, ...]:
        inner = here.into(node)
        common = {"id": _attribute(node, "id"), "language": inner.language if inner.language != here.language else ""}
        return tuple(self.opened(node, self.blocks(node, inner), common))

    def entries(self, node: Any, here: _Here) -> Iterator[tuple[tuple[Run, ...], tuple[Block, ...]]]:
        term: tuple[Run, ...] = ()
        for child in node.css("dt, dd"):
            if child.tag == "dt":
                term = self.text(child, here.into(child))
            else:
                yield term, self.item(child, here)
                term = ()

    def table(self, node: Any, here: _Here, common: Mapping[str, str]) -> Table:
        rows = [
            (row.parent.tag == "thead", tuple(self.cell(c, here, row.parent.tag) for c in _children(row, "th", "td")))
            for row in node.css("tr")
        ]
        caption = node.css_first("caption")
        return Table(
            tuple(cells for is_head, cells in rows if is_head),
            tuple(cells for is_head, cells in rows if not is_head and cells),
            self.text(caption, here.into(caption)) if caption else (),
            **common,
        )

    def cell(self, node: Any, here: _Here, part: str) -> Cell:
        inner, names = here.into(node), _classes(node)
        scope = "row" if part != "thead" and _attribute(node, "scope") != "col" else "column"
        return Cell(
            self.text(node, inner),
            header=scope if node.tag == "th" else "",
            numeric="n" in names,
            columns=int(_attribute(node, "colspan") or 1),
            rows=int(_attribute(node, "rowspan") or 1),
            kind=next((name for name in names if name != "n"), ""),
            language=inner.language if inner.language != here.language else "",
        )

    def figure(self, node: Any, here: _Here, common: Mapping[str, str]) -> Figure:
        caption, pictures, blocks = (), [], []  # type: tuple[Run, ...], list[Picture], list[Block]
        parts = _children(node) if node.tag == "figure" else [node]
        for part in parts:
            drawn = list(self.pictures(part))
            if part.tag == "figcaption":
                caption = self.text(part, here.into(part))
            elif drawn:
                pictures += drawn
            elif part.tag not in _SKIPPED:
                blocks += self.block(part, here.into(part), here.language)
        stem = common["id"].removeprefix("figure-")
        named = tuple(replace(p, name=p.name or stem) for p in pictures)
        return Figure(named, caption, tuple(blocks), **common)

    def pictures(self, node: Any) -> Iterator[Picture]:
        """Yield the pictures in an element that is one, or that holds nothing else."""
        name = _attribute(node, "data-figure")
        data = _DATA.fullmatch(_attribute(node, "src")) if node.tag == "img" else None
        if data:
            suffix = {"svg+xml": "svg", "jpeg": "jpg"}.get(data[1], data[1])
            yield Picture(name, suffix, base64.b64decode(data[2]), _attribute(node, "alt"))
        elif _attribute(node, "role") == "img":
            for chart in node.css("svg[data-chart]"):
                content = self.charts[int(chart.attributes["data-chart"])].encode()
                yield Picture(name, "svg", content, _attribute(node, "aria-label"))
        elif node.tag in ("div", "picture", "a"):
            for child in _children(node):
                yield from self.pictures(child)

    def text(self, node: Any, here: _Here) -> tuple[Run, ...]:
        """Return the runs of an element that holds text only, without space at either end."""
        runs = [run for child in node.iter(include_text=True) for run in self.runs(child, here)]
        return _tidied([replace(run, language=run.language if run.language != here.language else "") for run in runs])

    def runs(self, node: Any, here: _Here) -> Iterator[Run]:
        """Yield the runs of text under a node, each with its own language."""
        if node.tag == "-text":
            text = node.text_content or ""
            text = re.sub(r"[ \t\r\f]*\n[ \t\r\f]*", "\n", text) if here.keeps_lines else _SPACES.sub(" ", text)
            yield Run(text, here.marks, here.link, here.language)
        elif node.tag == "br":
            yield Run("\n", here.marks, here.link, here.language)
        elif not node.tag.startswith("-") and node.tag not in _SKIPPED and not _hidden(node):
            inner = here.into(node)
            if _attribute(node, "id"):
                yield Run("", id=_attribute(node, "id"), language=inner.language)
            for child in node.iter(include_text=True):
                yield from self.runs(child, inner)


def _loose(runs: Sequence[Run], here: _Here) -> list[Block]:
    tidy = _tidied([replace(run, language=run.language if run.language != here.language else "") for run in runs])
    return [Paragraph(tidy)] if tidy else []


def _tidied(runs: Sequence[Run]) -> tuple[Run, ...]:
    """Join runs that look the same, and drop spaces at line ends and at both ends, as a browser does."""
    kept: list[Run] = []
    before = "\n"
    for run in runs:
        text = run.text.lstrip(" ") if before in " \n" and not run.id else run.text
        before = text[-1:] or before
        if text.startswith("\n") and kept:
            kept[-1] = replace(kept[-1], text=kept[-1].text.rstrip(" "))
        if kept and not run.id and _same(kept[-1], run):
            kept[-1] = replace(kept[-1], text=kept[-1].text + text)
        elif text or run.id:
            kept.append(replace(run, text=text))
    while kept and not kept[-1].text.rstrip(" \n") and not kept[-1].id:
        kept.pop()
    if kept:
        kept[-1] = replace(kept[-1], text=kept[-1].text.rstrip(" \n"))
    return tuple(kept)


def _same(one: Run, other: Run) -> bool:
    return not one.id and (one.marks, one.link, one.language) == (other.marks, other.link, other.language)


def _plain(node: Any) -> str:
    return " ".join(node.text().split()) if node else ""


def _children(node: Any, *tags: str) -> list[Any]:
    return [child for child in node.iter() if not tags or child.tag in tags]


def _attribute(node: Any, name: str) -> str:
    return node.attributes.get(name) or ""


def _classes(node: Any) -> list[str]:
    return _attribute(node, "class").split()


def _hidden(node: Any) -> bool:
    return "hidden" in node.attributes or not _FOR_SCREENS.isdisjoint(_classes(node))


def _target(href: str) -> str:
    """Return where a link leads, or nothing where it is no place in the page and no plain address."""
    return href if href.startswith("#") or _ADDRESS.fullmatch(href) else ""
