"""Saved web pages (HTML): the visible blocks in document order, with what the mark-up says of each."""

from __future__ import annotations

import re
from pathlib import PurePath
from typing import Any

from pipeline.readers.decoding import decode
from pipeline.readers.document import Builder, Document, Hint, SetAside, UnreadableError, title_of

_INVISIBLE = ("script", "style", "noscript", "template", "svg", "head", "iframe", "object", "canvas")
_CHROME = frozenset({"nav", "header", "footer", "aside", "button", "form", "time", "label", "select", "menu", "dialog"})
_HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
_BLOCKS = (
    _HEADINGS
    | _CHROME
    | {
        "p",
        "li",
        "div",
        "section",
        "article",
        "main",
        "body",
        "blockquote",
        "td",
        "th",
        "tr",
        "table",
        "ul",
        "ol",
        "dl",
        "dt",
        "dd",
        "figure",
        "figcaption",
        "pre",
        "a",
        "address",
        "details",
        "summary",
        "fieldset",
        "html",
    }
)
_INLINE_LINK_PARENTS = frozenset({"p", "li", "blockquote", "td", "dd", "span", "em", "strong"})
_COMMENT_CLASS = re.compile(r"comment|contribution|reply|respuesta|comentario|resposta|kommentar|commento|answer", re.I)
_AUTHOR_CLASS = re.compile(r"author|byline|user-?name|contributor|autor", re.I)
_CHROME_CLASS = re.compile(
    r"cookie|banner|nav|menu|footer|related|share|social|rating|widget|count|breadcrumb|sidebar", re.I
)
_TEXT_CLASS = re.compile(r"text|body|content|message", re.I)
_META_CLASS = re.compile(r"count|meta|date|time|action|button|badge", re.I)


def read(content: bytes, path: PurePath) -> list[Document]:
    """Read a saved HTML page."""
    from selectolax.lexbor import LexborHTMLParser

    decoded, encoding = decode(content)
    tree = LexborHTMLParser(decoded)
    if tree.body is None:
        raise UnreadableError("unreadable", "no body in the page")
    title = tree.css_first("title")
    name = re.sub(r"\s+", " ", title.text()).strip() if title else ""
    tree.strip_tags([*_INVISIBLE])
    walk = _Walk()
    walk.visit(tree.body, "text", None)
    if not walk.builder.blocks:
        raise UnreadableError("empty_file", "the page shows no text")
    text, blocks = walk.builder.text, walk.builder.blocks
    return [
        Document(
            path.suffix[1:].lower(),
            encoding,
            name or title_of(text, blocks),
            text,
            blocks,
            tuple(walk.set_aside),
        )
    ]


class _Walk:
    """Depth-first walk that cuts the page into blocks and carries the contributor's name along."""

    def __init__(self) -> None:
        self.builder = Builder()
        self.set_aside: list[SetAside] = []
        self._count = 0

    def visit(self, node: Any, hint: Hint, voice: str | None) -> None:
        """Visit an element; `hint` and `voice` hold for what is inside it."""
        hint = _hint(node, hint)
        if hint == "comment" and (author := _author(node)):
            voice = author
        if _is(_AUTHOR_CLASS, node) and hint in {"comment", "text"} and not _has_blocks(node):
            self._byline(_inline_text(node))
            return
        if hint == "comment" and _is(_TEXT_CLASS, node) and _has_blocks(node):
            self._emit("\n".join(filter(None, map(_inline_text, _text_blocks(node)))), hint, voice)
            return
        if not _has_blocks(node):
            self._emit(_inline_text(node), hint, voice)
            return
        loose: list[str] = []
        for child in node.iter(include_text=True):
            if child.tag == "-text" or not (_is_block(child) or _has_blocks(child)):
                loose.append(child.text(deep=True) or "")
                continue
            self._emit(_squeeze("".join(loose)), hint, voice)
            loose = []
            self.visit(child, hint, voice)
        self._emit(_squeeze("".join(loose)), hint, voice)

    def _emit(self, text: str, hint: Hint, voice: str | None) -> None:
        if text:
            self._count += 1
            self.builder.add(text, f"block {self._count}", hint, voice if hint == "comment" else None)

    def _byline(self, text: str) -> None:
        if text:
            self._count += 1
            self.builder.add(text, "", skip=len(text))
            self.set_aside.append(SetAside(f"block {self._count}", "byline", "a contributor's name"))


def _hint(node: Any, inherited: Hint) -> Hint:
    """Return what an element is, given what it stands in: chrome stays chrome, comments keep their lists."""
    tag = node.tag
    if inherited == "chrome" or tag in _CHROME or (_is(_CHROME_CLASS, node) and not _is(_COMMENT_CLASS, node)):
        return "chrome"
    if inherited == "comment":
        return "chrome" if _is(_META_CLASS, node) and not _is(_TEXT_CLASS, node) else "comment"
    if tag not in {"body", "main", "html"} and _is_one_comment(node):
        return "comment"
    if tag in _HEADINGS:
        return "title" if tag == "h1" else "heading"
    return "bullet" if tag == "li" else inherited


def _is_one_comment(node: Any) -> bool:
    """Tell one comment from the list that holds them: its own class, singular, and no comment inside a comment."""
    if not _is(_COMMENT_CLASS, node) or node.tag in _HEADINGS:
        return False
    inner = [child for child in node.css("*") if child.mem_id != node.mem_id and _is_container(child)]
    return not inner


def _is_container(node: Any) -> bool:
    """A nested element that is a comment itself (not a part such as comment-text or comment-author)."""
    return _is(_COMMENT_CLASS, node) and not (
        _is(_TEXT_CLASS, node)
        or _is(_AUTHOR_CLASS, node)
        or _is(_META_CLASS, node)
        or node.tag in _HEADINGS | _CHROME | {"p", "span", "a"}
    )


def _author(node: Any) -> str | None:
    found = next((child for child in node.css("*") if _is(_AUTHOR_CLASS, child)), None)
    return _inline_text(found) or None if found is not None else None


def _is(pattern: re.Pattern[str], node: Any) -> bool:
    if node.tag in {"body", "html", "main"}:
        return False
    attributes = node.attributes
    return bool(
        pattern.search(f"{attributes.get('class') or ''} {attributes.get('id') or ''} {attributes.get('role') or ''}")
    )


def _is_block(node: Any) -> bool:
    if node.tag == "a":
        return node.parent is None or node.parent.tag not in _INLINE_LINK_PARENTS
    if node.tag == "span":
        return bool((node.attributes.get("class") or "").strip())
    return node.tag in _BLOCKS


def _has_blocks(node: Any) -> bool:
    return any(_is_block(child) or _has_blocks(child) for child in node.iter())


def _text_blocks(node: Any) -> list[Any]:
    """Return the innermost blocks below a node."""
    found: list[Any] = []
    for child in node.iter():
        found += _text_blocks(child) if _has_blocks(child) else [child]
    return found


def _inline_text(node: Any) -> str:
    return _squeeze(node.text(deep=True) or "")


def _squeeze(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip()
