"""Measure roles, languages, repetitions and translated copies on the labelled cases; print a table.

Usage: python -m benchmarks.ingest. Even cases were looked at while the rules were written; odd cases of
`translations.jsonl` chose no threshold. Both halves are printed, with Wilson 95 % intervals.
"""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path, PurePath
from typing import Any

from benchmarks.captures import cell
from pipeline import readers, roles, translations
from pipeline.engines import encoder, pages, sentences
from pipeline.repetitions import find_repetitions, wording
from pipeline.stages.ingest import identify, lines_of
from pipeline.study import DeduplicateSection

CASES = Path(__file__).resolve().parents[1] / "tests" / "cases"
LANGUAGES = ("es", "en", "pt", "fr", "de", "it")
Counts = defaultdict[tuple[str, str], list[bool]]


def cases(name: str) -> list[dict[str, Any]]:
    """Return the labelled cases of a file."""
    return [json.loads(line) for line in (CASES / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()]


def half(place: int) -> str:
    """Name the half a case belongs to."""
    return "odd" if place % 2 else "even"


def role_counts() -> Counts:
    """Return, per role and half (of pages), whether each line got its role."""
    counts: Counts = defaultdict(list)
    judge = pages.Judge(encoder.embedded)
    for place, page in enumerate(cases("roles")):
        text = "\n".join(line["text"] for line in page["lines"])
        (document,) = readers.read(text.encode(), PurePath("page.txt"))
        for line, role in zip(page["lines"], roles.assign(lines_of(document), True, judge), strict=True):
            counts[f"role {line['role']}", half(place)].append(role == line["role"])
    return counts


def language_counts() -> Counts:
    """Return, for texts under six words and longer ones, whether each got its language, alone on its page."""
    counts: Counts = defaultdict(list)
    for place, case in enumerate(cases("languages")):
        ((language, _),) = identify([case["text"]], [None], LANGUAGES)
        size = "language, under 6 words" if len(case["text"].split()) < 6 else "language, 6 words or more"
        counts[size, half(place)].append(language == case["language"])
    return counts


def repetition_counts() -> Counts:
    """Return recall per kind and precision of exact, near and truncated repetitions."""
    counts: Counts = defaultdict(list)
    for place, case in enumerate(cases("duplicates")):
        pair = [wording(key, case[key], case[f"voice_{key}"], case["language"]) for key in ("a", "b")]
        found = [link.kind for link in find_repetitions(pair, DeduplicateSection())]
        if case["kind"]:
            counts[f"recall {case['kind']}", half(place)].append(bool(found))
        if found:
            counts["precision of repetitions", half(place)].append(bool(case["kind"]))
    return counts


def translation_counts() -> Counts:
    """Return recall and precision of translated copies, pair by pair (no neighbours to choose from)."""
    counts: Counts = defaultdict(list)
    model = encoder.embedded()
    for place, case in enumerate(cases("translations")):
        pair = []
        for key in ("a", "b"):
            text, language = case[key], case[f"language_{key}"]
            (spans,) = sentences.split([text], [language])
            parts = tuple(text[start:end] for start, end in spans)
            pair.append(translations.Candidate(key, language, parts, model.encode(parts)))
        long_enough = all(translations.eligible(case[k], case[f"language_{k}"]) for k in ("a", "b"))
        found = long_enough and translations.likeness(*pair) is not None
        if case["kind"]:
            counts["recall translation", half(place)].append(found)
        if found:
            counts["precision of translations", half(place)].append(bool(case["kind"]))
    return counts


def main() -> None:
    """Print one line per measure, for the even half, the odd half and both."""
    print(f"{'':28s} {'even half':>26s} {'odd half':>26s} {'all':>26s}")
    for measure in (role_counts, language_counts, repetition_counts, translation_counts):
        counts = measure()
        for name in sorted({name for name, _ in counts}):
            parts = [counts[name, "even"], counts[name, "odd"], counts[name, "even"] + counts[name, "odd"]]
            print(f"{name:28s} {' '.join(cell(part) for part in parts)}")


if __name__ == "__main__":
    main()
