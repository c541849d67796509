"""Every text that could be quoted: tips and comments cut into units, without names, addresses and numbers.

A passage is searched as a whole, so that a name is found where its units part it; then each unit by itself, since it
is also quoted without what stands around it. Offsets stay those of the source.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import pandas as pd

from pipeline import privacy


class Piece(NamedTuple):
    """A unit of a passage, or what stands between two of them; joined they are the passage again."""

    text: str
    unit_id: str | None


class Quotable(NamedTuple):
    """Passages by id as pieces, their units by id as they may be quoted, passages that were changed, and by how much.

    `counts` holds `replaced` (kind of what was found → how often), `passages` (how many were changed) and
    `base_passages` (how many were searched).
    """

    passages: Mapping[str, tuple[Piece, ...]]
    units: Mapping[str, str]
    changed: frozenset[str]
    counts: Mapping[str, Any]

    def text(self, passage_id: str) -> str:
        """Return a whole passage."""
        return "".join(piece.text for piece in self.passages[passage_id])


def build(
    passages: pd.DataFrame, units: pd.DataFrame, finder: privacy.Finder, placeholders: Mapping[str, str]
) -> Quotable:
    """Return every passage that has units, with a placeholder for whatever must not be published."""
    replaced: Counter[str] = Counter()
    by_passage = dict(iter(units.groupby("passage_id", sort=False)))
    found: dict[str, tuple[Piece, ...]] = {}
    changed: set[str] = set()
    for row in passages[passages["passage_id"].isin(by_passage.keys())].itertuples():
        spans = finder.find(row.text, row.language)
        before = replaced.total()
        replaced.update(span.kind for span in spans)
        pieces = []
        for start, end, unit_id in cuts(row.text, int(row.start), by_passage[row.passage_id]):
            text = privacy.rendered(row.text, spans, placeholders, start, end) if spans else row.text[start:end]
            text, more = finder.replace(text, placeholders, row.language)
            replaced.update(more)
            pieces.append(Piece(text, unit_id))
        found[row.passage_id] = tuple(pieces)
        if replaced.total() > before:
            changed.add(row.passage_id)
    quoted = {piece.unit_id: piece.text for pieces in found.values() for piece in pieces if piece.unit_id}
    counts = {
        "replaced": {kind: replaced[kind] for kind in privacy.KINDS},
        "passages": len(changed),
        "base_passages": len(found),
    }
    return Quotable(found, quoted, frozenset(changed), counts)


def cuts(text: str, offset: int, units: pd.DataFrame) -> Iterator[tuple[int, int, str | None]]:
    """Yield where a passage is cut: units, and what lies between, in order, as (start, end, unit id or None)."""
    place = 0
    for unit_id, first, last in sorted(
        zip(units["unit_id"], units["start"], units["end"], strict=True), key=lambda unit: unit[1]
    ):
        start, end = int(first) - offset, int(last) - offset
        if start > place:
            yield place, start, None
        yield start, end, unit_id
        place = end
    if place < len(text):
        yield place, len(text), None
