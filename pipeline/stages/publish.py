"""Draw the charts and write the theme report and the tables behind it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from pipeline import __version__, charts, manifest, results
from pipeline.engines.coder import TRAINED
from pipeline.engines.recommender import read_json
from pipeline.engines.topics import MIN_UNITS
from pipeline.report import page
from pipeline.report.strings import Strings
from pipeline.store import Store
from pipeline.study import Study

_TABLES = (
    "sources",
    "rejects",
    "passages",
    "duplicates",
    "units",
    "codings",
    "themes",
    "theme_estimates",
    "cooccurrence",
    "topics",
    "topic_memberships",
    "topic_themes",
)
Results = Mapping[str, Any]


def run(study: Study, store: Store) -> None:
    """Load the tables, gather the numbers, save charts, tables and the page."""
    tables = {name: store.table(name) for name in _TABLES}

    found = results.build(study, tables, manifest.describe(study), read_json("figures.json"))
    text = Strings(study.languages[0])
    figures = draw(found, text)
    svgs = {name: charts.to_svg(figure) for name, figure in figures.items()}
    shown = {name: _inline(svg) for name, svg in svgs.items()} | alternatives(found, text)
    html = page.render(found, shown, study.languages[0], facts(study, found, text))

    for name, figure in figures.items():
        store.save_bytes(f"reports/figures/{name}.svg", svgs[name])
        store.save_bytes(f"reports/figures/{name}.png", charts.to_png(figure))
    for name, frame in published_tables(tables, found).items():
        store.save_csv(f"reports/tables/{name}.csv", frame)
    store.save_bytes("reports/results.json", (json.dumps(found, indent=1, ensure_ascii=False) + "\n").encode())
    store.save_bytes("reports/theme_report.html", html.encode())


def draw(found: Results, t: Strings) -> dict[str, Any]:
    """Return the figures by name."""
    themes = found["themes"]
    flow = found["flow"]
    ids = [theme["id"] for theme in themes]
    labels = _labels(found, t)
    languages = found["groups"]["language"]
    shares = np.array([[_share(level["cells"].get(i)) for level in languages] for i in ids]).reshape(len(ids), -1)
    hidden = np.array([[level["suppressed"] for level in languages]] * len(ids)).reshape(len(ids), -1)
    k = found["settings"]["report"]["min_voices"]
    return {
        "flow": charts.flow(
            [(t(f"flow.{key}"), flow[key]) for key in ("passages", "distinct", "voiced", "units", "eligible", "coded")],
            {i: [(t(f"flow.{key}"), flow[key]) for key in keys] for i, keys in enumerate(_ASIDES)},
        ),
        "prevalence": charts.prevalence(
            [labels[i] for i in ids],
            [theme["share"] or 0.0 for theme in themes],
            [f"{theme['n_voices']} / {theme['base_voices']}" for theme in themes],
            t("prevalence.axis", base_voices=found["corpus"]["base_voices"]),
        ),
        "languages": charts.heat(
            [labels[i] for i in ids],
            [t.name("languages", level["level"]) for level in languages] or ["–"],
            shares if languages else np.zeros((len(ids), 1)),
            hidden if languages else np.ones((len(ids), 1), dtype=bool),
            t("groups.axis", k=k),
        ),
        "cooccurrence": charts.pairs(*_pairs(found, labels), t("cooccurrence.axis")),
        "topics": charts.bars(
            [row["label"] for row in found["topics"]["rows"]],
            [row["n_units"] for row in found["topics"]["rows"]],
            t("topics.axis"),
            t("topics.few", base=found["topics"]["base"], min=MIN_UNITS),
        ),
    }


_ASIDES = (
    ("exact", "near", "truncated", "translation"),
    ("prompt", "navigation"),
    (),
    ("not_eligible",),
    ("other", "abstained"),
)


def alternatives(found: Results, t: Strings) -> dict[str, str]:
    """Return the alternative text of every figure: what it shows, in words and numbers."""
    labels = _labels(found, t)
    listed = "; ".join(
        f"{labels[theme['id']]} {page.percent(theme['share'])} ({theme['n_voices']}/{theme['base_voices']})"
        for theme in found["themes"]
    )
    pair = max(found["cooccurrence"], key=lambda row: row["n_both"], default=None)
    top = found["topics"]["rows"][:1]
    return {
        "flow_alt": t("corpus.flow_alt", **found["flow"]),
        "prevalence_alt": t("prevalence.alt", list=listed),
        "languages_alt": t("groups.alt", n_hidden=sum(level["suppressed"] for level in found["groups"]["language"])),
        "cooccurrence_alt": t(
            "cooccurrence.alt",
            a=labels[pair["theme_a"]],
            b=labels[pair["theme_b"]],
            n=pair["n_both"],
        )
        if pair and pair["n_both"]
        else t("cooccurrence.alt_none"),
        "topics_alt": t("topics.alt", label=top[0]["label"], n=top[0]["n_units"]) if top else t("topics.alt_none"),
    }


def facts(study: Study, found: Results, t: Strings) -> dict[str, Any]:
    """Return what the page needs besides the results: names in its language, and what it is itself."""
    report = study.settings.report
    groups = {
        group: [
            {**level, "name": level["level"] if group == "source" else t.name(f"{group}s", level["level"])}
            for level in levels
        ]
        for group, levels in found["groups"].items()
    }
    return {
        "version": __version__,
        "groups": groups,
        "labels": _labels(found, t),
        "min_units_for_topics": MIN_UNITS,
        "licensed": report.quotation == "none" or (report.quotation == "verbatim" and bool(report.licence)),
        "trained": found["method"] == TRAINED,
    }


def published_tables(tables: Mapping[str, pd.DataFrame], found: Results) -> dict[str, pd.DataFrame]:
    """Return the tables that go out as CSV; suppressed cells hold no number."""
    estimates = tables["theme_estimates"].copy()
    files = tables["sources"].set_index("source_id")["file"]
    numbers = ["n_voices", "n_units", "base_voices", "base_units", "share"]
    estimates["level"] = [files.get(level, level) for level in estimates["level"]]
    estimates[numbers] = estimates[numbers].astype(object).where(~estimates["suppressed"], None)
    return {
        "theme_estimates": estimates,
        "cooccurrence": tables["cooccurrence"],
        "topics": tables["topics"],
        "duplicates_summary": pd.DataFrame(found["duplicates"], columns=["kind", "role", "n"]),
        "rejects_summary": pd.DataFrame(found["rejects"], columns=["file", "reason", "n"]),
    }


def _labels(found: Results, t: Strings) -> dict[str, str]:
    labels = {theme["id"]: theme["label"] for theme in found["themes"]}
    return {**labels, "other": t("prevalence.other")}


def _share(cell: Mapping[str, Any] | None) -> float:
    return float("nan") if cell is None or cell["share"] is None else float(cell["share"])


def _pairs(found: Results, labels: Mapping[str, str]) -> tuple[list[str], np.ndarray]:
    ids = [entry["id"] for entry in found["codebook"]]
    counts = np.zeros((len(ids), len(ids)), dtype=int)
    for row in found["cooccurrence"]:
        i, j = ids.index(row["theme_a"]), ids.index(row["theme_b"])
        counts[i, j] = counts[j, i] = row["n_both"]
    return [labels[i] for i in ids], counts


def _inline(svg: bytes) -> str:
    """Return the SVG element alone, without XML declaration and document type."""
    text = svg.decode()
    return text[text.index("<svg") :]
