"""The figures about topics: which numbers each shows, and what each says in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from pipeline import topic_charts
from pipeline.crosswalk import ABSTAINED
from pipeline.report import page, topic_facts
from pipeline.report.strings import Strings
from pipeline.report.wording import Results
from pipeline.topic_results import UNSTABLE

MAX_NAMES = 16  # on the map; more would cover it


def draw(found: Results, labels: Mapping[str, str], min_units: int, t: Strings) -> dict[str, Any]:
    """Return the figures by name; where there is nothing to draw, each says why."""
    topics = found["topics"]
    nothing = topic_facts.intro(topics, min_units, t)[0] if not topics["rows"] else ""
    return {
        "topics": topic_charts.sizes(
            [row["label"] for row in topics["rows"]],
            [row["n_units"] for row in topics["rows"]],
            [_note(row, topics["n_refits"], t) for row in topics["rows"]],
            [row["steadiness"] == UNSTABLE for row in topics["rows"]],
            t("topics.axis"),
            nothing,
        ),
        "topic_languages": _languages(topics, nothing, t),
        "topic_fits": _fits(topics, nothing or t("topics.no_fits"), t),
        "topic_map": _map(found, labels, t),
    }


def alternatives(found: Results, min_units: int, t: Strings) -> dict[str, str]:
    """Return what each figure shows, in words and numbers."""
    topics, points = found["topics"], found["points"]
    if not topics["rows"]:
        said = topic_facts.intro(topics, min_units, t)[0]
        return dict.fromkeys(("topics", "topic_languages", "topic_fits"), said) | {"topic_map": _map_words(points, t)}
    largest = max(topics["rows"], key=lambda row: row["n_units"])
    stable = sum(row["steadiness"] != UNSTABLE for row in topics["rows"])
    return {
        "topics": t(
            "topics.alt", label=largest["label"], n=largest["n_units"], n_stable=stable, n_topics=len(topics["rows"])
        ),
        "topic_languages": _languages_words(topics, t),
        "topic_fits": _fits_words(topics["fits"], t),
        "topic_map": _map_words(points, t),
    }


def _note(row: Mapping[str, Any], n_refits: int, t: Strings) -> str:
    """Return what stands beside a bar: the units, in how many refits, and that it is unstable."""
    parts = [str(row["n_units"]), topic_facts.stability(row, n_refits, t)]
    return " · ".join([*parts, *([t("topics.unstable")] if row["steadiness"] == UNSTABLE else [])])


def _languages(topics: Results, nothing: str, t: Strings) -> Any:
    split = topics["split"]
    shares = np.array([split["all"], *split["rows"]], dtype=float).reshape(len(split["rows"]) + 1, -1)
    return topic_charts.languages(
        [t("topics.all_units"), *(_name(row, 34, t) for row in topics["rows"])]
        if topics["rows"] and shares.size
        else [],
        [t.name("languages", level) for level in split["levels"]],
        shares,
        t("groups.suppressed"),
        t("topics.languages_axis"),
        nothing or t("groups.none"),
    )


def _languages_words(topics: Results, t: Strings) -> str:
    split = topics["split"]
    if not split["levels"]:
        return t("groups.none")
    apart = [own[0] - split["all"][0] for own in split["rows"]]
    furthest = int(np.argmax(np.abs(apart)))
    return t(
        "topics.languages_alt",
        language=t.name("languages", split["levels"][0]),
        share=page.percent(split["all"][0]),
        label=topics["rows"][furthest]["label"],
        own=page.percent(split["rows"][furthest][0]),
    )


def _fits(topics: Results, nothing: str, t: Strings) -> Any:
    fits = topics["fits"] if topics["rows"] else []
    chosen = next((fit["k"] for fit in fits if fit["chosen"]), None)
    return topic_charts.evidence(
        [fit["k"] for fit in fits],
        [fit["silhouette"] for fit in fits],
        [fit["agreement"] for fit in fits],
        chosen,
        (t("topics.silhouette"), t("topics.agreement"), t("topics.fits_axis"), t("topics.chosen", k=chosen)),
        nothing,
    )


def _fits_words(fits: list[Mapping[str, Any]], t: Strings) -> str:
    chosen = next((fit for fit in fits if fit["chosen"]), None)
    if chosen is None:
        return t("topics.no_fits")
    figures = {key: page.figure(chosen[key]) for key in ("silhouette", "agreement")}
    return t("topics.fits_alt", low=fits[0]["k"], high=fits[-1]["k"], k=chosen["k"], **figures)


def _map(found: Results, labels: Mapping[str, str], t: Strings) -> Any:
    points, topics = found["points"], found["topics"]["rows"]
    middles = {middle["topic"]: middle for middle in points["middles"]}
    largest = sorted((row for row in topics if row["id"] in middles), key=lambda row: (-row["n_units"], row["id"]))[
        :MAX_NAMES
    ]
    names = [(middles[row["id"]]["x"], middles[row["id"]]["y"], _short(row, t)) for row in largest]
    note = _map_note(points, len(topics), t)
    return topic_charts.units(points, {**labels, ABSTAINED: t("topics.abstained")}, names, note, t("topics.no_map"))


def _short(row: Mapping[str, Any], t: Strings) -> str:
    """Return a topic's name as it stands on the map, where there is room for two of its words."""
    return _name({**row, "label": ", ".join(row["label"].split(", ")[:2])}, 38, t)


def _name(row: Mapping[str, Any], room: int, t: Strings) -> str:
    """Return a topic's label, and whether it is unstable, in at most `room` characters."""
    mark = f" ({t('topics.unstable')})" if row["steadiness"] == UNSTABLE else ""
    label, left = str(row["label"]), room - len(mark)
    return (label if len(label) <= left else label[: left - 1].rstrip(" ,") + "…") + mark


def _map_note(points: Results, n_topics: int, t: Strings) -> str:
    """Return how many units are drawn, how near and far are to be read, and which topics are named."""
    drawn = len(points["x"])
    said = t("topics.map_all" if drawn == points["n_units"] else "topics.map_some", drawn=drawn, n=points["n_units"])
    if not n_topics:
        return said
    return f"{said} {t('topics.map_names' if n_topics <= MAX_NAMES else 'topics.map_largest', n=MAX_NAMES)}"


def _map_words(points: Results, t: Strings) -> str:
    if points["alike"] is None:
        return t("topics.no_map")
    shares = {key: page.percent(points[key]) for key in ("alike", "by_chance")}
    return t("topics.map_alt", drawn=len(points["x"]), n=points["n_units"], n_topics=len(points["middles"]), **shares)
