"""A short label for every topic in every language of the report, made of keywords; no language model is asked.

A label is a phrase, where the topic has one that is frequent enough, and further keywords that say something else. It
is in the report's language where the topic has keywords there that more than one unit (or voice) bears out; else in the
language that most of its units have, and says so. No two topics have the same label in one language.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from pipeline.engines.keywords import Keyword
from pipeline.engines.terms import NEGATED, akin

_LETTERS = re.compile(r"[^\W\d_]+")
_WORDS = 3
# A phrase leads if it stands in this share of the units in which the first keyword stands, and in three, if that does.
_LEADS, _LEADS_UNITS = 1 / 3, 3


@dataclass(frozen=True, slots=True)
class Label:
    """What a topic is called, in which language that is, and who says so; an empty text where there are no words.

    `model` names the model that an endpoint was asked for; see `endpoint`.
    """

    text: str
    language: str
    made_by: Literal["keywords", "endpoint"] = "keywords"
    model: str = ""


def labels(
    keywords: Mapping[int, Mapping[str, Sequence[Keyword]]],
    n_units: Mapping[int, Mapping[str, int]],
    report_languages: Iterable[str],
    refuse: Callable[[str], bool] | None = None,
) -> dict[int, dict[str, Label]]:
    """Return a label per topic and language of the report.

    Args:
        keywords: per topic and language, as `keywords.keywords` returns them.
        n_units: how many units each topic has in each language.
        report_languages: the languages in which the report is published.
        refuse: whether a word (of a keyword, as it is written) must not stand in a label, as people's names.
    """
    kept = {
        topic: {code: [k for k in listed if not is_refused(k.text, refuse)] for code, listed in own.items()}
        for topic, own in keywords.items()
    }
    found: dict[int, dict[str, Label]] = {topic: {} for topic in keywords}
    for wanted in report_languages:
        languages = {topic: _language(own, n_units.get(topic, {}), wanted) for topic, own in kept.items()}
        ordered = {topic: _ordered(kept[topic].get(code, [])) for topic, code in languages.items()}
        for topic, text in _distinct(ordered).items():
            found[topic][wanted] = Label(text, languages[topic])
    return found


def is_refused(text: str, refuse: Callable[[str], bool] | None) -> bool:
    """Tell whether a keyword or label holds a refused word, also as part of a compound ("Ludmila's", "Ana-Maria")."""
    return refuse is not None and any(map(refuse, {*text.split(), *_LETTERS.findall(text)}))


def _language(own: Mapping[str, Sequence[Keyword]], n_units: Mapping[str, int], wanted: str) -> str:
    """Return the language to speak of a topic in."""
    able = sorted((code for code in own if own[code]), key=lambda code: (-n_units.get(code, 0), code))
    borne_out = any(keyword.count > 1 for keyword in own.get(wanted, []))
    return wanted if borne_out or not able else able[0]


def _ordered(listed: Sequence[Keyword]) -> list[str]:
    """Return keywords that differ from each other, the best phrase first; those akin to an earlier one stand last."""
    top = listed[0].count if listed else 0
    enough = max(_LEADS * top, min(top, _LEADS_UNITS))
    phrases = [k for k in listed if len(k.text.split()) > 1 and k.count >= enough]
    ordered = [*phrases[:1], *(k for k in listed if k not in phrases[:1])]
    chosen: list[Keyword] = []
    for keyword in ordered:
        if not any(akin(a, b) for other in chosen for a in _roots(other) for b in _roots(keyword)):
            chosen.append(keyword)
    return [k.text for k in [*chosen, *(k for k in ordered if k not in chosen)]]


def _roots(keyword: Keyword) -> list[str]:
    return [root.removeprefix(NEGATED) for root in keyword.roots]


def _distinct(ordered: Mapping[int, Sequence[str]]) -> dict[int, str]:
    """Join the first keywords of each topic; where topics have the same ones, one more, and at last a number."""
    lengths = {topic: min(_WORDS, len(words)) for topic, words in ordered.items()}
    while True:
        # In another order they are still the same to the reader.
        heard = {
            topic: tuple(sorted(w.casefold() for w in ordered[topic][:length])) for topic, length in lengths.items()
        }
        times = Counter(heard.values())
        short = [topic for topic, words in heard.items() if times[words] > 1 and lengths[topic] < len(ordered[topic])]
        if not short:
            break
        for topic in short:
            lengths[topic] += 1
    seen: Counter[tuple[str, ...]] = Counter()
    texts = {}
    for topic, words in heard.items():
        seen[words] += 1
        number = f" ({seen[words]})" if words and seen[words] > 1 else ""
        texts[topic] = ", ".join(ordered[topic][: lengths[topic]]) + number
    return texts
