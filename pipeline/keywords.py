"""Topic keywords without contributors' names."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

import pandas as pd

from pipeline import privacy
from pipeline.wording import words


def without_names(
    topics: pd.DataFrame, finder: privacy.Finder, vocabulary: privacy.Vocabulary
) -> tuple[pd.DataFrame, int]:
    """Return the topics without keywords that are names or parts of addresses, and how many these were."""
    keywords = [json.loads(row) for row in topics["keywords"]]
    kept = [
        {
            code: [w for w in terms if not finder.is_name(w) and w not in vocabulary.addresses]
            for code, terms in row.items()
        }
        for row in keywords
    ]
    labels = [_relabelled(*row) for row in zip(topics["label"], keywords, kept, strict=True)]
    shown = topics.assign(label=labels, keywords=[json.dumps(row, ensure_ascii=False, sort_keys=True) for row in kept])
    n_dropped = sum(len(terms) - len(kept[i][code]) for i, row in enumerate(keywords) for code, terms in row.items())
    return shown, n_dropped


def _relabelled(label: str, keywords: Mapping[str, Sequence[str]], kept: Mapping[str, Sequence[str]]) -> str:
    """Return a topic's label without the keywords that were dropped; the next ones stand in for them."""
    for code, terms in keywords.items():
        if terms and ", ".join(terms[:3]) == label:
            return ", ".join(kept[code][:3]) or "–"
    return label


def labels_without_names(frame: pd.DataFrame, finder: privacy.Finder, vocabulary: privacy.Vocabulary) -> pd.DataFrame:
    """Return topics or families of topics whose labels, in every language, hold no name and no part of an address."""

    def hidden(word: str) -> bool:
        return finder.is_name(word) or word in vocabulary.addresses

    def kept(text: str) -> str:
        parts = (part for part in text.split(", ") if not any(hidden(word) for word in words(part)))
        return ", ".join(parts) or "–"

    labels = [
        {code: {**label, "text": kept(label["text"])} for code, label in json.loads(row).items()}
        for row in frame["labels"]
    ]
    return frame.assign(
        label=[kept(label) for label in frame["label"]],
        labels=[json.dumps(row, ensure_ascii=False, sort_keys=True) for row in labels],
    )
