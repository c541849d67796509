"""The figures of the report: which numbers each shows, and what each says in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from pipeline import charts, charts_checks
from pipeline.agreement import ALPHA_RELIABLE, ALPHA_TENTATIVE
from pipeline.engines.topics import least_units
from pipeline.report import calibration, page, topic_figures, variations, wording
from pipeline.report.strings import Strings
from pipeline.report.wording import Results


class Figure(NamedTuple):
    """A figure in one language: its drawing as a file and as an element of a page, and what it shows in words."""

    svg: bytes
    png: bytes | None
    alt: str

    @property
    def inline(self) -> str:
        """The SVG element alone, without XML declaration and document type."""
        text = self.svg.decode()
        return text[text.index("<svg") :]


def make(found: Results, t: Strings) -> dict[str, Figure]:
    """Return the figures by name; as PNG in the first language alone, since that takes longest."""
    drawn, words = draw(found, t), alternatives(found, t)
    return {
        name: Figure(charts.to_svg(figure), None if t.suffix else charts.to_png(figure), words[name])
        for name, figure in drawn.items()
    }


def draw(found: Results, t: Strings) -> dict[str, Any]:
    """Return the figures by name."""
    themes = found["themes"]
    flow = found["flow"]
    ids = [theme["id"] for theme in themes]
    labels = wording.labels(found, t)
    languages = found["groups"]["language"]
    shares = np.array([[_share(level["cells"].get(i)) for level in languages] for i in ids]).reshape(len(ids), -1)
    hidden = np.array([[level["suppressed"] for level in languages]] * len(ids)).reshape(len(ids), -1)
    k = found["settings"]["report"]["min_voices"]
    return {
        "flow": charts.flow(
            [(t(f"flow.{key}"), flow[key]) for key in ("passages", "distinct", "voiced", "units", "eligible", "coded")],
            {i: [(t(f"flow.{key}"), flow[key]) for key in keys] for i, keys in enumerate(_ASIDES)},
        ),
        "reliability": _forest(found, labels, t),
        "prevalence": charts.prevalence(
            [labels[i] for i in ids],
            [theme["share"] or 0.0 for theme in themes],
            [f"{theme['n_units']} / {theme['base_units']}" for theme in themes],
            [wording.interval(theme["corrected"]["units"]) for theme in themes],
            t(
                "prevalence.figure_axis" if found["people"]["n_gold"] else "prevalence.figure_axis_raw",
                base_units=found["corpus"]["n_eligible"],
            ),
        ),
        "languages": charts.heat(
            [labels[i] for i in ids],
            [t.name("languages", level["level"]) for level in languages],
            shares,
            hidden,
            t("groups.axis", k=k),
            t("groups.none"),
        ),
        "cooccurrence": charts.pairs(*_pairs(found, labels), t("cooccurrence.axis")),
        "calibration": _errors(found, t),
        "sensitivity": _sensitivity(found, labels, t),
        **topic_figures.draw(found, labels, least_units(found["settings"]["topics"]["min_size"]), t),
    }


_ASIDES = (
    ("exact", "near", "truncated", "translation"),
    ("prompt", "navigation"),
    (),
    ("repeated", "not_eligible"),
    ("other", "abstained"),
)


def alternatives(found: Results, t: Strings) -> dict[str, str]:
    """Return the alternative text of every figure: what it shows, in words and numbers."""
    labels = wording.labels(found, t)
    listed = "; ".join(
        f"{labels[theme['id']]} {page.percent(theme['share'])} ({theme['n_units']}/{theme['base_units']}"
        + (f"; {_words(t, theme['corrected']['units'])})" if wording.interval(theme["corrected"]["units"]) else ")")
        for theme in found["themes"]
    )
    agreed = "; ".join(
        f"{wording.target(row, labels, t)} {page.figure(row['alpha'])}" for row in wording.overall(found)
    )
    pair = max(found["cooccurrence"], key=lambda row: row["n_both"], default=None)
    return {
        "flow": t("corpus.flow_alt", **found["flow"]),
        "prevalence": t("prevalence.alt_units", list=listed),
        "reliability": t("reliability.alt", list=agreed) if agreed else t("reliability.nothing"),
        "languages": _across(found, labels, t),
        "cooccurrence": t(
            "cooccurrence.alt",
            a=labels[pair["theme_a"]],
            b=labels[pair["theme_b"]],
            n=pair["n_both"],
            expected=f"{pair['expected']:.1f}",
        )
        if pair and pair["n_both"]
        else t("cooccurrence.alt_none"),
        "calibration": calibration.alternative(calibration.rows(found, t), t),
        "sensitivity": variations.alternative(found["sensitivity"], labels, t),
        **topic_figures.alternatives(found, least_units(found["settings"]["topics"]["min_size"]), t),
    }


def _across(found: Results, labels: Mapping[str, str], t: Strings) -> str:
    """Return the heat table's alternative text: between which shares it lies."""
    levels = found["groups"]["language"]
    hidden = sum(level["suppressed"] for level in levels)
    shares = [
        (cell["voice_share"], labels[theme], t.name("languages", level["level"]))
        for level in levels
        if not level["suppressed"]
        for theme, cell in level["cells"].items()
        if cell and cell["voice_share"] is not None
    ]
    if not shares:
        return t("groups.alt_none", n_hidden=hidden)
    named: dict[str, str] = {}
    for end, (share, theme, language) in (("low", min(shares)), ("high", max(shares))):
        named |= {end: page.percent(share), f"{end}_theme": theme, f"{end}_language": language}
    return t("groups.alt", n_hidden=hidden, **named)


def _forest(found: Results, labels: Mapping[str, str], t: Strings) -> Any:
    rows = wording.overall(found)
    return charts.forest(
        [wording.target(row, labels, t) for row in rows],
        [(row["alpha"], row["alpha_low"], row["alpha_high"]) for row in rows],
        [t.name("grades", row["grade"]) for row in rows],
        (ALPHA_TENTATIVE, ALPHA_RELIABLE),
        t("reliability.axis"),
        t("reliability.nothing"),
    )


def _errors(found: Results, t: Strings) -> Any:
    rows = calibration.rows(found, t)
    return charts_checks.errors(
        [row["name"] for row in rows],
        [(row["error"], row["chance"]) for row in rows],
        [(row["precision"], row["recall"]) for row in rows],
        (
            t("calibration.axis_error"),
            t("calibration.axis_people" if found["people"]["n_gold"] else "calibration.axis_shipped"),
            t("columns.precision"),
            t("columns.recall"),
        ),
        t("calibration.none"),
    )


def _sensitivity(found: Results, labels: Mapping[str, str], t: Strings) -> Any:
    strips = variations.strips(found["sensitivity"], t)
    mains, others = [main for main, _ in strips.values()], [varied for _, varied in strips.values()]
    names = [labels.get(theme, theme) for theme in strips]
    return charts_checks.sensitivity(names, mains, others, t("sensitivity.axis"), t("sensitivity.alt_none"))


def _words(t: Strings, estimate: Mapping[str, Any]) -> str:
    shown = {key: page.percent(estimate[key]) for key in ("share", "low", "high")}
    return t("prevalence.alt_corrected", **shown)


def _share(cell: Mapping[str, Any] | None) -> float:
    return float("nan") if cell is None or cell["voice_share"] is None else float(cell["voice_share"])


def _pairs(found: Results, labels: Mapping[str, str]) -> tuple[list[str], np.ndarray]:
    ids = [entry["id"] for entry in found["codebook"]]
    counts = np.zeros((len(ids), len(ids)), dtype=int)
    for row in found["cooccurrence"]:
        i, j = ids.index(row["theme_a"]), ids.index(row["theme_b"])
        counts[i, j] = counts[j, i] = row["n_both"]
    return [labels[i] for i in ids], counts


def files(found: Results, readings: object, edition: object, t: Strings) -> dict[str, bytes]:
    """Return the figures as files; a maker of `publish`."""
    del readings, edition
    made: dict[str, Figure] = found["figures"]
    svgs = {f"figures/{name}{t.suffix}.svg": figure.svg for name, figure in made.items()}
    return svgs | {f"figures/{name}{t.suffix}.png": figure.png for name, figure in made.items() if figure.png}
