"""Saved web pages (HTML): the visible blocks in document order, with what the mark-up says of each."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePath

from pipeline.readers import plain
from pipeline.readers.decoding import decode
from pipeline.readers.document import Builder, Document, Hint, SetAside, UnreadableError, title_of
from pipeline.readers.markup import HEADINGS, Node, parse

_CHROME = frozenset({"nav", "header", "footer", "aside", "button", "form", "time", "label", "select", "menu", "dialog"})
_BLOCKS = (
    HEADINGS
    | _CHROME
    | frozenset(
        [
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
        ]
    )
    | frozenset(["pre", "a", "address", "details", "summary", "fieldset", "html"])
)
_INLINE_LINK_PARENTS = frozenset({"p", "li", "blockquote", "td", "dd", "span", "em", "strong"})
_SENTENCES = HEADINGS | {"p", "em", "strong", "q"}
_COMMENT_CLASS = re.compile(r"comment|contribution|reply|respuesta|comentario|resposta|kommentar|commento|answer", re.I)
_ONE_COMMENT = re.compile(
    r"(?:^|[\s_/-])(?:comment|contribution|reply|respuesta|comentario|resposta|kommentar|commento|answer)"
    r"(?:[\s_-]+(?:item|node|entry|card|row|root|unit|post|single|parent|child|depth|level|odd|even|id)\b|[\s_-]*\d+\b|\s|$)",
    re.I,
)
_AUTHOR_CLASS = re.compile(r"author|byline|user-?name|contributor|autor", re.I)
_CHROME_CLASS = re.compile(
    r"cookie|banner|nav|menu|footer|related|share|social|rating|widget|count|breadcrumb|sidebar", re.I
)
_TEXT_CLASS = re.compile(r"text|body|content|message", re.I)
_META_CLASS = re.compile(r"count|meta|date|time|action|button|badge", re.I)
_LIST_CLASS = re.compile(
    r"comments|contributions|replies|respuestas|comentarios|respostas|kommentare|commenti|answers|"
    r"list|section|area|feed|form",
    re.I,
)
_NEVER = HEADINGS | _CHROME | {"a"}
_PARTS = HEADINGS | _CHROME | {"p", "span", "a"}
_QUOTATION_CLASS = re.compile(r"gmail_quote|yahoo_quoted|moz-cite-prefix|OutlookMessageHeader", re.I)
_TAG = re.compile(r"<[a-zA-Z!/?]")


def read(content: bytes, path: PurePath) -> list[Document]:
    """Read a saved HTML page; a file without a single tag is read as the text that it is."""
    text, encoding = decode(content)
    if not _TAG.search(text):
        return plain.read(content, path)
    return read_text(text, encoding, path.suffix[1:].lower())


def read_text(text: str, encoding: str, kind: str) -> list[Document]:
    """Read a page that is decoded already; `kind` is the format it came in."""
    title, body = parse(text, _is_block)
    walk = _Walk()
    walk.visit(body, "text", None)
    canonical, blocks = walk.builder.text, walk.builder.blocks
    if not blocks:
        raise UnreadableError("empty_file", "the page shows no text")
    return [Document(kind, encoding, title or title_of(canonical, blocks), canonical, blocks, tuple(walk.set_aside))]


def decode_page(content: bytes, charset: str | None) -> tuple[str, str]:
    """Decode a page for which a header names the encoding; where it names none or a wrong one, find it."""
    if charset and charset.lower() not in {"us-ascii", "ascii", "utf-8"}:
        try:
            return content.decode(charset), charset.lower()
        except (LookupError, UnicodeDecodeError):
            pass
    return decode(content)


def mail_lines(text: str) -> list[str]:
    """Return the lines of a message in HTML; what it quotes from another message is marked with `>`."""
    _, body = parse(text, _is_block)
    lines: list[str] = []
    for node, words in _leaves(body):
        quoted = any(above.tag == "blockquote" or _QUOTATION_CLASS.search(above.names) for above in node.lineage())
        lines += [f"> {line}" if quoted else line for line in words.split("\n")]
    return lines


class _Walk:
    """Depth-first walk that cuts the page into blocks and carries the contributor's name along."""

    def __init__(self) -> None:
        self.builder = Builder()
        self.set_aside: list[SetAside] = []
        self._count = 0
        self._announced: str | None = None

    def visit(self, node: Node, hint: Hint, voice: str | None) -> None:
        """Visit an element; `hint` and `voice` hold for what is inside it."""
        if _is_one_comment(node) and hint != "chrome":
            self._comment(node)
            return
        hint = _hint(node, hint)
        if hint == "comment" and (author := _author(node)):
            voice = author
        if _is(_AUTHOR_CLASS, node) and hint in {"comment", "text"} and not node.has_blocks:
            self._byline(node.words())
            self._announced = node.words() or None  # many pages name the contributor right above the comment
            return
        for child, words in _children(node):
            if child is None:
                self._emit(words, hint, voice)
            else:
                self.visit(child, hint, voice)

    def _comment(self, node: Node) -> None:
        """Add one comment as one block; furniture below its first words, and replies inside it, follow."""
        voice = _author(node) or self._announced
        self._announced = None
        own: list[str] = []
        later: list[tuple[Node, Hint]] = []
        self._gather(node, own, later)
        self._emit("\n".join(filter(None, own)), "comment", voice)
        for inner, hint in later:
            self.visit(inner, hint, None)

    def _gather(self, node: Node, own: list[str], later: list[tuple[Node, Hint]]) -> None:
        for child, words in _children(node):
            if child is None:
                own.append(words)
            elif _is_one_comment(child) or _holds_comments(child):
                later.append((child, "text"))
            elif _is(_AUTHOR_CLASS, child) and not child.has_blocks:
                self._byline(child.words())
            elif _is_meta(child):
                self._gather_names(child)
                if any(own):
                    later.append((child, "chrome"))
                else:
                    self.visit(child, "chrome", None)
            else:
                self._gather(child, own, later)

    def _gather_names(self, node: Node) -> None:
        """Take the contributor's name out of a comment's head, before the rest of it is kept as furniture."""
        for inner in [n for n in node.below() if _is(_AUTHOR_CLASS, n) and not n.has_blocks]:
            self._byline(inner.words())
            inner.children.clear()

    def _emit(self, text: str, hint: Hint, voice: str | None) -> None:
        pieces = [text] if hint == "comment" else re.split(r"\n{2,}", text)
        for piece in pieces:
            if piece.strip():
                self._count += 1
                self.builder.add(piece, f"block {self._count}", hint, voice if hint == "comment" else None)

    def _byline(self, text: str) -> None:
        if text:
            self._count += 1
            self.builder.add(text, "", skip=len(text))
            self.set_aside.append(SetAside(f"block {self._count}", "byline", "a contributor's name"))


def _children(node: Node) -> Iterator[tuple[Node | None, str]]:
    """Yield blocks, as (node, ""), and the loose words between them, as (None, words)."""
    if not node.has_blocks:
        yield None, node.words()
        return
    loose: list[Node | str] = []
    for child in node.children:
        if isinstance(child, Node) and (child.is_block or child.has_blocks):
            yield None, Node.joined(loose)
            loose = []
            yield child, ""
        else:
            loose.append(child)
    yield None, Node.joined(loose)


def _leaves(node: Node) -> Iterator[tuple[Node, str]]:
    for child, words in _children(node):
        if child is None and words:
            yield node, words
        elif child is not None:
            yield from _leaves(child)


def _hint(node: Node, inherited: Hint) -> Hint:
    """Return what an element is, given what it stands in: chrome stays chrome, comments keep their lists."""
    if inherited == "chrome" or _is_chrome(node):
        return "chrome"
    if inherited == "comment":
        return "chrome" if _is_meta(node) else "comment"
    if _is(_COMMENT_CLASS, node) and _is_meta(node):
        return "chrome"  # a counter of comments, not a comment
    if _is_candidate(node) and not _holds_comments(node):
        return "comment"  # a list of comments whose items have no mark-up of their own
    if node.tag in HEADINGS:
        return "title" if node.tag == "h1" else "heading"
    return "bullet" if node.tag == "li" else inherited


def _is_chrome(node: Node) -> bool:
    return node.tag in _CHROME or (_is(_CHROME_CLASS, node) and not _is(_COMMENT_CLASS, node))


def _is_meta(node: Node) -> bool:
    return _is_chrome(node) or (_is(_META_CLASS, node) and not _is(_TEXT_CLASS, node))


def _is_one_comment(node: Node) -> bool:
    """Tell one comment from the list that holds them; decided once."""
    if node.comment is None:
        node.comment = _decide(node)
    return node.comment


def _decide(node: Node) -> bool:
    """A comment says so; or it is the innermost element with such a class, and not named as a list of them."""
    if _says_so(node):
        return True
    if not _is(_COMMENT_CLASS, node):
        return False
    if _is_candidate(node):
        return bool(_ONE_COMMENT.search(node.names)) or not (_LIST_CLASS.search(node.names) or _holds_candidates(node))
    has_text = _is(_TEXT_CLASS, node) and not _is(_AUTHOR_CLASS, node) and node.tag not in _NEVER
    return has_text and not any(map(_is_candidate, node.above()))


def _says_so(node: Node) -> bool:
    if node.item == "comment" or node.itemtype.endswith(("schema.org/comment", "schema.org/answer")):
        return True
    if not _is_article(node):
        return False
    return any(_is_article(above) or _is(_COMMENT_CLASS, above) for above in node.above())


def _is_article(node: Node) -> bool:
    return node.tag == "article" or "article" in node.role


def _is_candidate(node: Node) -> bool:
    """An element that may be a comment, and not a part of one (comment-text, comment-author)."""
    part = any(_is(pattern, node) for pattern in (_TEXT_CLASS, _AUTHOR_CLASS, _META_CLASS)) or node.tag in _PARTS
    return _says_so(node) or (_is(_COMMENT_CLASS, node) and not part)


def _holds_candidates(node: Node) -> bool:
    if node.candidates is None:
        node.candidates = any(_is_candidate(child) or _holds_candidates(child) for child in node.elements())
    return node.candidates


def _holds_comments(node: Node) -> bool:
    """Whether a comment stands below a node; looked up once."""
    if node.holds is None:
        node.holds = any(_is_one_comment(child) or _holds_comments(child) for child in node.elements())
    return node.holds


def _author(node: Node) -> str | None:
    """Return the name in a comment's byline, not that of a reply inside it."""
    for child in node.elements():
        if _is_one_comment(child):
            continue
        if _is(_AUTHOR_CLASS, child) and not child.has_blocks and (name := child.words()):
            return name
        if found := _author(child):
            return found
    return None


def _is(pattern: re.Pattern[str], node: Node) -> bool:
    return node.tag not in {"body", "html", "main"} and bool(pattern.search(node.names))


def _is_block(node: Node) -> bool:
    above = node.parent.tag if node.parent is not None else ""
    if node.tag == "a":
        return above not in _INLINE_LINK_PARENTS
    if node.tag in _BLOCKS:
        return True
    if _AUTHOR_CLASS.search(node.names):
        return node.tag == "span" or above not in _SENTENCES
    return node.tag == "span" and node.has_class and above not in _SENTENCES
