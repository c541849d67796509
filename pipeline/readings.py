"""What a reader may see of every unit that was coded, in one edition: its words where they may stand, and its facets.

A facet of a group that has too few voices is None: with it the group could be counted. So is every text that the
edition may not show.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import pandas as pd

from pipeline import estimates
from pipeline.editions import Edition
from pipeline.estimates import GROUPS, OTHER, PEOPLE
from pipeline.paraphrases import Paraphrase
from pipeline.quotable import Quotable

Reading = dict[str, Any]
CONTEXT = 240  # characters of the passage before and after a unit


def build(
    tables: Mapping[str, pd.DataFrame],
    eligible: pd.DataFrame,
    edition: Edition,
    quotable: Quotable,
    paraphrases: Mapping[str, Paraphrase],
    k: int = 1,
) -> list[Reading]:
    """Return one reading for every eligible unit, by unit id.

    Args:
        tables: the processed tables by name.
        eligible: the units that were coded (`estimates.eligible_units`).
        edition: decides what may be shown, and how a source is called.
        quotable: the words, names replaced.
        paraphrases: what people wrote in place of units, by unit id.
        k: fewer voices are not told apart by their facets in the public edition.
    """
    facts = _Facts(tables)
    rows = eligible.sort_values("unit_id")
    rows = rows.assign(shown=facets(rows, facts.hidden, k if edition.is_public else 1))
    return [
        {
            "id": row.unit_id,
            **_words(row, edition, quotable, paraphrases),
            **facts.facets(row, edition),
            **facts.codes(row.unit_id),
            **facts.place_on_map(row.unit_id),
            "copies": int(facts.repeats.get(row.passage_id, 0)),
            "stance": facts.stances.get(row.passage_id),
            "place": None if edition.is_public else facts.place(row, edition),
        }
        for row in rows.itertuples()
    ]


def facets(units: pd.DataFrame, hidden: Mapping[str, Collection[str]], k: int) -> list[dict[str, str | None]]:
    """Return language, role and source of every unit, None where they may not be told.

    That is where the level is hidden, and where all that is told of a unit together fits fewer than `k` voices: then
    first its source is withheld, next its role, at last its language (global recoding: Sweeney, IJUFKS 10, 2002).

    Args:
        units: `voice`, and a column per group.
        hidden: per group, the levels that no table shows.
        k: the least number of voices that have the same facets.
    """
    told = units[[*GROUPS]].astype(object)
    for group in GROUPS:
        told[group] = told[group].where(~told[group].isin(set(hidden[group])), None)
    for group in ("source", "role", "language"):
        together = [told[name].fillna("") for name in GROUPS]
        few = units.groupby(together)["voice"].transform("nunique") < k
        told[group] = told[group].where(~few, None)
    rows: list[dict[str, str | None]] = told.to_dict("records")
    return rows


def _words(row: Any, edition: Edition, quotable: Quotable, paraphrases: Mapping[str, Paraphrase]) -> Reading:
    """Return what may be shown of a unit's words, in which language, and what stands around them."""
    policy, paraphrase = edition.allows(row.source), paraphrases.get(row.unit_id)
    if policy == "verbatim":
        context = around(quotable, row.passage_id, row.unit_id)
        return {"text": quotable.units[row.unit_id], "kind": "verbatim", "lang": row.language, "context": context}
    if policy == "paraphrase" and paraphrase is not None:
        lang = paraphrase.language or row.language
        return {"text": paraphrase.text, "kind": "paraphrase", "lang": lang, "context": None}
    return {"text": None, "kind": "withheld", "lang": None, "context": None}


def around(quotable: Quotable, passage_id: str, unit_id: str) -> dict[str, str]:
    """Return what stands before and after a unit in its passage, cut at a word."""
    pieces = quotable.passages[passage_id]
    at = next(i for i, piece in enumerate(pieces) if piece.unit_id == unit_id)
    before = "".join(piece.text for piece in pieces[:at]).strip()
    after = "".join(piece.text for piece in pieces[at + 1 :]).strip()
    if len(before) > CONTEXT:
        before = "… " + before[-CONTEXT:].partition(" ")[2]
    if len(after) > CONTEXT:
        after = after[:CONTEXT].rpartition(" ")[0] + " …"
    return {"before": before, "after": after}


class _Facts:
    """The tables as look-ups."""

    def __init__(self, tables: Mapping[str, pd.DataFrame]) -> None:
        self.files = dict(zip(tables["sources"]["source_id"], tables["sources"]["file"], strict=True))
        self.locators = dict(zip(tables["passages"]["passage_id"], tables["passages"]["locator"], strict=True))
        self.repeats = estimates.occurrences(tables["duplicates"]).to_dict()
        self.hidden = estimates.hidden_levels_of(tables["theme_estimates"])
        self.codings: dict[str, list[Any]] = {}
        for row in tables["codings"].itertuples():
            self.codings.setdefault(row.unit_id, []).append(row)
        memberships = tables["topic_memberships"]
        memberships = memberships[memberships["assigned"]]
        self.topics = dict(zip(memberships["unit_id"], memberships["topic_id"], strict=True))
        self.layout = {row.unit_id: (row.x, row.y) for row in tables["layout"].itertuples()}
        self.stances = dict(zip(tables["stances"]["passage_id"], tables["stances"]["stance"], strict=True))

    def facets(self, row: Any, edition: Edition) -> Reading:
        shown: Reading = row.shown
        return {**shown, "source": shown["source"] and edition.files[self.files[row.source]]}

    def codes(self, unit_id: str) -> Reading:
        rows: Sequence[Any] = self.codings.get(unit_id, ())
        scores = {row.theme_id: float(row.score) for row in rows if row.assigned}
        best = max((float(row.score) for row in rows), default=0.0)
        status = "abstained" if not scores else "other" if set(scores) == {OTHER} else "assigned"
        return {
            "themes": list(scores),
            "status": status,
            "scores": scores,
            "certainty": min(scores.values(), default=best),
            "by": "people" if any(row.method == PEOPLE for row in rows) else "machine",
        }

    def place_on_map(self, unit_id: str) -> Reading:
        topic, (x, y) = self.topics.get(unit_id), self.layout.get(unit_id, (None, None))
        return {
            "topic": None if topic is None else int(topic),
            "x": None if x is None else float(x),
            "y": None if y is None else float(y),
        }

    def place(self, row: Any, edition: Edition) -> str:
        return f"{edition.files[self.files[row.source]]}, {self.locators[row.passage_id]}, {row.start}–{row.end}"
