"""Which words stand in the report: excerpts of every theme, of what was not coded, and the passages behind them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import zip_longest
from typing import Any

import pandas as pd

from pipeline import estimates
from pipeline.editions import Edition
from pipeline.paraphrases import Paraphrase
from pipeline.quotable import Quotable
from pipeline.readings import Reading
from pipeline.stances import NOT_RESTORABLE

MAX_UNCODED = 8
MAX_CENTRAL = 3
Excerpt = dict[str, Any]


def add(
    found: Mapping[str, Any],
    readings: Sequence[Reading],
    tables: Mapping[str, pd.DataFrame],
    edition: Edition,
    quotable: Quotable,
    written: Mapping[str, Paraphrase],
    limit: int,
) -> dict[str, Any]:
    """Return the results with the excerpts that an edition may show, at most `limit` of a theme."""
    passages = tables["passages"].set_index("passage_id")
    passage_of = tables["units"].set_index("unit_id")["passage_id"]
    voices = estimates.voices(tables["passages"])
    shown = [{**r, "passage_id": passage_of[r["id"]]} for r in readings if r["text"] is not None] if limit else []
    shown = [{**r, "voice": voices[r["passage_id"]]} for r in shown]
    themes = [
        {**theme, "excerpts": chosen([r for r in shown if theme["id"] in r["themes"]], theme["id"], limit)}
        for theme in found["themes"]
    ]
    uncoded = {
        **found["uncoded"],
        "other": chosen([r for r in shown if r["status"] == "other"], estimates.OTHER, limit),
        "abstained": unsure([r for r in shown if r["status"] == "abstained"]),
        "silent": whole(silent(tables["units"]), passages, edition, quotable, written) if limit else [],
        "dissent": whole(dissent(tables["stances"]), passages, edition, quotable, written) if limit else [],
    }
    topics = [{**topic, "excerpts": central(topic["central"], shown, limit)} for topic in found["topics"]["rows"]]
    quoted = {e["passage_id"] for entry in (*themes, *topics) for e in entry["excerpts"]}
    quoted |= {e["passage_id"] for kind in ("other", "abstained", "silent", "dissent") for e in uncoded[kind]}
    verbatim = sorted(i for i in quoted if edition.allows(passages.at[i, "source_id"]) == "verbatim")
    return {
        **found,
        "themes": themes,
        "topics": {**found["topics"], "rows": topics},
        "uncoded": uncoded,
        "passages": list(_places(verbatim, passages, tables, edition, quotable, readings)),
    }


def chosen(readings: Sequence[Reading], theme_id: str, limit: int) -> list[Excerpt]:
    """Choose excerpts: the surest of each language in turn, one per voice."""
    by_score = sorted(readings, key=lambda r: (-r["scores"][theme_id], r["id"]))
    firsts: dict[Any, Reading] = {}
    for reading in by_score:
        firsts.setdefault(reading["voice"], reading)
    lanes: dict[str, list[Reading]] = {}
    for reading in firsts.values():
        lanes.setdefault(reading["lang"], []).append(reading)
    turns = [r for turn in zip_longest(*lanes.values()) for r in turn if r is not None]
    return [_excerpt(r, theme_id) for r in turns[:limit]]


def central(units: Mapping[str, Sequence[str]], readings: Iterable[Reading], limit: int) -> list[Excerpt]:
    """Return a topic's most central units, of each language in turn.

    Args:
        units: ids of the central units by language, the most central first.
        readings: those that may be shown.
        limit: how many excerpts at most, and never more than `MAX_CENTRAL`.
    """
    by_id = {reading["id"]: reading for reading in readings}
    turns = [unit for turn in zip_longest(*units.values()) for unit in turn if unit in by_id]
    return [_excerpt(by_id[unit], "") for unit in turns[: min(limit, MAX_CENTRAL)]]


def unsure(readings: Iterable[Reading]) -> list[Excerpt]:
    """Return units about which the coder can't tell, one per voice."""
    firsts: dict[Any, Reading] = {}
    for reading in readings:
        firsts.setdefault(reading["voice"], reading)
    return [_excerpt(r, "") for r in list(firsts.values())[:MAX_UNCODED]]


def silent(units: pd.DataFrame) -> Iterable[str]:
    """Return tips and comments that recommend nothing."""
    recommends = units.groupby("passage_id")["is_recommendation"].any()
    return list(recommends.index[~recommends])


def dissent(stances: pd.DataFrame) -> Iterable[str]:
    """Return tips and comments that say trust cannot be restored."""
    return list(stances.loc[stances["stance"] == NOT_RESTORABLE, "passage_id"])


def whole(
    ids: Iterable[str],
    passages: pd.DataFrame,
    edition: Edition,
    quotable: Quotable,
    written: Mapping[str, Paraphrase],
) -> list[Excerpt]:
    """Return passages by id, at most `MAX_UNCODED`: word for word, or what people wrote in place of their units."""
    shown: list[Excerpt] = []
    for i in sorted(ids):
        policy, language = edition.allows(passages.at[i, "source_id"]), passages.at[i, "language"]
        instead = [written[u] for _, u in quotable.passages[i] if u is not None and u in written]
        if policy == "verbatim":
            shown.append({"passage_id": i, "text": quotable.text(i), "kind": policy, "language": language})
        elif policy == "paraphrase" and instead:
            text = " … ".join(one.text for one in instead)
            shown.append({"passage_id": i, "text": text, "kind": policy, "language": instead[0].language or language})
    return shown[:MAX_UNCODED]


def _excerpt(reading: Reading, theme_id: str) -> Excerpt:
    return {
        "unit_id": reading["id"],
        "passage_id": reading["passage_id"],
        "text": reading["text"],
        "kind": reading["kind"],
        "language": reading["lang"],
        "role": reading["role"],
        "score": reading["scores"].get(theme_id),
        "codes": [code for code in reading["themes"] if code != theme_id],
        "copies": reading["copies"],
    }


def _places(
    ids: Sequence[str],
    passages: pd.DataFrame,
    tables: Mapping[str, pd.DataFrame],
    edition: Edition,
    quotable: Quotable,
    readings: Iterable[Reading],
) -> Iterable[dict[str, Any]]:
    """Yield the passages behind the excerpts with their units; where they stand only in the restricted edition."""
    codes = {r["id"]: r["themes"] for r in readings}
    repeats = estimates.occurrences(tables["duplicates"])
    files = tables["sources"].set_index("source_id")["file"]
    for passage_id in ids:
        row = passages.loc[passage_id]
        yield {
            "passage_id": passage_id,
            "file": edition.files[files[row["source_id"]]],
            "locator": None if edition.is_public else row["locator"],
            "start": None if edition.is_public else int(row["start"]),
            "end": None if edition.is_public else int(row["end"]),
            "language": row["language"],
            "role": row["role"],
            "copies": int(repeats.get(passage_id, 0)),
            "pieces": [
                {"text": piece.text, "unit_id": piece.unit_id, "codes": codes.get(piece.unit_id or "", [])}
                for piece in quotable.passages[passage_id]
            ],
        }
