"""Draw the charts and write the theme report and the tables behind it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from pipeline import __version__, charts, charts_checks, leaks, manifest, privacy, results
from pipeline.agreement import ALPHA_RELIABLE, ALPHA_TENTATIVE
from pipeline.engines import coder
from pipeline.engines.coder import BLENDED, TRAINED
from pipeline.engines.e5 import NAME as SECOND_MODEL
from pipeline.engines.recommender import read_json
from pipeline.engines.topics import MIN_UNITS
from pipeline.errors import GlosaError
from pipeline.estimates import MIN_EXPECTED
from pipeline.report import page, variations
from pipeline.report.strings import Strings, catalogue
from pipeline.sensitivity import BOUND_STEP, THRESHOLD_STEP
from pipeline.store import Store, to_csv
from pipeline.study import Study

_TABLES = (
    "sources",
    "rejects",
    "passages",
    "duplicates",
    "audits",
    "units",
    "codings",
    "themes",
    "theme_estimates",
    "cooccurrence",
    "sensitivity",
    "machine_codings",
    "reliability",
    "validation",
    "topics",
    "topic_memberships",
    "topic_themes",
)
Results = Mapping[str, Any]


def run(study: Study, store: Store) -> None:
    """Load the tables, gather the numbers, save charts, tables and the page."""
    tables = {name: store.table(name) for name in _TABLES}
    text = Strings(study.languages[0])
    finder, vocabulary = finder_of(study, tables["passages"]["text"], store.names(), text.language)

    tables, described, hidden = hide(tables, manifest.describe(study), finder, vocabulary, text.section("privacy"))
    found = results.build(study, tables, described, read_json("figures.json")[study.settings.coding.profile])
    found = results.disguise(found, finder, text.section("privacy"))
    found["privacy"].update(hidden)
    figures = draw(found, text)
    svgs = {name: charts.to_svg(figure) for name, figure in figures.items()}
    shown = {name: _inline(svg) for name, svg in svgs.items()} | alternatives(found, text)
    html = page.render(found, shown, study.languages[0], facts(study, found, text))

    artefacts = {f"reports/figures/{name}.svg": svg for name, svg in svgs.items()}
    artefacts |= {f"reports/figures/{name}.png": charts.to_png(figure) for name, figure in figures.items()}
    artefacts |= {f"reports/tables/{name}.csv": to_csv(t) for name, t in published_tables(tables, found).items()}
    artefacts["reports/results.json"] = (json.dumps(found, indent=1, ensure_ascii=False) + "\n").encode()
    artefacts["reports/theme_report.html"] = html.encode()
    refuse_leaks(artefacts, finder, own_words(study, described, finder))
    for name, content in artefacts.items():
        store.save_bytes(name, content)


def finder_of(
    study: Study, texts: Iterable[str], names: Iterable[str], language: str
) -> tuple[privacy.Finder, privacy.Vocabulary]:
    """Return what finds names and addresses in the study's texts, and what the corpus says of its words."""
    codebook = json.dumps(study.codebook.model_dump(mode="json"), ensure_ascii=False)
    vocabulary = privacy.vocabulary((*texts, codebook))
    known = json.dumps(catalogue(language), ensure_ascii=False)
    return privacy.Finder(names, vocabulary.common, known=[known]), vocabulary


def hide(
    tables: Mapping[str, pd.DataFrame],
    described: Mapping[str, Any],
    finder: privacy.Finder,
    vocabulary: privacy.Vocabulary,
    placeholders: Mapping[str, str],
) -> tuple[dict[str, pd.DataFrame], dict[str, Any], dict[str, int]]:
    """Take names out of what is published beside the quoted words: names of files, and keywords of topics.

    Returns the tables, the description of the run, and how many keywords and file names were changed.
    """
    topics = tables["topics"]
    keywords = [json.loads(row) for row in topics["keywords"]]
    kept = [
        {
            code: [w for w in terms if not finder.is_name(w) and w not in vocabulary.addresses]
            for code, terms in row.items()
        }
        for row in keywords
    ]
    labels = [relabelled(*row) for row in zip(topics["label"], keywords, kept, strict=True)]
    files = public_files(
        {*tables["sources"]["file"], *tables["rejects"]["file"], *described["inputs"]}, finder, placeholders
    )
    shown = {
        **tables,
        "topics": topics.assign(
            label=labels, keywords=[json.dumps(row, ensure_ascii=False, sort_keys=True) for row in kept]
        ),
        **{name: tables[name].assign(file=tables[name]["file"].map(files)) for name in ("sources", "rejects")},
    }
    inputs = {files[name]: digest for name, digest in described["inputs"].items()}
    n_dropped = sum(len(terms) - len(kept[i][code]) for i, row in enumerate(keywords) for code, terms in row.items())
    changed = {"keywords": n_dropped, "files": sum(old != new for old, new in files.items())}
    return shown, {**described, "inputs": inputs}, changed


def relabelled(label: str, keywords: Mapping[str, Sequence[str]], kept: Mapping[str, Sequence[str]]) -> str:
    """Return a topic's label without the keywords that were dropped; the next ones stand in for them."""
    for code, terms in keywords.items():
        if terms and ", ".join(terms[:3]) == label:
            return ", ".join(kept[code][:3]) or "–"
    return label


def public_files(files: Iterable[str], finder: privacy.Finder, placeholders: Mapping[str, str]) -> dict[str, str]:
    """Return the name under which each file is published: no contributor's name, address or number, and none twice."""
    public: dict[str, str] = {}
    taken: set[str] = set()
    for file in sorted(files):
        spans = [span for span in finder.find(file) if span.kind in {"name", "email", "phone"}]
        shown = name = privacy.rendered(file, spans, placeholders)
        number = 1
        while shown in taken:
            number += 1
            stem, dot, suffix = name.rpartition(".")
            shown = f"{stem} ({number}){dot}{suffix}" if dot else f"{name} ({number})"
        taken.add(shown)
        public[file] = shown
    return public


def own_words(study: Study, described: Mapping[str, Any], finder: privacy.Finder) -> list[str]:
    """Return what may stand in the report though it looks like a leak: what study.toml states, and fingerprints."""
    settings = study.settings
    stated = [settings.study.title, settings.study.question, settings.report.licence]
    for section in (settings.team, settings.ethics, settings.sources, settings.data_statement):
        stated += section.values()
    prints = [described["settings"], described["code"], *described["inputs"].values()]
    cut = [digest[:size] for digest in prints for size in (12, 16)]
    return [text for text in stated if finder.grave(text)] + [text for text in cut if text.isdigit()]


def refuse_leaks(artefacts: Mapping[str, bytes], finder: privacy.Finder, allowed: Iterable[str]) -> None:
    """Raise `GlosaError` where something is about to be published that must not be."""
    leak = next(leaks.find(artefacts, finder, allowed), None)
    if leak:
        raise GlosaError(
            leak.artefact,
            f"{_LEAKS[leak.kind]} would be published ({leak.place}): “{leak.context}”.",
            "no contributor's name, e-mail address or phone number in anything under reports/. Nothing was written.",
            "Take it out of codebook.toml, or out of the file or column name it comes from, and run again; "
            "if it is in none of these, report it.",
        )


_LEAKS = {"name": "a contributor's full name", "email": "an e-mail address", "phone": "a phone number"}


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
        "reliability": _forest(found, labels, t),
        "prevalence": charts.prevalence(
            [labels[i] for i in ids],
            [theme["share"] or 0.0 for theme in themes],
            [f"{theme['n_units']} / {theme['base_units']}" for theme in themes],
            [_interval(theme["corrected"]["units"]) for theme in themes],
            t(
                "prevalence.figure_axis" if found["people"]["n_gold"] else "prevalence.figure_axis_raw",
                base_units=found["corpus"]["n_eligible"],
            ),
        ),
        "languages": charts.heat(
            [labels[i] for i in ids],
            [t.name("languages", level["level"]) for level in languages] or ["–"],
            shares if languages else np.zeros((len(ids), 1)),
            hidden if languages else np.ones((len(ids), 1), dtype=bool),
            t("groups.axis", k=k),
        ),
        "cooccurrence": charts.pairs(*_pairs(found, labels), t("cooccurrence.axis")),
        "sensitivity": _sensitivity(found, labels, t),
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
    ("repeated", "not_eligible"),
    ("other", "abstained"),
)


def alternatives(found: Results, t: Strings) -> dict[str, str]:
    """Return the alternative text of every figure: what it shows, in words and numbers."""
    labels = _labels(found, t)
    listed = "; ".join(
        f"{labels[theme['id']]} {page.percent(theme['share'])} ({theme['n_units']}/{theme['base_units']}"
        + (f"; {_words(t, theme['corrected']['units'])})" if _interval(theme["corrected"]["units"]) else ")")
        for theme in found["themes"]
    )
    agreed = "; ".join(f"{_target(row, labels, t)} {page.figure(row['alpha'])}" for row in _overall(found))
    pair = max(found["cooccurrence"], key=lambda row: row["n_both"], default=None)
    top = found["topics"]["rows"][:1]
    return {
        "flow_alt": t("corpus.flow_alt", **found["flow"]),
        "prevalence_alt": t("prevalence.alt_units", list=listed),
        "reliability_alt": t("reliability.alt", list=agreed) if agreed else t("reliability.nothing"),
        "languages_alt": t("groups.alt", n_hidden=sum(level["suppressed"] for level in found["groups"]["language"])),
        "cooccurrence_alt": t(
            "cooccurrence.alt",
            a=labels[pair["theme_a"]],
            b=labels[pair["theme_b"]],
            n=pair["n_both"],
            expected=f"{pair['expected']:.1f}",
        )
        if pair and pair["n_both"]
        else t("cooccurrence.alt_none"),
        "sensitivity_alt": variations.alternative(found["sensitivity"], labels, t),
        "topics_alt": t("topics.alt", label=top[0]["label"], n=top[0]["n_units"]) if top else t("topics.alt_none"),
    }


def facts(study: Study, found: Results, t: Strings) -> dict[str, Any]:
    """Return what the page needs besides the results: names in its language, and what it is itself."""
    report, labels = study.settings.report, _labels(found, t)
    thresholds = coder.thresholds(study.codebook.ids, study.settings.coding, found["method"])
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
        "labels": {**t.section("targets"), **labels},
        "thresholds": ", ".join(
            f"{labels[i]} {value:.2f}" for i, value in zip(study.codebook.ids, thresholds, strict=True)
        ),
        "grades": {row["theme_id"]: row["grade"] for row in _overall(found)},
        "corrected_levels": [
            {"name": level["name"], "theme": theme, "cell": cell}
            for levels in groups.values()
            for level in levels
            for theme, cell in level["cells"].items()
            if cell and _interval(cell["corrected"]["units"])
        ],
        "voices_raw": all(theme["corrected"]["voices"]["low"] is None for theme in found["themes"]),
        "min_units_for_topics": MIN_UNITS,
        "min_expected": MIN_EXPECTED,
        "variations": variations.named(found["sensitivity"], t),
        "threshold_step": THRESHOLD_STEP,
        "bound_step": BOUND_STEP,
        "licensed": report.quotation == "none" or (report.quotation == "verbatim" and bool(report.licence)),
        "trained": found["method"] in {TRAINED, BLENDED},
        "second": SECOND_MODEL,
    }


def published_tables(tables: Mapping[str, pd.DataFrame], found: Results) -> dict[str, pd.DataFrame]:
    """Return the tables that go out as CSV; suppressed cells hold no number."""
    estimates = tables["theme_estimates"].copy()
    files = tables["sources"].set_index("source_id")["file"]
    estimates["level"] = [files.get(level, level) for level in estimates["level"]]
    return {
        "theme_estimates": emptied(estimates),
        "reliability": emptied(tables["reliability"]),
        "validation": emptied(tables["validation"]),
        "cooccurrence": tables["cooccurrence"],
        "sensitivity": emptied(tables["sensitivity"]),
        "privacy_summary": pd.DataFrame(privacy_rows(found["privacy"]), columns=["kind", "place", "n"]),
        "topics": tables["topics"],
        "duplicates_summary": pd.DataFrame(found["duplicates"], columns=["kind", "role", "n"]),
        "rejects_summary": pd.DataFrame(found["rejects"], columns=["file", "reason", "n"]),
    }


def emptied(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a table whose suppressed rows hold nothing but what they are about."""
    kept = {"theme_id", "group", "variation", "level", "suppressed"}
    hidden = [column for column in frame.columns if column not in kept]
    return frame.assign(**{c: frame[c].astype(object).where(~frame["suppressed"], None) for c in hidden})


def privacy_rows(summary: Mapping[str, Any]) -> list[tuple[str, str, int]]:
    """Return what was replaced: kind, where, how often."""
    rows = [(kind, "quoted passages", n) for kind, n in summary["replaced"].items()]
    return [*rows, ("name", "topic keywords", summary["keywords"]), ("name", "file names", summary["files"])]


def _labels(found: Results, t: Strings) -> dict[str, str]:
    labels = {theme["id"]: theme["label"] for theme in found["themes"]}
    return {**labels, "other": t("prevalence.other")}


def _forest(found: Results, labels: Mapping[str, str], t: Strings) -> Any:
    rows = _overall(found)
    return charts.forest(
        [_target(row, labels, t) for row in rows],
        [(row["alpha"], row["alpha_low"], row["alpha_high"]) for row in rows],
        [t.name("grades", row["grade"]) for row in rows],
        (ALPHA_TENTATIVE, ALPHA_RELIABLE),
        t("reliability.axis"),
        t("reliability.nothing"),
    )


def _sensitivity(found: Results, labels: Mapping[str, str], t: Strings) -> Any:
    strips = variations.strips(found["sensitivity"], t)
    mains, others = [main for main, _ in strips.values()], [varied for _, varied in strips.values()]
    names = [labels.get(theme, theme) for theme in strips]
    return charts_checks.sensitivity(names, mains, others, t("sensitivity.axis"), t("sensitivity.alt_none"))


def _overall(found: Results) -> list[Mapping[str, Any]]:
    return [row for row in found["people"]["reliability"] if row["group"] == "all"]


def _target(row: Mapping[str, Any], labels: Mapping[str, str], t: Strings) -> str:
    return labels.get(row["theme_id"]) or t.name("targets", row["theme_id"])


def _interval(estimate: Mapping[str, Any]) -> tuple[float, float, float] | None:
    values = (estimate["share"], estimate["low"], estimate["high"])
    return None if None in values else values


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


def _inline(svg: bytes) -> str:
    """Return the SVG element alone, without XML declaration and document type."""
    text = svg.decode()
    return text[text.index("<svg") :]
