"""Every number and excerpt that the report prints, gathered from the tables into plain values.

`reports/results.json` holds them; templates print them and compute none.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import zip_longest
from typing import Any

import pandas as pd

from pipeline import actions, estimates, privacy, roles
from pipeline.estimates import PEOPLE
from pipeline.intervals import wilson
from pipeline.study import Study

Tables = Mapping[str, pd.DataFrame]
MAX_UNCODED = 8


def build(study: Study, tables: Tables, run: Mapping[str, Any], figures: Mapping[str, Any]) -> dict[str, Any]:
    """Return the report's content.

    Args:
        study: settings and codebook.
        tables: the processed tables by name.
        run: the manifest's description of the run.
        figures: the shipped coder's measured figures (`engines/heads/figures.json`).
    """
    eligible = estimates.eligible_units(tables["units"], tables["passages"], study.settings.units.eligible)
    context = _Context(study, tables, eligible)
    return {
        "study": study.settings.study.model_dump(mode="json"),
        "settings": study.settings.model_dump(mode="json"),
        "corpus": context.corpus(),
        "flow": context.flow(),
        "languages": context.by("language"),
        "roles": _counts(tables["passages"]["role"], roles_order()),
        "sources": context.sources(),
        "rejects": context.rejects(),
        "duplicates": context.duplicates(),
        "audit": context.audit(),
        "themes": context.themes(),
        "groups": {group: context.group(group) for group in estimates.GROUPS},
        "cooccurrence": _records(tables["cooccurrence"]),
        "actions": context.actions(),
        "topics": context.topics(),
        "uncoded": context.uncoded(),
        "passages": context.quoted_passages(),
        "codebook": [context.codebook_entry(theme_id) for theme_id in study.codebook.ids],
        "people": context.people(),
        "method": next((m for m in tables["codings"]["method"] if m != PEOPLE), ""),
        "coder": dict(figures),
        "run": dict(run),
    }


def disguise(found: Mapping[str, Any], finder: privacy.Finder, placeholders: Mapping[str, str]) -> dict[str, Any]:
    """Return the content with what must not be published replaced in every quoted word, and how often that was done.

    Offsets stay those of the source. A passage is searched as a whole, so that a name is found where its units part it;
    then each unit by itself, since it is also quoted without what stands around it.
    """
    replaced: Counter[str] = Counter()
    quoted: dict[str, str] = {}
    passages, n_changed = [], 0
    for passage in found["passages"]:
        text = "".join(piece["text"] for piece in passage["pieces"])
        spans = finder.find(text, passage["language"])
        replaced.update(span.kind for span in spans)
        n_changed += bool(spans)
        pieces, place = [], 0
        for piece in passage["pieces"]:
            end = place + len(piece["text"])
            whole = privacy.rendered(text, spans, placeholders, place, end)
            alone, more = finder.replace(whole, placeholders, passage["language"])
            replaced.update(more)
            pieces.append({**piece, "text": alone})
            quoted[piece["unit_id"]] = pieces[-1]["text"]
            place = end
        quoted[passage["passage_id"]] = "".join(piece["text"] for piece in pieces)
        locator, _ = finder.replace(passage["locator"], placeholders)
        passages.append({**passage, "locator": locator, "pieces": pieces})

    def shown(excerpts: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        return [{**e, "text": quoted[e.get("unit_id", e["passage_id"])]} for e in excerpts]

    uncoded = found["uncoded"]
    return {
        **found,
        "themes": [{**theme, "excerpts": shown(theme["excerpts"])} for theme in found["themes"]],
        "uncoded": {**uncoded, **{key: shown(uncoded[key]) for key in ("other", "abstained", "silent")}},
        "passages": passages,
        "privacy": {
            "replaced": {kind: replaced[kind] for kind in privacy.KINDS},
            "passages": n_changed,
            "base_passages": len(passages),
        },
    }


def roles_order() -> tuple[str, ...]:
    """Return the roles in the order in which reports list them."""
    return (roles.PROMPT, roles.TIP, roles.COMMENT, roles.NAVIGATION)


class _Context:
    """The tables joined once, and what is read off them."""

    def __init__(self, study: Study, tables: Tables, eligible: pd.DataFrame) -> None:
        self.study, self.tables, self.eligible = study, tables, eligible
        self.passages = tables["passages"].set_index("passage_id")
        self.files = tables["sources"].set_index("source_id")["file"]
        self.repeats = estimates.occurrences(tables["duplicates"])
        codings = tables["codings"]
        self.scores = codings.set_index(["unit_id", "theme_id"])["score"].to_dict()
        self.codes = codings[codings["assigned"]].groupby("unit_id", sort=False)["theme_id"].agg(list).to_dict()
        self.by_people = codings["method"] == PEOPLE
        self.abstained = set(codings.loc[codings["status"] == "abstained", "unit_id"]) - set(self.codes)
        self._quoted: dict[str, None] = {}

    def corpus(self) -> dict[str, Any]:
        aside = set(self.tables["duplicates"]["passage_id"])
        voiced = self.passages[self.passages["role"].isin([roles.TIP, roles.COMMENT])]
        distinct = voiced[~voiced.index.isin(aside)]
        comments = distinct[distinct["role"] == roles.COMMENT]
        who = estimates.voices(self.tables["passages"]).loc[distinct.index]
        return {
            "n_sources": len(self.files),
            "n_passages": len(self.passages),
            "n_duplicates": len(aside),
            "n_distinct": len(self.passages) - len(aside),
            "n_distinct_voiced": len(distinct),
            "n_tips": int((distinct["role"] == roles.TIP).sum()),
            "n_comments": len(comments),
            "n_voices": int(who.nunique()),
            "n_named_voices": int(distinct["voice"].nunique()),
            "n_unnamed": int(comments["voice"].isna().sum()),
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
        return [{"level": str(level), **{str(k): int(v) for k, v in row.items()}} for level, row in counted.iterrows()]

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
                "passages": int(counts.get(s.source_id, 0)),
            }
            for s in rows.itertuples()
        ]

    def rejects(self) -> list[dict[str, Any]]:
        counts = self.tables["rejects"].groupby(["file", "reason"]).size()
        return [{"file": file, "reason": reason, "n": int(n)} for (file, reason), n in counts.items()]

    def duplicates(self) -> list[dict[str, Any]]:
        joined = self.tables["duplicates"].join(self.passages["role"], on="passage_id")
        counts = joined.groupby(["kind", "role"]).size()
        return [{"kind": kind, "role": role, "n": int(n)} for (kind, role), n in counts.items()]

    def audit(self) -> dict[str, Any]:
        """How many of the machine's links a person has looked at, and how many of these were wrong."""
        found = self.tables["audits"][self.tables["audits"]["found_as"] != ""]
        wrong = int((found["verdict"] == "different").sum())
        low, high = wilson(wrong / max(len(found), 1), len(found))
        return {"n": len(found), "wrong": wrong, "low": low, "high": high}

    def themes(self) -> list[dict[str, Any]]:
        rows = []
        for row in self.tables["themes"].itertuples():
            units = [u for u, codes in self.codes.items() if row.theme_id in codes]
            rows.append(
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
                    "excerpts": self.excerpts(row.theme_id, units),
                }
            )
        return rows

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

    def excerpts(self, theme_id: str, unit_ids: Sequence[str]) -> list[dict[str, Any]]:
        """Choose excerpts: the surest of each language in turn, one per voice."""
        limit = self.study.settings.report.excerpts_per_theme
        if self.study.settings.report.quotation == "none":
            limit = 0
        own = self.eligible[self.eligible["unit_id"].isin(set(unit_ids))]
        own = own.assign(sure=[self.scores[unit, theme_id] for unit in own["unit_id"]])
        own = own.sort_values(["sure", "unit_id"], ascending=[False, True]).drop_duplicates("voice")
        lanes = [list(group.itertuples()) for _, group in own.groupby("language", sort=False)]
        turns = [row for turn in zip_longest(*lanes) for row in turn if row is not None]
        return [self._excerpt(row, theme_id) for row in turns[:limit]]

    def _excerpt(self, row: Any, theme_id: str) -> dict[str, Any]:
        self._quoted.setdefault(row.passage_id)
        return {
            "unit_id": row.unit_id,
            "passage_id": row.passage_id,
            "text": row.text,
            "language": row.language,
            "role": row.role,
            "score": self.scores.get((row.unit_id, theme_id)),
            "codes": [code for code in self.codes.get(row.unit_id, []) if code != theme_id],
            "copies": int(self.repeats.get(row.passage_id, 0)),
        }

    def group(self, name: str) -> list[dict[str, Any]]:
        """Theme shares by the levels of a group; suppressed cells hold no number."""
        rows = self.tables["theme_estimates"]
        rows = rows[rows["group"] == name]
        levels = rows.drop_duplicates("level").sort_values(["base_units", "level"], ascending=[False, True])
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

    def topics(self) -> dict[str, Any]:
        memberships, cross = self.tables["topic_memberships"], self.tables["topic_themes"]
        rows = []
        for row in self.tables["topics"].itertuples():
            themes = cross[(cross["topic_id"] == row.topic_id) & (cross["n_both"] > 0)]
            themes = themes.sort_values("n_both", ascending=False, kind="stable")
            rows.append(
                {
                    "id": int(row.topic_id),
                    "label": row.label,
                    "n_units": int(row.n_units),
                    "n_voices": int(row.n_voices),
                    "keywords": json.loads(row.keywords),
                    "themes": [{"id": t.theme_id, "n": int(t.n_both)} for t in themes.itertuples()],
                }
            )
        return {"rows": rows, "assigned": memberships["unit_id"].nunique(), "base": len(self.eligible)}

    def uncoded(self) -> dict[str, Any]:
        """What no theme holds: `other`, abstained, and the voices that recommend nothing."""
        other = [u for u, codes in self.codes.items() if codes == [estimates.OTHER]]
        unsure = self.eligible[self.eligible["unit_id"].isin(self.abstained)].sort_values("unit_id")
        units = self.tables["units"]
        silent = units.groupby("passage_id")["is_recommendation"].any()
        silent_ids = sorted(silent.index[~silent])
        show = self.study.settings.report.quotation != "none"
        quoted = silent_ids[:MAX_UNCODED] if show else []
        for passage_id in quoted:
            self._quoted.setdefault(passage_id)
        return {
            "n_other": len(other),
            "other": self.excerpts(estimates.OTHER, other),
            "n_abstained": len(unsure),
            "abstained": [self._excerpt(row, "") for row in unsure.drop_duplicates("voice").itertuples()][
                : MAX_UNCODED if show else 0
            ],
            "n_silent": len(silent_ids),
            "silent": [
                {
                    "passage_id": i,
                    "text": self.passages.at[i, "text"],
                    "language": self.passages.at[i, "language"],
                }
                for i in quoted
            ],
        }

    def quoted_passages(self) -> list[dict[str, Any]]:
        """The passages behind the excerpts, each with its place in the source and its units."""
        by_passage = dict(iter(self.tables["units"].groupby("passage_id")))
        return [
            {
                "passage_id": passage_id,
                "file": self.files[p.source_id],
                "locator": p.locator,
                "start": int(p.start),
                "end": int(p.end),
                "language": p.language,
                "role": p.role,
                "copies": int(self.repeats.get(passage_id, 0)),
                "pieces": _pieces(p.text, int(p.start), by_passage.get(passage_id), self.codes),
            }
            for passage_id, p in ((i, self.passages.loc[i]) for i in sorted(self._quoted))
        ]

    def codebook_entry(self, theme_id: str) -> dict[str, Any]:
        theme = next(t for t in self.study.codebook.themes if t.id == theme_id)
        language = self.study.languages[0]
        return {
            "id": theme.id,
            "label": theme.text("label", language),
            "definition": theme.text("definition", language),
            "include": _in(theme.include, language),
            "exclude": _in(theme.exclude, language),
            "n_examples": sum(len(v) for v in theme.examples.values()),
            "languages": sorted(theme.examples),
        }


def _pieces(text: str, offset: int, units: pd.DataFrame | None, codes: Mapping[str, list[str]]) -> list[dict[str, Any]]:
    """Cut a passage into units and what lies between, in order; joined they are the passage again."""
    pieces: list[dict[str, Any]] = []
    place = 0
    for unit in units.sort_values("start").itertuples() if units is not None else ():
        start, end = int(unit.start) - offset, int(unit.end) - offset
        if start > place:
            pieces.append({"text": text[place:start], "unit_id": None, "codes": []})
        pieces.append({"text": text[start:end], "unit_id": unit.unit_id, "codes": codes.get(unit.unit_id, [])})
        place = end
    if place < len(text):
        pieces.append({"text": text[place:], "unit_id": None, "codes": []})
    return pieces


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
