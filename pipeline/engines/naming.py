"""What topics are called: keywords per language, labels per report language, central units; no contributor's name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

import numpy as np

from pipeline.engines import endpoint, keywords, labels
from pipeline.engines.endpoint import Asked, Endpoint
from pipeline.engines.keywords import Keyword
from pipeline.engines.labels import Label, is_refused
from pipeline.engines.terms import Terms

_SENTENCES = 6


@dataclass(frozen=True)
class Named:
    """Units as they are named: texts with their ids, languages, voices and vectors, row by row."""

    ids: Sequence[str]
    texts: Sequence[str]
    languages: Sequence[str]
    voices: Sequence[str]
    vectors: np.ndarray

    @cached_property
    def terms(self) -> Mapping[str, Terms]:
        """The terms of each language's texts, found once however often the units are named."""
        return keywords.terms_of(self.texts, self.languages)


@dataclass(frozen=True)
class Names:
    """Per topic: keywords and central unit ids by language, labels by report language; and what was left out.

    `n_hidden` counts keywords that are names or parts of addresses, `warnings` say where an endpoint gave no label.
    """

    keywords: Mapping[int, Mapping[str, list[str]]]
    central: Mapping[int, Mapping[str, list[str]]]
    labels: Mapping[int, Mapping[str, Label]]
    n_hidden: int
    warnings: Sequence[str]

    def label(self, topic: int) -> str:
        """Return the topic's label in the first report language, or a dash."""
        return next(iter(self.labels[topic].values())).text or "–"

    def plain_labels(self, topic: int) -> dict[str, Any]:
        """Return the labels by report language, as plain values."""
        return {code: asdict(label) for code, label in self.labels[topic].items()}


def name(
    units: Named,
    topics: Sequence[int],
    report_languages: Sequence[str],
    refuse: Callable[[str], bool],
    asked: Endpoint | None = None,
) -> Names:
    """Name topics.

    Args:
        units: all of them, those without a topic as well: they are the background.
        topics: the topic of each, or -1.
        report_languages: the languages in which labels are made.
        refuse: whether a word must not be used.
        asked: a language model on this machine that makes the labels, if the study names one.
    """
    middle = keywords.central(units.vectors, topics, units.languages, units.ids)
    found: dict[int, dict[str, list[Keyword]]] = {}
    if max(topics, default=-1) >= 0:
        near = keywords.nearness(units.vectors, topics)
        found = keywords.keywords(
            units.texts, units.languages, topics, voices=units.voices, nearness=near.tolist(), known=units.terms
        )
    kept = {
        topic: {code: [k for k in listed if not is_refused(k.text, refuse)] for code, listed in own.items()}
        for topic, own in found.items()
    }
    sizes: dict[int, Counter[str]] = {topic: Counter() for topic in found}
    for topic, language in zip(topics, units.languages, strict=True):
        if topic in sizes:
            sizes[topic][language] += 1
    made, warnings = labels.labels(kept, sizes, report_languages, refuse), list[str]()
    if asked:
        made, warnings = endpoint.relabel(made, _questions(units, kept, middle), asked, refuse)
    return Names(
        {
            topic: {code: [k.text for k in own[code]] for code in sorted(own) if own[code]}
            for topic, own in kept.items()
        },
        {topic: {code: [units.ids[i] for i in own[code]] for code in sorted(own)} for topic, own in middle.items()},
        made,
        sum(len(listed) - len(kept[topic][code]) for topic, own in found.items() for code, listed in own.items()),
        warnings,
    )


def _questions(
    units: Named,
    kept: Mapping[int, Mapping[str, Sequence[Keyword]]],
    middle: Mapping[int, Mapping[str, Sequence[int]]],
) -> dict[int, Asked]:
    return {
        topic: Asked(own, [units.texts[i] for code in sorted(middle[topic]) for i in middle[topic][code]][:_SENTENCES])
        for topic, own in kept.items()
    }
