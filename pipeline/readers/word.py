"""Word documents (DOCX): paragraphs with their styles; a bold `Name:` in front names the contributor."""

from __future__ import annotations

import io
import re
from pathlib import PurePath
from typing import Any

from pipeline.readers.document import Builder, Document, Hint, SetAside, UnreadableError, title_of

_MAX_PARAGRAPHS = 200_000
_SPEAKER = re.compile(r"\s*(?P<name>[^\s:][^:\n]{0,58}[^\s:]|[^\s:])\s*:\s*")


def read(content: bytes, path: PurePath) -> list[Document]:
    """Read a DOCX document, paragraph by paragraph, table cells after them."""
    import docx

    try:
        document = docx.Document(io.BytesIO(content))
    except Exception as error:  # zip, XML and package errors have no common base
        raise UnreadableError("unreadable", f"no Word document: {error}") from None
    builder, set_aside = Builder(), []
    for number, paragraph in enumerate(_paragraphs(document), start=1):
        locator = f"paragraph {number}"
        name, skip = speaker_in(paragraph.text, _leading_bold(paragraph))
        if name:
            builder.add(paragraph.text, locator, "comment", voice=name, skip=skip)
            set_aside.append(SetAside(f"{locator}, speaker", "byline", "a contributor's name"))
        elif paragraph.text.strip():
            builder.add(paragraph.text, locator, _hint(paragraph))
    if not builder.blocks:
        raise UnreadableError("empty_file", "the document has no text")
    text, blocks = builder.text, builder.blocks
    title = (document.core_properties.title or "").strip() or title_of(text, blocks)
    return [Document(path.suffix[1:].lower(), "utf-8", title, text, blocks, tuple(set_aside))]


def speaker_in(text: str, bold: str) -> tuple[str | None, int]:
    """Return the contributor's name and how many characters it takes, where the `Name:` in front is set in bold."""
    match = _SPEAKER.match(text)
    if not bold.strip() or not match or not bold.strip().rstrip(":").strip().startswith(match["name"]):
        return None, 0
    return match["name"], match.end()


def _paragraphs(document: Any) -> list[Any]:
    """Return every paragraph once: those of the body, then those of tables, however cells are merged or nested."""
    from docx.oxml.ns import qn
    from docx.text.paragraph import Paragraph

    body = document.element.body
    _unwrap(body, [qn(name) for name in ("w:ins", "w:moveTo", "w:smartTag", "w:sdtContent", "w:sdt")])
    fallback = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
    found = [p for p in body.iter(qn("w:p")) if next(p.iterancestors(fallback), None) is None]
    if len(found) > _MAX_PARAGRAPHS:
        raise UnreadableError("too_large", f"{len(found):,} paragraphs; at most {_MAX_PARAGRAPHS:,} are read")
    found.sort(key=lambda p: next(p.iterancestors(qn("w:tbl")), None) is not None)
    return [Paragraph(element, document._body) for element in found]


def _unwrap(body: Any, tags: list[str]) -> None:
    """Take off what stands around runs and paragraphs (tracked insertions, form fields), since it would hide them."""
    for wrapper in list(body.iter(*tags)):
        for child in list(wrapper):
            wrapper.addprevious(child)
        wrapper.getparent().remove(wrapper)


def _hint(paragraph: Any) -> Hint:
    style = (paragraph.style.name or "").lower() if paragraph.style is not None else ""
    if style == "title":
        return "title"
    if style.startswith(("heading", "subtitle")):
        return "heading"
    numbered = paragraph._p.pPr is not None and paragraph._p.pPr.numPr is not None
    return "bullet" if numbered or style.startswith("list") else "text"


def _leading_bold(paragraph: Any) -> str:
    bold = ""
    for run in paragraph.runs:
        if not run.bold:
            break
        bold += run.text
    return bold
