"""Split distinct tips and comments into units, and decide which units recommend something."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from pipeline import quotations, roles
from pipeline.coded import gold, people
from pipeline.engines import cache, langid, recommender, sentences
from pipeline.languages import UNDETERMINED
from pipeline.store import Store
from pipeline.study import Study
from pipeline.wording import content_id, words

_FOUND_FIRST = ("unit_id", "passage_id", "start", "end", "language", "text")
_CLEARLY_OTHER = 0.95
_MIN_WORDS_TO_DIFFER = 6


def run(study: Study, store: Store) -> None:
    """Load the passages, split the distinct tips and comments, judge or ask people what recommends, save the units."""
    passages = distinct(store.table("passages"), store.table("duplicates"))

    units = units_of(passages, study.languages)
    texts = list(units["text"])
    vectors = cache.embedded_for(study).encode(texts)
    scores = recommender.probabilities(vectors, texts, list(units["language"]), cache.tuned_for(study))
    units = units.assign(
        is_recommendation=scores >= study.settings.units.threshold,
        recommendation_score=scores,
        repeats=units["unit_id"].map(repetitions_of(units, passages)),
    )
    said = gold.load(study, units, store.table("sources")).shares

    store.save_table("units", units.assign(is_recommendation=people.recommends(units, said)))


def distinct(passages: pd.DataFrame, duplicates: pd.DataFrame) -> pd.DataFrame:
    """Return the tips and comments that repeat no other passage (or are counted all the same)."""
    aside = set(duplicates.loc[~duplicates["counted"], "passage_id"])
    kept = passages["role"].isin([roles.TIP, roles.COMMENT]) & ~passages["passage_id"].isin(aside)
    return passages[kept]


def units_of(passages: pd.DataFrame, languages: tuple[str, ...]) -> pd.DataFrame:
    """Return one row per sentence, in the order of the passages, with offsets into the source text."""
    rows = list(_rows(passages))
    spoken = unit_languages([r["text"] for r in rows], [r["language"] for r in rows], languages)
    for row, language in zip(rows, spoken, strict=True):
        row["language"] = language
    frame = pd.DataFrame(rows, columns=_FOUND_FIRST)
    return frame.assign(is_recommendation=False, recommendation_score=0.0, repeats=None)


def repetitions_of(units: pd.DataFrame, passages: pd.DataFrame) -> dict[str, str]:
    """Return, for each unit that only repeats another (a quotation, a sentence said twice), the one it repeats."""
    begins = passages.set_index("passage_id")["start"]
    parts = [
        quotations.Part(u.unit_id, u.passage_id, u.start - begins[u.passage_id], u.end - begins[u.passage_id], u.text)
        for u in units.itertuples()
    ]
    return quotations.repeated(parts, dict(zip(passages["passage_id"], passages["text"], strict=True)))


def unit_languages(texts: list[str], passage_languages: list[str], languages: tuple[str, ...]) -> list[str]:
    """Return each unit's language: its passage's, unless a longer sentence is clearly in another."""
    likelihood = langid.probabilities(texts, languages)
    found = []
    for text, inherited, row in zip(texts, passage_languages, likelihood, strict=True):
        best = int(np.argmax(row))
        differs = row[best] >= _CLEARLY_OTHER and len(words(text)) >= _MIN_WORDS_TO_DIFFER
        known = inherited == UNDETERMINED and len(words(text)) >= 2 and row[best] >= 0.6
        found.append(languages[best] if differs or known else inherited)
    return found


def _rows(passages: pd.DataFrame) -> Iterable[dict[str, str]]:
    split = sentences.split(list(passages["text"]), list(passages["language"]))
    for passage, spans in zip(passages.itertuples(), split, strict=True):
        for start, end in spans:
            text = passage.text[start:end]
            yield {
                "unit_id": content_id("u", passage.passage_id, start, text),
                "passage_id": passage.passage_id,
                "start": passage.start + start,
                "end": passage.start + end,
                "language": passage.language,
                "text": text,
            }
