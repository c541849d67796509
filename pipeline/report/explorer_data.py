"""What the explorer's script reads: units as columns, facets with their names, vectors in small form.

The page gets nothing that its edition does not show: what is withheld here is not in the file.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from pipeline import __version__
from pipeline.editions import Edition
from pipeline.report import small_vectors
from pipeline.report.strings import Strings

Reading = Mapping[str, Any]
PUBLIC = "public"
# From which certainty on a coding is called what.
BANDS = (("sure", 0.8), ("middling", 0.5), ("unsure", 0.0))
KINDS = ("verbatim", "paraphrase", "withheld")
STATUSES = ("assigned", "other", "abstained")
STANCES = ("restorable", "conditional", "not_restorable")
# Facets of groups that the small-cell rule may have emptied: None is a value there, and means “withheld”.
_GROUPS = ("language", "role", "source")


def build(
    found: Mapping[str, Any],
    readings: Sequence[Reading],
    edition: Edition,
    t: Strings,
    vectors: np.ndarray | None = None,
) -> dict[str, Any]:
    """Return what the page's script reads, as values that JSON has.

    Args:
        found: what `pipeline.results.build` returns.
        readings: the units that the edition may show, in order.
        edition: which edition the page belongs to.
        t: the strings of the page's language.
        vectors: readings × d; without them the page has no search by meaning.
    """
    shown = [_shown(reading, edition) for reading in readings]
    return {
        "edition": edition.name,
        "language": t.language,
        "k": found["settings"]["report"]["min_voices"],
        "title": found["study"]["title"],
        "citation": citation(found, edition, t),
        "strings": dict(t.section("explorer")),
        "facets": facets(found, shown, t),
        "units": _columns(shown),
        "vectors": _small(shown, edition, vectors),
    }


def citation(found: Mapping[str, Any], edition: Edition, t: Strings) -> str:
    """Return how a unit is cited, with `{unit}` where its id goes."""
    return t(
        "explorer.citation",
        title=found["study"]["title"],
        edition=t(f"explorer.edition_{edition.name}"),
        unit="{unit}",
        version=__version__,
        settings=found["run"]["settings"][:12],
        code=found["run"]["code"][:12],
    )


def _shown(reading: Reading, edition: Edition) -> dict[str, Any]:
    """Return the reading without what its kind and edition forbid, whatever it holds."""
    kept = dict(reading)
    if kept["kind"] == "withheld" or kept["text"] is None:
        kept |= {"kind": "withheld", "text": None}
    if kept["kind"] != "verbatim":
        kept["context"] = None
    if edition.name == PUBLIC:
        kept["place"] = None
    return kept


def _columns(shown: Sequence[Reading]) -> dict[str, list[Any]]:
    """Return the units as columns, which a browser parses far quicker than objects; the last ones only if filled."""
    columns: dict[str, list[Any]] = {
        "id": [r["id"] for r in shown],
        "text": [r["text"] for r in shown],
        "kind": [KINDS.index(r["kind"]) for r in shown],
        "lang": [r.get("lang") or r["language"] or "und" for r in shown],
        "scores": [_flat([_rounded(r["scores"].get(theme)) for theme in r["themes"]]) for r in shown],
        "certainty": [_rounded(r["certainty"]) for r in shown],
        "copies": [r["copies"] for r in shown],
    }
    optional: dict[str, list[Any]] = {
        "x": [_rounded(r["x"], 4) for r in shown],
        "y": [_rounded(r["y"], 4) for r in shown],
        "context": [r["context"] and [r["context"]["before"], r["context"]["after"]] for r in shown],
        "place": [r["place"] for r in shown],
    }
    return columns | {name: values for name, values in optional.items() if any(value is not None for value in values)}


def facets(found: Mapping[str, Any], shown: Sequence[Reading], t: Strings) -> list[dict[str, Any]]:
    """Return the facets: their key, their values (key and name) and which values each unit has."""
    topics = {row["id"]: row["label"] for row in found["topics"]["rows"]}
    own = "explorer"
    return [
        _facet("theme", theme_names(found, t), [r["themes"] for r in shown]),
        _single("topic", _names(shown, "topic", lambda topic: topics.get(topic, str(topic))), shown, "topic"),
        _single("language", _names(shown, "language", lambda code: t.name("languages", code)), shown, "language"),
        _single("role", _names(shown, "role", lambda code: t.name("roles", code)), shown, "role"),
        _single("source", _names(shown, "source", str), shown, "source"),
        _facet("certainty", band_names(t), [[band(r["certainty"])] for r in shown]),
        _single("status", {s: t(f"{own}.status_{s}") for s in STATUSES}, shown, "status"),
        _single("stance", {s: t(f"{own}.stance_{s}") for s in STANCES}, shown, "stance"),
        _single("by", {who: t(f"{own}.by_{who}") for who in ("people", "machine")}, shown, "by"),
    ]


def theme_names(found: Mapping[str, Any], t: Strings) -> dict[str, str]:
    """Return the themes' labels in codebook order, and what no theme holds."""
    return {**{theme["id"]: theme["label"] for theme in found["codebook"]}, "other": t("prevalence.other")}


def band(certainty: float) -> str:
    """Return what a certainty is called."""
    return next(name for name, least in BANDS if certainty >= least)


def band_names(t: Strings) -> dict[str, str]:
    """Return the bands of certainty in words and numbers."""
    (sure, high), (middling, low), (unsure, _) = BANDS
    return {
        sure: t("explorer.certainty_sure", least=f"{high:.2f}"),
        middling: t("explorer.certainty_middling", least=f"{low:.2f}", most=f"{high - 0.01:.2f}"),
        unsure: t("explorer.certainty_unsure", under=f"{low:.2f}"),
    }


def _names(shown: Sequence[Reading], column: str, name: Callable[[Any], str]) -> dict[Any, str]:
    """Return the values that occur, the most frequent first."""
    counts = Counter(r[column] for r in shown if r[column] is not None)
    return {value: name(value) for value, _ in sorted(counts.items(), key=lambda item: (-item[1], item[0]))}


def _single(key: str, names: Mapping[Any, str], shown: Sequence[Reading], column: str) -> dict[str, Any]:
    withheld = column in _GROUPS
    return _facet(key, names, [[r[column]] if r[column] is not None or withheld else [] for r in shown])


def _facet(key: str, names: Mapping[Any, str], values: Sequence[Sequence[Any]]) -> dict[str, Any]:
    """Return one facet; a value None gets a place of its own, called by nothing: the page says “withheld”."""
    order = [*names, None] if any(None in own for own in values) else [*names]
    place = {value: i for i, value in enumerate(order)}
    return {
        "key": key,
        "values": [["" if v is None else str(v), None if v is None else names[v]] for v in order],
        "cells": [_flat([place[value] for value in own]) for own in values],
    }


def _flat(own: list[Any]) -> Any:
    """Return a list of one as its one value: most are, and half a million small lists open slowly."""
    return own[0] if len(own) == 1 else own


def _small(shown: Sequence[Reading], edition: Edition, vectors: np.ndarray | None) -> dict[str, Any] | None:
    """Return the vectors of the units whose own words are shown; a vector says something of the words behind it."""
    kinds = ("verbatim",) if edition.name == PUBLIC else ("verbatim", "paraphrase")
    rows = [i for i, reading in enumerate(shown) if reading["kind"] in kinds]
    if vectors is None or len(rows) < 2:
        return None
    small = small_vectors.shrink(vectors[rows], [shown[i]["language"] for i in rows])
    if not small.dimensions:
        return None
    return {"rows": rows, "dimensions": small.dimensions, "base64": small.base64()}


def _rounded(value: float | None, digits: int = 3) -> float | None:
    return None if value is None else round(float(value), digits)
