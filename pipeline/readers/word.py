"""Word documents (DOCX): paragraphs with their styles; a bold `Name:` in front names the contributor."""

from __future__ import annotations

import io
import re
from pathlib import PurePath
from typing import Any

from pipeline.readers.document import Builder, Document, Hint, SetAside, UnreadableError, title_of

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
        locator, speaker = f"paragraph {number}", _speaker(paragraph)
        if speaker:
            name, skip = speaker
            builder.add(paragraph.text, locator, "comment", voice=name, skip=skip)
            set_aside.append(SetAside(f"{locator}, speaker", "byline", "a contributor's name"))
        elif paragraph.text.strip():
            builder.add(paragraph.text, locator, _hint(paragraph))
    if not builder.blocks:
        raise UnreadableError("empty_file", "the document has no text")
    text, blocks = builder.text, builder.blocks
    title = (document.core_properties.title or "").strip() or title_of(text, blocks)
    return [Document(path.suffix[1:].lower(), "utf-8", title, text, blocks, tuple(set_aside))]


def _paragraphs(document: Any) -> list[Any]:
    cells = [cell for table in document.tables for row in table.rows for cell in row.cells]
    return [*document.paragraphs, *(paragraph for cell in cells for paragraph in cell.paragraphs)]


def _hint(paragraph: Any) -> Hint:
    style = (paragraph.style.name or "").lower() if paragraph.style is not None else ""
    if style == "title":
        return "title"
    if style.startswith(("heading", "subtitle")):
        return "heading"
    numbered = paragraph._p.pPr is not None and paragraph._p.pPr.numPr is not None
    return "bullet" if numbered or style.startswith("list") else "text"


def _speaker(paragraph: Any) -> tuple[str, int] | None:
    """Return the contributor's name and how many characters it takes, where the name is set in bold."""
    bold = ""
    for run in paragraph.runs:
        if not run.bold:
            break
        bold += run.text
    match = _SPEAKER.match(paragraph.text)
    if not bold.strip() or not match or not bold.strip().rstrip(":").strip().startswith(match["name"]):
        return None
    return match["name"], match.end()
