"""Findings, and what must not be concluded, as sentences; the numbers in them are those of the records."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipeline.report import page, variations, wording
from pipeline.report.strings import Strings

Record = Mapping[str, Any]
_GROUPS = {"language": "languages", "role": "roles"}


def findings(found: Mapping[str, Any], t: Strings) -> list[dict[str, Any]]:
    """Return each finding's sentence, grade and section."""
    labels = wording.labels(found, t)
    return [
        {
            "kind": record["kind"],
            "text": sentence(record, labels, t),
            "grade": record["grade"],
            "section": record["section"],
        }
        for record in found["findings"]
    ]


def cautions(found: Mapping[str, Any], t: Strings) -> list[str]:
    """Return what must not be concluded."""
    labels = wording.labels(found, t)
    return [t(f"cautions.{record['key']}", **_named(record["values"], labels, t)) for record in found["cautions"]]


def sentence(record: Record, labels: Mapping[str, str], t: Strings) -> str:
    """Return a finding as a sentence."""
    values, key = record["values"], record["key"]
    if record["kind"] == "themes":
        listed = "; ".join(_theme(one, labels, values, t) for one in values["list"])
        return t(f"findings.{key}", list=listed, **_plain(values))
    if key in ("more_voices", "more_units", "groups_differ"):
        listed = "; ".join(_pair(one, labels, t) for one in values["list"])
        return t(f"findings.{key}", list=listed, **_plain(values))
    if record["kind"] == "sensitivity":
        name = variations.name(values, t)
        shown = {"points": page.points(values["points"]), "variation": name, "theme": labels[record["themes"][0]]}
        return t(f"findings.{key}", **shown, n_variations=values["n_variations"])
    share = {"share": page.percent(values["share"])} if "share" in values else {}
    return t(f"findings.{key}", **{**_plain(values), **share})


def _theme(one: Record, labels: Mapping[str, str], values: Record, t: Strings) -> str:
    counts = {"label": labels[one["theme"]], "n_voices": one["n_voices"], "n_units": one["n_units"]}
    if not values["n_gold"]:
        return t("findings.theme_raw", **counts)
    if one["low"] is None:
        return t("findings.theme_unknown", **counts)
    return t("findings.theme", **counts, **_percents(one))


def _pair(one: Record, labels: Mapping[str, str], t: Strings) -> str:
    a, b = _percents(one["a_share"]), _percents(one["b_share"])
    shown = {f"a_{key}": value for key, value in a.items()} | {f"b_{key}": value for key, value in b.items()}
    if "group" not in one:
        return t("findings.pair", a=labels[one["a"]], b=labels[one["b"]], **shown)
    names = {side: t.name(_GROUPS[one["group"]], one[side]) if one["group"] in _GROUPS else one[side] for side in "ab"}
    return t("findings.pair_of_groups", label=labels[one["theme"]], **names, **shown)


def _percents(share: Record) -> dict[str, str]:
    return {key: page.percent(share[key]) for key in ("share", "low", "high")}


def _plain(values: Record) -> dict[str, Any]:
    return {key: value for key, value in values.items() if key != "list"}


def _named(values: Record, labels: Mapping[str, str], t: Strings) -> dict[str, Any]:
    """Return a caution's values with themes and languages by name."""
    names = dict(values)
    if "themes" in values:
        names["themes"] = ", ".join(labels[theme] for theme in values["themes"])
    if "languages" in values:
        names["languages"] = ", ".join(t.name("languages", code) for code in values["languages"])
    if "language" in values:
        names["language"] = t.name("languages", values["language"])
    return names
