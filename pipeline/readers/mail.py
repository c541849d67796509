"""Messages (EML) and mailboxes (MBOX): each message is one comment; what it quotes or signs with is set aside."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import parseaddr
from pathlib import PurePath

from pipeline.readers import page
from pipeline.readers.decoding import decode
from pipeline.readers.document import Builder, Document, SetAside, UnreadableError, normalize

_FROM_LINE = re.compile(rb"(?:\A|(?<=\n))From [^\n]*\n")
_ESCAPED = re.compile(rb"(?m)^>(?=>*From )")
_REPLY = re.compile(r"^(?:\s*(?:re|fwd?|rv|aw|wg|tr|res|enc|sv|antw)(?:\[\d+\])?\s*:)+", re.I)
_QUOTED = re.compile(r"\s*>")
_SIGNATURE = re.compile(r"--\s?")
# "On 3 May 2024, Ana wrote:", in the languages of the word lists; it may run over two lines.
_WROTE = re.compile(
    r"(?:on|el|em|no dia|le|am|il|den?)\b.{4,300}?\b(?:wrote|escribió|escreveu|a écrit|schrieb|ha scritto)\b.{0,80}:",
    re.I,
)
_FORWARDED = re.compile(
    r"-{2,}\s*(?:original message|mensaje original|mensagem original|message d'origine|ursprüngliche nachricht|"
    r"messaggio originale|forwarded message|mensaje reenviado|mensagem encaminhada)\s*-{2,}",
    re.I,
)


@dataclass
class _Body:
    """The words of a message in three heaps: the writer's own, what is quoted, and the signature."""

    own: list[str] = field(default_factory=list)
    quoted: list[str] = field(default_factory=list)
    signature: list[str] = field(default_factory=list)


def read_message(content: bytes, path: PurePath) -> list[Document]:
    """Read one message."""
    return [_document([content], path)]


def read_mailbox(content: bytes, path: PurePath) -> list[Document]:
    """Read the messages of a mailbox, in its order."""
    starts = [*_FROM_LINE.finditer(content)]
    if not starts or content[: starts[0].start()].strip():
        raise UnreadableError("unreadable", "no mailbox: it doesn't begin with a line `From …`")
    ends = [*(match.start() for match in starts[1:]), len(content)]
    pieces = [_ESCAPED.sub(b"", content[match.end() : end]) for match, end in zip(starts, ends, strict=True)]
    return [_document(pieces, path)]


def _document(messages: list[bytes], path: PurePath) -> Document:
    builder = Builder()
    aside: list[SetAside] = []
    subjects: list[str] = []
    for number, content in enumerate(messages, start=1):
        try:
            message = message_from_bytes(content, policy=policy.default)
            _add(builder, aside, subjects, message, f"message {number}")
        except UnreadableError as error:
            aside.append(SetAside(f"message {number}", error.reason, error.detail))
        except Exception as error:  # header, charset and nesting errors have no common base
            aside.append(
                SetAside(f"message {number}", "unreadable", f"the parser broke off with {type(error).__name__}")
            )
    if not builder.blocks:
        raise UnreadableError(aside[0].reason if aside else "empty_file", aside[0].detail if aside else "no message")
    title = next(filter(None, subjects), "")
    return Document(path.suffix[1:].lower(), "utf-8", title, builder.text, builder.blocks, tuple(aside))


def _add(builder: Builder, aside: list[SetAside], subjects: list[str], message: EmailMessage, locator: str) -> None:
    """Add one message: its subject where it is new, its own words as a comment, the rest set aside below them."""
    if not message.keys():
        raise UnreadableError("unreadable", "no message: it has no header")
    text, attachments = _text(message)
    body = split(text)
    subject = _REPLY.sub("", str(message.get("subject", ""))).strip()
    if subject and subject not in subjects:
        builder.add(subject, f"{locator}, subject", "heading" if subjects else "title")
        subjects.append(subject)
    own = normalize("\n".join(body.own)).strip()
    name, address = parseaddr(str(message.get("from", "")))
    if own:
        builder.add(own, locator, "comment", voice=name or address or None)
    else:
        aside.append(SetAside(locator, "empty_cell", "the message has no words of its own"))
    for what, lines, reason in (("quotation", body.quoted, "quoted"), ("signature", body.signature, "byline")):
        if any(line.strip() for line in lines):
            heap = "\n".join(lines)
            builder.add(heap, "", skip=len(heap))
            aside.append(SetAside(f"{locator}, {what}", reason, f"{len(lines)} lines"))
    aside += [SetAside(f"{locator}, attachment {i}", "attachment", a) for i, a in enumerate(attachments, start=1)]


def split(text: str) -> _Body:
    """Sort the lines of a message: own words, quotations with the line that introduces them, signature."""
    body = _Body()
    lines = text.replace("\r\n", "\n").split("\n")
    heap = body.own
    i = 0
    while i < len(lines):
        line = lines[i]
        introduced = next((n for n in (1, 2, 3) if _WROTE.fullmatch(" ".join(lines[i : i + n]).strip())), 0)
        if _SIGNATURE.fullmatch(line) and heap is body.own:
            heap = body.signature
        elif introduced or _FORWARDED.fullmatch(line.strip()):
            taken = max(introduced, 1)
            body.quoted += lines[i : i + taken]
            i += taken
            if not any(map(_QUOTED.match, lines[i : i + 3])):
                heap = body.quoted  # quoted without marks: to the end
            continue
        elif _QUOTED.match(line):
            body.quoted.append(line)
        else:
            heap.append(line)
        i += 1
    return body


def _text(message: EmailMessage) -> tuple[str, list[str]]:
    """Return the readable text, plain before HTML, and what else is attached."""
    chosen = message.get_body(preferencelist=("plain", "html"))
    attachments = [
        part.get_content_type()
        for part in message.walk()
        if part is not chosen and not part.is_multipart() and (part.is_attachment() or part.get_filename())
    ]
    if chosen is None:
        return "", attachments
    payload = chosen.get_payload(decode=True)
    if not isinstance(payload, bytes) or not payload.strip():
        return "", attachments
    charset = chosen.get_content_charset()
    if chosen.get_content_type() == "text/html":
        return "\n".join(page.mail_lines(page.decode_page(payload, charset)[0])), attachments
    return _decoded(payload, charset), attachments


def _decoded(payload: bytes, charset: str | None) -> str:
    if charset and charset.lower() not in {"us-ascii", "ascii", "utf-8"}:
        try:
            return payload.decode(charset)
        except (LookupError, UnicodeDecodeError):
            pass
    return decode(payload)[0]
