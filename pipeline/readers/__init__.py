"""One reader per format: bytes in, documents out. `READERS` maps a file's suffix to its reader."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import PurePath
from types import MappingProxyType

from pipeline.readers import page, plain, records, word
from pipeline.readers.document import Block, Document, SetAside, UnreadableError

Reader = Callable[[bytes, PurePath], list[Document]]

READERS: Mapping[str, Reader] = MappingProxyType(
    {
        ".txt": plain.read,
        ".md": plain.read,
        ".html": page.read,
        ".htm": page.read,
        ".csv": records.read_delimited,
        ".tsv": records.read_delimited,
        ".xlsx": records.read_workbook,
        ".jsonl": records.read_jsonl,
        ".docx": word.read,
    }
)

__all__ = ["READERS", "Block", "Document", "Reader", "SetAside", "UnreadableError", "read"]


def read(content: bytes, path: PurePath) -> list[Document]:
    """Read a capture with the reader of its suffix; raise `UnreadableError` where it can't be used."""
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        known = ", ".join(sorted(READERS))
        raise UnreadableError("unknown_suffix", f"{path.suffix or 'no suffix'}; known are {known}")
    return reader(content, path)
