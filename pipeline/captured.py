"""What the captures hold, before it is a table; and the same without those who are forgotten."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from pipeline import forgotten, roles
from pipeline.forgotten import Memory
from pipeline.readers import Document, SetAside


@dataclass(frozen=True, slots=True)
class Source:
    """A document with its id and the file it came from."""

    source_id: str
    file: str
    sha256: str
    size: int
    document: Document


@dataclass(frozen=True, eq=False)
class Captured:
    """What the captures hold: sources, rows of rejects, and what was said in them.

    `said` has the columns of passages but their ids, and `signed`: the name under a block of any role, or an empty
    string.
    """

    sources: list[Source]
    rejects: list[dict[str, str]]
    said: pd.DataFrame

    @property
    def names(self) -> list[str]:
        """Everybody who has signed something."""
        return sorted({name for name in self.said["signed"] if name})


def without(found: Captured, memory: Memory) -> Captured:
    """Return what is left when those who are forgotten are dropped and their words and names made blocks."""
    said = found.said
    if not memory.tombstones and not any(forgotten.BLANK in s.document.text for s in found.sources):
        return found
    gone = is_forgotten(said, memory)
    known = forgotten.runs(said.loc[gone, "text"])
    spans = {source_id: _spans(own[own["gone"]]) for source_id, own in said.assign(gone=gone).groupby("source_id")}
    kept = said[~gone]
    places = {source_id: _spans(own) for source_id, own in kept.groupby("source_id")}
    sources = [
        _blanked(source, spans.get(source.source_id, []), places.get(source.source_id, []), known, memory)
        for source in found.sources
    ]
    texts = {source.source_id: source.document.text for source in sources}
    kept = kept.assign(
        text=[texts[i][a:b] for i, a, b in zip(kept["source_id"], kept["start"], kept["end"], strict=True)]
    )
    return Captured(sources, [*found.rejects, *_dropped(said[gone], found)], kept)


def is_forgotten(said: pd.DataFrame, memory: Memory) -> np.ndarray:
    """Return which blocks are dropped: signed by somebody forgotten, an unsigned copy, or only blocks."""
    return np.array(
        [
            memory.knows_voice(name)
            or (not name and memory.knows_text(text, role == roles.COMMENT))
            or forgotten.is_blank(text)
            for name, role, text in zip(said["signed"], said["role"], said["text"], strict=True)
        ],
        dtype=bool,
    )


def _spans(said: pd.DataFrame) -> list[forgotten.Span]:
    return list(zip(said["start"], said["end"], strict=True))


def _blanked(
    source: Source,
    gone: list[forgotten.Span],
    kept: list[forgotten.Span],
    known: frozenset[tuple[str, ...]],
    memory: Memory,
) -> Source:
    """Make blocks of what is dropped, of its words beside the passages that stay, and of names anywhere."""
    text, title = source.document.text, source.document.title
    beside = [
        span for span in forgotten.run_spans(text, known) if not any(span[0] < b and a < span[1] for a, b in kept)
    ]
    spans = [*gone, *beside, *memory.name_spans(text)]
    if not spans and not title:
        return source
    headed = any(title and title in text[start:end] for start, end in gone)
    title_spans = [(0, len(title))] if headed else [*forgotten.run_spans(title, known), *memory.name_spans(title)]
    document = replace(
        source.document, text=forgotten.blanked(text, spans), title=forgotten.blanked(title, title_spans)
    )
    return replace(source, document=document)


def _dropped(gone: pd.DataFrame, found: Captured) -> list[dict[str, str]]:
    """Return rows of rejects for what is dropped: where it was, and not a word of it."""
    files = {source.source_id: source.file for source in found.sources}
    taken = {(row["source_id"], row["locator"]) for row in found.rejects}
    rows = []
    for source_id, locator in zip(gone["source_id"], gone["locator"], strict=True):
        place = f"{locator} (forgotten)" if (source_id, locator) in taken else locator
        taken.add((source_id, place))
        rows.append(reject(source_id, files[source_id], SetAside(place, "forgotten", "")))
    return rows


def reject(source_id: str, file: str, piece: SetAside) -> dict[str, str]:
    """Return a row of rejects."""
    return {
        "source_id": source_id,
        "locator": piece.locator,
        "file": file,
        "reason": piece.reason,
        "detail": piece.detail,
    }
