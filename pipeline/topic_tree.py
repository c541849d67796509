"""Topics in the terminal: a tree of families, topics and their keywords, the coverage first and leakage last."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pipeline import topic_results
from pipeline.engines.topics import MIN_UNITS
from pipeline.errors import GlosaError
from pipeline.report import topic_facts
from pipeline.report.strings import Strings
from pipeline.results import codebook
from pipeline.store import read_table
from pipeline.study import Study
from pipeline.wording import one_line

if TYPE_CHECKING:
    from rich.tree import Tree

_TABLES = (
    "sources",
    "units",
    "topics",
    "topic_families",
    "topic_memberships",
    "topic_themes",
    "topic_estimates",
    "topic_fits",
    "topic_summary",
)


def load(study: Study, language: str = "", n_units: int = 0) -> dict[str, Any]:
    """Return the topics of a finished run, with labels and keywords in a language first where it has any.

    Every topic gets `units`: its `n_units` most central ones by language, as pairs of id and text, in words that can
    do nothing to a terminal. Raises `GlosaError` where the stage hasn't run, or no topic has a word in the language.
    """
    tables = {name: read_table(study.processed / f"{name}.parquet", name) for name in _TABLES}
    found = topic_results.build(tables)
    code = language or study.report_languages[0]
    if language and found["languages"] and language not in found["languages"]:
        raise GlosaError(
            f"--language {one_line(language)}",
            "no topic has keywords in it.",
            f"one of {', '.join(found['languages'])}.",
            "Name one of these.",
        )
    return shown(topic_results.worded(found, code), code, tables["units"].set_index("unit_id")["text"], n_units)


def shown(found: Mapping[str, Any], code: str, texts: Mapping[str, str], n_units: int) -> dict[str, Any]:
    """Return the topics with a language's keywords in front, and the words of central units."""

    def first(values: Mapping[str, Any]) -> dict[str, Any]:
        return {key: values[key] for key in dict.fromkeys([code, *values]) if key in values}

    rows = [
        {
            **row,
            "keywords": first(row["keywords"]),
            "central": first(row["central"]),
            "units": {
                key: [(unit, one_line(texts[unit])) for unit in ids[:n_units]]
                for key, ids in first(row["central"]).items()
            },
        }
        for row in found["rows"]
    ]
    return {**found, "rows": rows}


def as_json(found: Mapping[str, Any]) -> str:
    """Return the same as JSON."""
    return json.dumps(found, ensure_ascii=False, indent=2)


def candidates(study: Study, found: Mapping[str, Any]) -> str:
    """Return the block for `codebook.toml`; the words of central units are examples in it where any were asked for."""
    quotes = {
        str(row["id"]): {code: [text for _, text in units] for code, units in row["units"].items() if units}
        for row in found["rows"]
    }
    themes = codebook(study.codebook, study.report_languages[0])
    known = {"topics": found, "codebook": themes, "report_languages": study.report_languages}
    block = topic_facts.candidates(known, quotes)
    return block or "# No topic lies outside the codebook.\n"


def tree(study: Study, found: Mapping[str, Any]) -> Tree:
    """Return the tree: families, their topics, and of each its keywords and central units by language."""
    from rich.text import Text
    from rich.tree import Tree

    t = Strings("en")
    labels = {entry["id"]: entry["label"] for entry in codebook(study.codebook, "en")}
    said = topic_facts.intro(found, MIN_UNITS, t)
    root = Tree(Text("\n".join(map(one_line, said))), guide_style="dim")
    rows = {row["id"]: row for row in found["rows"]}
    for family in found["families"]:
        about = f"  {family['n_units']} units, {family['n_voices']} voices"
        alone = len(family["topics"]) == 1
        branch = root if alone else root.add(Text.assemble((one_line(family["label"]), "bold"), about))
        for topic in family["topics"]:
            _grow(branch, rows[topic], about_topic(rows[topic], found, labels, t))
    if found["rows"]:
        root.add(Text(topic_facts.leakage(found["leakage"], t)))
    return root


def _grow(branch: Tree, row: Mapping[str, Any], about: str) -> None:
    """Add a topic to the tree: its keywords, one line a language, and below each its central units."""
    from rich.text import Text

    leaf = branch.add(Text.assemble((one_line(row["label"]), "bold"), f"  {about}"))
    units: Mapping[str, Sequence[tuple[str, str]]] = row["units"]
    for code in dict.fromkeys([*row["keywords"], *(code for code, own in units.items() if own)]):
        words = leaf.add(Text(f"{code}  {one_line(', '.join(row['keywords'].get(code, ['–'])))}"))
        for unit, text in units.get(code, ()):
            words.add(Text(f"{unit}  {text}"))


def about_topic(row: Mapping[str, Any], found: Mapping[str, Any], labels: Mapping[str, str], t: Strings) -> str:
    """Return a topic's size, stability and place in the codebook on one line."""
    parts = [
        f"topic {row['id']}: {row['n_units']} units, {row['n_voices']} voices",
        topic_facts.stability(row, found["n_refits"], t),
        *([t("topics.unstable")] if row["steadiness"] == topic_results.UNSTABLE else []),
        one_line(topic_facts.crosswalk(row, labels, t)),
    ]
    return " · ".join(parts)
