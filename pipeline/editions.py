"""The two editions of a report: for the team alone, which quotes; and for everybody, which keeps the study's policy.

Both hold the same numbers. What differs is which words stand in them (`report.quotation`, and `[[report.sources]]`
where a source has a rule of its own), and how a source is named: by its file, or by a number that says nothing of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any, Literal

import pandas as pd

from pipeline import privacy
from pipeline.errors import GlosaError
from pipeline.study import Policy, Study

PART = "#"  # a sheet of a workbook or a frame of a page is named file#part


@dataclass(frozen=True)
class Edition:
    """One of the two, and what it may show.

    Attributes:
        name: also that of its folder below `reports`.
        policy: how it quotes, where a source has no policy of its own.
        by_source: policies by source id.
        files: the names under which sources, and files that were not used, are shown.
    """

    name: Literal["restricted", "public"]
    policy: Policy
    by_source: Mapping[str, Policy] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_public(self) -> bool:
        """Whether everybody may read it."""
        return self.name == "public"

    def allows(self, source_id: str) -> Policy:
        """Return how a source may be quoted."""
        return self.by_source.get(source_id, self.policy)


def both(
    study: Study,
    tables: Mapping[str, pd.DataFrame],
    inputs: Mapping[str, str],
    finder: privacy.Finder,
    placeholders: Mapping[str, str],
) -> tuple[Edition, Edition]:
    """Return the restricted and the public edition of a study.

    Args:
        study: for its policy.
        tables: `sources` and `rejects`.
        inputs: SHA-256 of every capture by file.
        finder: what finds names in file names.
        placeholders: the words that stand for what was found.
    """
    sources, rejects = tables["sources"], tables["rejects"]
    names = public_files({*sources["file"], *rejects["file"], *inputs}, finder, placeholders)
    return (
        Edition("restricted", "verbatim", files=names),
        Edition("public", study.settings.report.quotation, policies(study, sources, inputs), numbers(tables, inputs)),
    )


def policies(study: Study, sources: pd.DataFrame, inputs: Iterable[str]) -> dict[str, Policy]:
    """Return the policies of those sources that have one of their own; the first rule that fits a file decides."""
    rules = study.settings.report.sources
    for rule in rules:
        if not any(_fits(file, rule.files) for file in (*sources["file"], *inputs)):
            raise GlosaError(
                study.root / "study.toml",
                f"[[report.sources]] has files = {rule.files!r}, which fits none of the captures.",
                "a file below data/raw, or a pattern such as forum-*.html.",
                "Mend the pattern: a rule that fits nothing protects nothing.",
            )
    return {
        row.source_id: rule.quotation
        for row in sources.itertuples()
        for rule in [next((rule for rule in rules if _fits(row.file, rule.files)), None)]
        if rule is not None
    }


def _fits(file: str, pattern: str) -> bool:
    return fnmatchcase(file, pattern) or fnmatchcase(file.partition(PART)[0], pattern)


def numbers(tables: Mapping[str, pd.DataFrame], inputs: Mapping[str, str]) -> dict[str, str]:
    """Return a number for every source (S01, in the order of the ids) and for every file that was not used (R01).

    The order depends on what the files hold, never on how they are called.
    """
    sources, rejects = tables["sources"], tables["rejects"]
    shown = {file: f"S{i:02d}" for i, file in enumerate(sources.sort_values("source_id")["file"], start=1)}
    parts: dict[str, list[str]] = {}
    for file, number in sorted(shown.items(), key=lambda item: item[1]):
        parts.setdefault(file.partition(PART)[0], []).append(number)
    shown |= {file: ", ".join(listed) for file, listed in parts.items() if file not in shown}
    ids = dict(zip(rejects["file"], rejects["source_id"], strict=True))
    unused = {*rejects["file"], *inputs} - shown.keys()
    ordered = sorted(unused, key=lambda file: (inputs.get(file, ""), ids.get(file, ""), file))
    return shown | {file: f"R{i:02d}" for i, file in enumerate(ordered, start=1)}


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


def named(found: Mapping[str, Any], edition: Edition) -> dict[str, Any]:
    """Return the results with every file under the name that it has in an edition."""

    def by_name(rows: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
        shown = [{**row, "file": edition.files.get(row["file"])} for row in rows]  # None: several, taken together
        return sorted(shown, key=lambda row: (row["file"] is None, row["file"]))

    by_source = [{**level, "level": edition.files[level["level"]]} for level in found["groups"]["source"]]
    listed = {file for file in edition.files if file in {row["file"] for row in found["sources"]}}
    topics = found["topics"]
    topic_levels = [{**level, "level": edition.files[level["level"]]} for level in topics["groups"]["source"]["levels"]]
    by_topic = {**topics["groups"], "source": {**topics["groups"]["source"], "levels": topic_levels}}
    report = found["settings"]["report"]
    rules = [
        {**rule, "files": ", ".join(sorted(edition.files[file] for file in listed if _fits(file, rule["files"])))}
        for rule in report["sources"]
    ]
    inputs = {edition.files[file]: digest for file, digest in found["run"]["inputs"].items()}
    return {
        **found,
        "settings": {**found["settings"], "report": {**report, "sources": rules}},
        "sources": by_name(found["sources"]),
        "rejects": by_name(found["rejects"]),
        "groups": {**found["groups"], "source": by_source},
        "topics": {**topics, "groups": by_topic},
        "run": {**found["run"], "inputs": dict(sorted(inputs.items()))},
    }
