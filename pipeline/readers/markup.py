"""HTML to a small tree of elements and words: hostile nesting is refused or flattened before anything walks it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from pipeline.readers.document import UnreadableError

HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
MAX_DEPTH = 200
_INVISIBLE = frozenset(
    [
        "script",
        "style",
        "noscript",
        "template",
        "svg",
        "head",
        "iframe",
        "object",
        "canvas",
        "input",
        "textarea",
        "option",
    ]
)
_MAX_OPEN = 10_000
_MAX_FORMATTED = 5_000_000
_MAX_ATTRIBUTES = 5_000
_TOKEN = re.compile(r"<!--|-->|<(/?)([a-zA-Z][^\s/>]{0,50})")
_RAW = frozenset({"script", "style", "textarea", "title", "template"})
_VOID = frozenset(
    [
        "area",
        "base",
        "br",
        "col",
        "embed",
        "hr",
        "img",
        "input",
        "link",
        "meta",
        "param",
        "source",
        "track",
        "wbr",
        "p",
        "li",
        "td",
        "th",
        "tr",
        "dd",
        "dt",
        "option",
    ]
)
_FORMATTING = frozenset(
    ["a", "b", "big", "code", "em", "font", "i", "nobr", "s", "small", "strike", "strong", "tt", "u"]
)
_BREAK = "\x00"


@dataclass(eq=False, slots=True)
class Node:
    """An element: its children in order, words as strings; what it is called (class, id, role …) in one string."""

    tag: str
    names: str = ""
    role: str = ""
    item: str = ""
    itemtype: str = ""
    has_class: bool = False
    parent: Node | None = None
    children: list[Node | str] = field(default_factory=list)
    is_block: bool = False
    has_blocks: bool = False
    comment: bool | None = None
    holds: bool | None = None
    candidates: bool | None = None

    def elements(self) -> list[Node]:
        """The children that are elements."""
        return [child for child in self.children if isinstance(child, Node)]

    def above(self) -> Iterator[Node]:
        """The elements around this one, the nearest first."""
        node = self.parent
        while node is not None:
            yield node
            node = node.parent

    def lineage(self) -> Iterator[Node]:
        """This element and those around it."""
        yield self
        yield from self.above()

    def below(self) -> Iterator[Node]:
        """The elements inside this one, in order."""
        for child in self.elements():
            yield child
            yield from child.below()

    def words(self) -> str:
        """The words inside, white space squeezed; a line break is kept."""
        return self.joined(self.children)

    @staticmethod
    def joined(children: Iterable[Node | str]) -> str:
        """Join words as a browser shows them: white space is one space, `<br>` is a line break."""
        text = re.sub(r"\s+", " ", "".join(_pieces(children)))
        return re.sub(rf" ?{_BREAK} ?", "\n", text).strip()


def _pieces(children: Iterable[Node | str]) -> Iterator[str]:
    for child in children:
        if isinstance(child, str):
            yield child
        else:
            yield from _pieces(child.children)


def parse(text: str, is_block: Callable[[Node], bool]) -> tuple[str, Node]:
    """Return (title, body) of a page; raise `UnreadableError` where its mark-up can only be meant to hurt."""
    from selectolax.lexbor import LexborHTMLParser

    _check(text)
    tree = LexborHTMLParser(text.replace(_BREAK, ""))
    if tree.body is None:
        raise UnreadableError("unreadable", "no body in the page")
    title = tree.css_first("title")
    body, nodes = _build(tree.body)
    for node in nodes:
        node.is_block = is_block(node)
    for node in reversed(nodes):  # children come after their parents
        if node.parent is not None and (node.is_block or node.has_blocks):
            node.parent.has_blocks = True
    return (re.sub(r"\s+", " ", title.text()).strip() if title else ""), body


def _check(text: str) -> None:
    """Refuse what makes any HTML parser's time or memory explode, by one look at the tags.

    Elements inside each other, emphasis that is opened again and again (each block inside it repeats all of it),
    and elements with thousands of attributes cost the square of their number.
    """
    depth = formatting = formatted = 0
    raw = ""
    for match in _TOKEN.finditer(text):
        tag = (match[2] or match[0]).lower()
        if raw:
            raw = "" if tag == raw and (tag == "-->" or match[1]) else raw
        elif tag in {"<!--", "-->"}:
            raw = "-->" if tag == "<!--" else ""
        elif tag in _RAW:
            raw = "" if match[1] else tag
        else:
            step = -1 if match[1] else 1
            depth = max(depth + step, 0) if tag not in _VOID else depth
            formatting = max(formatting + step, 0) if tag in _FORMATTING else formatting
            formatted += formatting
            if depth > _MAX_OPEN or formatted > _MAX_FORMATTED:
                raise UnreadableError("unreadable", "elements are nested as no page does")
    for match in re.finditer(r"<[a-zA-Z][^<>]{10000,}", text):
        if len(re.findall(r"\s[a-zA-Z]", match[0])) > _MAX_ATTRIBUTES:
            raise UnreadableError("unreadable", "an element has more attributes than any page gives one")


def _build(root: Any) -> tuple[Node, list[Node]]:
    """Copy the visible elements, without recursion; below `MAX_DEPTH` they are siblings, as browsers do."""
    body = Node("body")
    nodes = [body]
    stack: list[tuple[Any, Node, int]] = [(root.first_child, body, 1)]
    while stack:
        element, parent, depth = stack.pop()
        if element is None:
            continue
        stack.append((element.next, parent, depth))
        if element.is_text_node:
            parent.children.append(element.text_content or "")
        elif element.tag == "br":
            parent.children.append(_BREAK)
        elif element.is_element_node and element.tag not in _INVISIBLE:
            node = _node(element, parent)
            parent.children.append(node)
            nodes.append(node)
            stack.append((element.first_child, node if depth < MAX_DEPTH else parent, min(depth + 1, MAX_DEPTH)))
    return body, nodes


def _node(element: Any, parent: Node) -> Node:
    attributes = element.attributes
    values = {key: attributes.get(key) or "" for key in ("class", "id", "role", "itemprop", "data-testid", "itemtype")}
    return Node(
        element.tag,
        " ".join(values[key] for key in ("class", "id", "role", "itemprop", "data-testid")),
        values["role"].lower(),
        values["itemprop"].lower(),
        values["itemtype"].lower(),
        bool(values["class"].strip()),
        parent,
    )
