"""Topics without contributors' names: in their keywords, and in labels that are made of these."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pandas as pd

from pipeline import privacy
from pipeline.wording import words

Keywords = Mapping[str, Sequence[str]]


def without_names(
    topics: pd.DataFrame, finder: privacy.Finder, vocabulary: privacy.Vocabulary
) -> tuple[pd.DataFrame, int]:
    """Return topics without words that are names or parts of addresses, and how many keywords these were.

    Labels (`label`, and `labels` by language as JSON, where there are such columns) lose them as well; the next
    keywords stand in for what they lose.
    """

    def is_bad(text: str) -> bool:
        return any(finder.is_name(word) or word in vocabulary.addresses for word in words(text))

    keywords: list[Keywords] = [json.loads(row) for row in topics.get("keywords", ["{}"] * len(topics))]
    kept = [{code: [w for w in terms if not is_bad(w)] for code, terms in row.items()} for row in keywords]
    shown = topics.copy()
    if "keywords" in topics:
        shown["keywords"] = [json.dumps(row, ensure_ascii=False, sort_keys=True) for row in kept]
    if "label" in topics:
        shown["label"] = [_relabelled(*row, is_bad) for row in zip(topics["label"], kept, strict=True)]
    if "labels" in topics:
        shown["labels"] = [_all_relabelled(*row, is_bad) for row in zip(topics["labels"], kept, strict=True)]
    n_dropped = sum(len(terms) - len(kept[i][code]) for i, row in enumerate(keywords) for code, terms in row.items())
    return shown, n_dropped


def _relabelled(label: str, kept: Keywords, is_bad: Callable[[str], bool]) -> str:
    parts = label.split(", ")
    good = [part for part in parts if not is_bad(part)]
    if len(good) == len(parts):
        return label
    spare = next((terms for terms in kept.values() if set(good) & set(terms)), next(iter(kept.values()), []))
    return ", ".join([*good, *(term for term in spare if term not in good)][: max(len(parts), 3)]) or "–"


def _all_relabelled(labels: str, kept: Keywords, is_bad: Callable[[str], bool]) -> str:
    found: dict[str, dict[str, Any]] = json.loads(labels)
    own = {code: {code: kept[code]} if code in kept else kept for code in found}
    clean = {c: {**entry, "text": _relabelled(entry["text"], own[c], is_bad)} for c, entry in found.items()}
    return json.dumps(clean, ensure_ascii=False, sort_keys=True)
