"""Every number that the report prints, gathered from the tables into plain values; `excerpts` adds the words.

`results.json` holds them; templates print them and compute none.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import pandas as pd

from pipeline import actions, dissent, estimates, findings, margins, roles, sensitivity, topic_results
from pipeline.estimates import PEOPLE
from pipeline.intervals import wilson
from pipeline.study import Codebook, Study

Tables = Mapping[str, pd.DataFrame]


def build(study: Study, tables: Tables, run: Mapping[str, Any], figures: Mapping[str, Any]) -> dict[str, Any]:
    """Return the report's numbers, the same for both editions.

    Args:
        study: settings and codebook.
        tables: the processed tables by name.
        run: the manifest's description of the run.
        figures: the shipped coder's measured figures (`engines/heads/figures.json`).
    """
    eligible = estimates.eligible_units(tables["units"], tables["passages"], study.settings.units.eligible)
    context = _Context(study, tables, eligible)
    gathered = {
        "study": study.settings.study.model_dump(mode="json"),
        "report_languages": list(study.report_languages),
        "settings": study.settings.model_dump(mode="json"),
        "corpus": context.corpus(),
        "flow": context.flow(),
        "languages": context.by("language"),
        "roles": margins.without(_counts(tables["passages"]["role"], roles_order()), context.hidden["role"]),
        "sources": context.sources(),
        "rejects": context.rejects(),
        "duplicates": context.duplicates(),
        "audit": context.audit(),
        "themes": context.themes(),
        "groups": {group: context.group(group) for group in estimates.GROUPS},
        "cooccurrence": _records(tables["cooccurrence"]),
        "sensitivity": sensitivity.records(tables["sensitivity"]),
        "dissent": dissent.counts(tables),
        "actions": context.actions(),
        "topics": topic_results.build(tables),
        "points": topic_results.points(tables),
        "uncoded": context.uncoded(),
        "codebook": codebook(study.codebook, study.report_languages[0]),
        "people": context.people(),
        "method": next((m for m in tables["codings"]["method"] if m != PEOPLE), ""),
        "coder": dict(figures),
        "run": dict(run),
    }
    return {**gathered, "findings": findings.find(gathered), "cautions": findings.cautions(gathered)}


def worded(found: Mapping[str, Any], themes: Codebook, language: str) -> dict[str, Any]:
    """Return the results with the codebook's words in a language; the numbers stay as they are."""
    texts = {theme.id: theme for theme in themes.themes}
    fields: tuple[Literal["label", "definition"], ...] = ("label", "definition")
    return {
        **found,
        "themes": [
            {**row, **{field: texts[row["id"]].text(field, language) for field in fields}}
            if row["id"] in texts
            else row
            for row in found["themes"]
        ],
        "codebook": codebook(themes, language),
        "topics": topic_results.worded(found["topics"], language),
    }


def codebook(themes: Codebook, language: str) -> list[dict[str, Any]]:
    """Return the codebook's entries in a language."""
    return [
        {
            "id": theme.id,
            "label": theme.text("label", language),
            "definition": theme.text("definition", language),
            "include": _in(theme.include, language),
            "exclude": _in(theme.exclude, language),
            "n_examples": sum(len(v) for v in theme.examples.values()),
            "languages": sorted(theme.examples),
        }
        for theme in themes.themes
    ]


def roles_order() -> tuple[str, ...]:
    """Return the roles in the order in which reports list them."""
    return (roles.PROMPT, roles.TIP, roles.COMMENT, roles.NAVIGATION)


class _Context:
    """The tables joined once, and what is read off them."""

    def __init__(self, study: Study, tables: Tables, eligible: pd.DataFrame) -> None:
        self.study, self.tables, self.eligible = study, tables, eligible
        self.passages = tables["passages"].set_index("passage_id")
        self.files = tables["sources"].set_index("source_id")["file"]
        codings = tables["codings"]
        self.codes = codings[codings["assigned"]].groupby("unit_id", sort=False)["theme_id"].agg(list).to_dict()
        self.by_people = codings["method"] == PEOPLE
        self.abstained = set(codings.loc[codings["status"] == "abstained", "unit_id"]) - set(self.codes)
        self.hidden = margins.hidden(tables["passages"], tables["theme_estimates"], study.settings.report.min_voices)

    def corpus(self) -> dict[str, Any]:
        aside = set(self.tables["duplicates"]["passage_id"])
        voiced = self.passages[self.passages["role"].isin([roles.TIP, roles.COMMENT])]
        distinct = voiced[~voiced.index.isin(aside)]
        who = estimates.voices(self.tables["passages"]).loc[distinct.index]
        by_role = margins.without(distinct["role"].value_counts().to_dict(), self.hidden["role"])
        return {
            "n_sources": len(self.files),
            "n_passages": len(self.passages),
            "n_duplicates": len(aside),
            "n_distinct": len(self.passages) - len(aside),
            "n_distinct_voiced": len(distinct),
            "n_tips": by_role.get(roles.TIP, 0),
            "n_comments": by_role.get(roles.COMMENT, 0),
            "n_voices": int(who.nunique()),
            "n_named_voices": int(distinct["voice"].nunique()),
            "n_other_voices": int(who[distinct["voice"].isna()].nunique()),
            "n_units": len(self.tables["units"]),
            "n_recommendations": int(self.tables["units"]["is_recommendation"].sum()),
            "n_eligible": len(self.eligible),
            "base_voices": int(self.eligible["voice"].nunique()),
            "n_rejects": len(self.tables["rejects"]),
        }

    def flow(self) -> dict[str, int]:
        """Counts of the flow figure; each step is the one before less what was set aside."""
        duplicates = self.tables["duplicates"]
        aside = set(duplicates["passage_id"])
        distinct = self.passages[~self.passages.index.isin(aside)]
        coded = sum(1 for codes in self.codes.values() if codes != [estimates.OTHER])
        corpus = self.corpus()
        repeated = int(self.tables["units"]["repeats"].notna().sum())
        return {
            "passages": len(self.passages),
            **{kind: int((duplicates["kind"] == kind).sum()) for kind in ("exact", "near", "truncated", "translation")},
            "distinct": len(distinct),
            "prompt": int((distinct["role"] == roles.PROMPT).sum()),
            "navigation": int((distinct["role"] == roles.NAVIGATION).sum()),
            "voiced": corpus["n_distinct_voiced"],
            "units": corpus["n_units"],
            "eligible": corpus["n_eligible"],
            "repeated": repeated,
            "not_eligible": corpus["n_units"] - corpus["n_eligible"] - repeated,
            "coded": coded,
            "other": len(self.codes) - coded,
            "abstained": len(self.eligible) - len(self.codes),
        }

    def by(self, column: str) -> list[dict[str, Any]]:
        """Distinct tips and comments, units and recommendations by language."""
        aside = set(self.tables["duplicates"]["passage_id"])
        voiced = self.passages[
            self.passages["role"].isin([roles.TIP, roles.COMMENT]) & ~self.passages.index.isin(aside)
        ]
        units = self.tables["units"]
        counted = (
            pd.DataFrame(
                {
                    "passages": voiced[column].value_counts(),
                    "units": units[column].value_counts(),
                    "eligible": self.eligible[column].value_counts(),
                }
            )
            .fillna(0)
            .astype(int)
        )
        counted = counted.sort_index().sort_values("units", ascending=False, kind="stable")
        rows = [{"level": str(level), **{str(k): int(v) for k, v in row.items()}} for level, row in counted.iterrows()]
        return margins.by_level(rows, self.hidden[column])

    def sources(self) -> list[dict[str, Any]]:
        counts = self.passages.groupby("source_id").size()
        rows = self.tables["sources"].sort_values("file")
        return [
            {
                "source_id": s.source_id,
                "file": s.file,
                "format": s.format,
                "encoding": s.encoding,
                "bytes": int(s.bytes),
                "sha256": s.sha256,
                "passages": None if s.source_id in self.hidden["source"] else int(counts.get(s.source_id, 0)),
            }
            for s in rows.itertuples()
        ]

    def rejects(self) -> list[dict[str, Any]]:
        counts = self.tables["rejects"].groupby(["file", "reason"]).size()
        rows = [{"file": file, "reason": reason, "n": int(n)} for (file, reason), n in counts.items()]
        unshown = {self.files[source] for source in self.hidden["source"]}
        return margins.pooled(rows, "file", unshown, "reason")

    def duplicates(self) -> list[dict[str, Any]]:
        joined = self.tables["duplicates"].join(self.passages["role"], on="passage_id")
        counts = joined.groupby(["kind", "role"]).size()
        rows = [{"kind": kind, "role": role, "n": int(n)} for (kind, role), n in counts.items()]
        return margins.pooled(rows, "role", self.hidden["role"], "kind")

    def audit(self) -> dict[str, Any]:
        """How many of the machine's links a person has looked at, and how many of these were wrong."""
        found = self.tables["audits"][self.tables["audits"]["found_as"] != ""]
        wrong = int((found["verdict"] == "different").sum())
        low, high = wilson(wrong / max(len(found), 1), len(found))
        return {"n": len(found), "wrong": wrong, "low": low, "high": high}

    def themes(self) -> list[dict[str, Any]]:
        return [
            {
                "id": row.theme_id,
                "label": row.label,
                "definition": row.definition,
                "n_voices": int(row.n_voices),
                "n_units": int(row.n_units),
                "n_mentions": int(row.n_mentions),
                "base_voices": int(row.base_voices),
                "base_units": int(row.base_units),
                "share": _number(row.share),
                "voice_share": _number(row.voice_share),
                "corrected": self.corrected(row.theme_id),
            }
            for row in self.tables["themes"].itertuples()
        ]

    def corrected(self, theme_id: str) -> dict[str, Any]:
        """Return the theme's corrected shares in the whole corpus."""
        rows = self.tables["theme_estimates"]
        chosen = rows[(rows["group"] == estimates.ALL) & (rows["theme_id"] == theme_id)]
        return _correction(next(chosen.itertuples()))

    def people(self) -> dict[str, Any]:
        """What people coded: how many units, who, and how far they agree; then the machine with them."""
        reliability, validation = self.tables["reliability"], self.tables["validation"]
        everything = self.tables["theme_estimates"]
        coded = self.tables["machine_codings"]["unit_id"].nunique()
        return {
            "n_units": coded,
            "n_coders": max((row["positives"].count("|") + 1 for row in _records(reliability)), default=0),
            "n_gold": int(everything["n_gold"].max()) if len(everything) else 0,
            "n_decided": int(self.tables["codings"].loc[self.by_people, "unit_id"].nunique()),
            "reliability": [row for row in _records(reliability) if not row["suppressed"]],
            "validation": [row for row in _records(validation) if not row["suppressed"]],
            "n_hidden": int(reliability["suppressed"].sum() + validation["suppressed"].sum()),
        }

    def group(self, name: str) -> list[dict[str, Any]]:
        """Theme shares by the levels of a group; suppressed cells hold no number."""
        rows = self.tables["theme_estimates"]
        rows = rows[rows["group"] == name]
        levels = rows.drop_duplicates("level")
        sizes = levels["base_units"].where(~levels["suppressed"], -1)  # hidden ones last, in an order that says nothing
        levels = levels.assign(size=sizes).sort_values(["size", "level"], ascending=[False, True])
        return [
            {
                "level": self.files.get(level.level, level.level) if name == "source" else level.level,
                "suppressed": bool(level.suppressed),
                "base_voices": None if level.suppressed else int(level.base_voices),
                "cells": {
                    r.theme_id: None
                    if r.suppressed
                    else {
                        "n_voices": int(r.n_voices),
                        "n_units": int(r.n_units),
                        "share": _number(r.share),
                        "voice_share": _number(r.voice_share),
                        "corrected": _correction(r),
                    }
                    for r in rows[rows["level"] == level.level].itertuples()
                },
            }
            for level in levels.itertuples()
        ]

    def actions(self) -> dict[str, Any]:
        """What the units of each theme ask for, as statements with the units that back them."""
        units = (
            actions.Unit(row.unit_id, row.text, row.language, tuple(self.codes.get(row.unit_id, ())), row.voice)
            for row in self.eligible.itertuples()
        )
        return actions.build(self.study.codebook, units)

    def uncoded(self) -> dict[str, Any]:
        """What no theme holds: `other`, abstained, and the voices that recommend nothing."""
        recommends = self.tables["units"].groupby("passage_id")["is_recommendation"].any()
        return {
            "n_other": sum(codes == [estimates.OTHER] for codes in self.codes.values()),
            "n_abstained": int(self.eligible["unit_id"].isin(self.abstained).sum()),
            "n_silent": int((~recommends).sum()),
        }


def _correction(row: Any) -> dict[str, Any]:
    """Return the corrected shares of a row of `theme_estimates`, of units and of voices, and how they were made."""
    return {
        kind: {
            "share": _number(getattr(row, f"{prefix}corrected")),
            "low": _number(getattr(row, f"{prefix}corrected_low")),
            "high": _number(getattr(row, f"{prefix}corrected_high")),
            "estimator": getattr(row, f"{prefix}estimator"),
        }
        for kind, prefix in (("units", ""), ("voices", "voice_"))
    } | {"n_gold": int(row.n_gold), "gold_positives": int(row.gold_positives)}


def _number(value: float) -> float | None:
    return None if pd.isna(value) else float(value)


def _in(texts: Mapping[str, list[str]], language: str) -> list[str]:
    return texts.get(language) or next(iter(texts.values()), [])


def _counts(column: pd.Series, order: Sequence[str]) -> dict[str, int]:
    counts = column.value_counts()
    return {value: int(counts.get(value, 0)) for value in order}


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    records: list[dict[str, Any]] = json.loads(frame.to_json(orient="records"))
    return records
