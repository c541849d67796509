"""Web archives (MHTML): the saved page inside, and its frames where they hold comments."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import PurePath

from pipeline.readers import page
from pipeline.readers.document import Document, SetAside, UnreadableError

_MAX_FRAMES = 100


def read(content: bytes, path: PurePath) -> list[Document]:
    """Read the page of an MHTML file; a frame is a source of its own if its mark-up names comments, else set aside."""
    pages = list(_pages(content))
    if not pages:
        raise UnreadableError("unreadable", "no HTML part in the web archive")
    kind = path.suffix[1:].lower()
    (main,) = page.read_text(*pages[0], kind)
    frames: list[Document] = []
    aside: list[SetAside] = []
    for number, (text, encoding) in enumerate(pages[1:], start=1):
        found = _frame(text, encoding, kind, f"frame {number}") if number <= _MAX_FRAMES else None
        if found is None:
            aside.append(SetAside(f"frame {number}", "attachment", "a frame inside the page, without comments"))
        else:
            frames.append(found)
    return [_with(main, "", aside), *frames]


def _frame(text: str, encoding: str, kind: str, part: str) -> Document | None:
    try:
        (document,) = page.read_text(text, encoding, kind)
    except UnreadableError:
        return None
    return _with(document, part, []) if any(block.hint == "comment" for block in document.blocks) else None


def _with(document: Document, part: str, aside: list[SetAside]) -> Document:
    return replace(document, part=part, set_aside=(*document.set_aside, *aside))


def _pages(content: bytes) -> Iterator[tuple[str, str]]:
    """Yield (text, encoding) of the HTML parts, the page itself first."""
    message = message_from_bytes(content, policy=policy.default)
    for part in message.walk():
        if isinstance(part, EmailMessage) and part.get_content_type() in {"text/html", "application/xhtml+xml"}:
            payload = part.get_payload(decode=True)
            if isinstance(payload, bytes) and payload.strip():
                yield page.decode_page(payload, part.get_content_charset())
