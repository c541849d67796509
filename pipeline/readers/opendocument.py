"""OpenDocument texts (ODT): headings, list items and paragraphs; a bold `Name:` in front names the contributor."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from pathlib import PurePath
from typing import Any

from pipeline.readers.document import Builder, Document, Hint, SetAside, UnreadableError, title_of
from pipeline.readers.word import speaker_in

_NAMES = {
    "office": "urn:oasis:names:tc:opendocument:xmlns:office:1.0",
    "text": "urn:oasis:names:tc:opendocument:xmlns:text:1.0",
    "style": "urn:oasis:names:tc:opendocument:xmlns:style:1.0",
    "fo": "urn:oasis:names:tc:opendocument:xmlns:xsl-fo-compatible:1.0",
    "dc": "http://purl.org/dc/elements/1.1/",
}
_MAX_SPACES = 100


def read(content: bytes, _: PurePath) -> list[Document]:
    """Read an ODT document, paragraph by paragraph in document order, table cells, notes and remarks among them."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as package:
            root = _parse(package.read("content.xml"))
            meta = _parse(package.read("meta.xml")) if "meta.xml" in package.namelist() else None
    except Exception as error:  # zip and XML errors have no common base
        raise UnreadableError("unreadable", f"no OpenDocument text: {error}") from None
    body = root.find("office:body/office:text", _NAMES)
    if body is None:
        raise UnreadableError("unreadable", "no OpenDocument text; a sheet or a presentation?")
    bold = _bold_styles(root)
    builder = Builder()
    aside: list[SetAside] = []
    for number, paragraph in enumerate(_paragraphs(body), start=1):
        _add(builder, aside, paragraph, f"paragraph {number}", bold)
    if not builder.blocks:
        raise UnreadableError("empty_file", "the document has no text")
    text, blocks = builder.text, builder.blocks
    named = meta.findtext(".//dc:title", "", _NAMES) if meta is not None else ""
    return [Document("odt", "utf-8", named.strip() or title_of(text, blocks), text, blocks, tuple(aside))]


def _add(builder: Builder, aside: list[SetAside], paragraph: Any, locator: str, bold: frozenset[str]) -> None:
    text = "".join(_own_text(paragraph))
    if not text.strip():
        return
    remark = next(paragraph.iterancestors(_tag("office", "annotation")), None)
    if remark is not None:
        builder.add(text, locator, "comment", voice=remark.findtext("dc:creator", None, _NAMES))
        return
    name, skip = speaker_in(text, _leading_bold(paragraph, bold))
    if name:
        builder.add(text, locator, "comment", voice=name, skip=skip)
        aside.append(SetAside(f"{locator}, speaker", "byline", "a contributor's name"))
    else:
        builder.add(text, locator, _hint(paragraph))


def _parse(xml: bytes) -> Any:
    from lxml import etree

    return etree.fromstring(xml, etree.XMLParser(resolve_entities=False, load_dtd=False, no_network=True))


def _tag(prefix: str, name: str) -> str:
    return f"{{{_NAMES[prefix]}}}{name}"


def _paragraphs(body: Any) -> Iterator[Any]:
    """Yield paragraphs and headings in document order, without what was deleted with changes tracked."""
    deleted = {_tag("text", "tracked-changes")}
    for node in body.iter(_tag("text", "p"), _tag("text", "h")):
        if not any(ancestor.tag in deleted for ancestor in node.iterancestors()):
            yield node


def _own_text(node: Any) -> Iterator[str]:
    """Yield the words of a paragraph without those of paragraphs inside it (notes, remarks, text boxes)."""
    yield node.text or ""
    for child in node:
        if child.tag == _tag("text", "line-break"):
            yield "\n"
        elif child.tag in {_tag("text", "s"), _tag("text", "tab")}:
            count = child.get(_tag("text", "c"), "1")
            yield " " * min(int(count) if count.isdecimal() else 1, _MAX_SPACES)
        elif isinstance(child.tag, str) and not _holds_paragraphs(child):
            yield from _own_text(child)
        yield child.tail or ""


def _holds_paragraphs(node: Any) -> bool:
    return next(node.iter(_tag("text", "p"), _tag("text", "h")), None) is not None


def _hint(paragraph: Any) -> Hint:
    style = (paragraph.get(_tag("text", "style-name")) or "").lower()
    if style == "title":
        return "title"
    if paragraph.tag == _tag("text", "h") or style == "subtitle":
        return "heading"
    return "bullet" if next(paragraph.iterancestors(_tag("text", "list-item")), None) is not None else "text"


def _bold_styles(root: Any) -> frozenset[str]:
    """Return the names of the character styles that set words in bold."""
    found = {"Strong_20_Emphasis", "Strong Emphasis"}
    for style in root.iter(_tag("style", "style")):
        properties = style.find("style:text-properties", _NAMES)
        if properties is not None and properties.get(_tag("fo", "font-weight")) in {"bold", "700", "800", "900"}:
            found.add(style.get(_tag("style", "name"), ""))
    return frozenset(found)


def _leading_bold(paragraph: Any, bold: frozenset[str]) -> str:
    """Return the words set in bold with which a paragraph begins."""
    if (paragraph.text or "").strip():
        return ""
    words = ""
    for child in paragraph:
        if child.tag != _tag("text", "span") or child.get(_tag("text", "style-name")) not in bold:
            break
        words += "".join(_own_text(child))
        if (child.tail or "").strip():
            break
    return words
