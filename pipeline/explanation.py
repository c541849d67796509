"""Why the coder decided so about a unit: scores and thresholds, the words that weigh, and examples like it.

Where people have coded the unit they come first, since they win over the machine. The words that weigh are found by
occlusion (`pipeline/occlusion.py`). The examples are the nearest to the unit by the study's encoder; they show what
the coder's themes look like and have themselves decided nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from pipeline import estimates, occlusion
from pipeline.coded import gold
from pipeline.engines import cache, coder, judge
from pipeline.engines.judge import Judge, Lessons
from pipeline.errors import GlosaError
from pipeline.occlusion import Weight
from pipeline.stages import coding
from pipeline.store import Store, find_unit
from pipeline.study import Codebook, CodingSection, Study

CODEBOOK = "codebook"
NOT_CONSIDERED = "not considered"
_NEAREST, _WORDS = 5, 5
# Scores in the tables are rounded, and another processor may differ in the last digit.
_SAME = 0.001
_READS = (
    *(f"data/processed/{name}.parquet" for name in ("units", "passages", "sources", "codings", "vectors")),
    "data/processed/vectors.npy",
)


@dataclass(frozen=True, slots=True)
class Said:
    """What one person says of the unit; no codes: nothing applies."""

    coder: str
    round: str
    codes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Decision:
    """A theme (or `recommendation`) with its score, the threshold it was held against, and what came of it.

    The words that weigh for it and against it are given where it was assigned, or nearly so; else they are None. Both
    are empty where any one word can be missed.
    """

    name: str
    score: float
    threshold: float | None
    status: str
    words_for: tuple[Weight, ...] | None = None
    words_against: tuple[Weight, ...] | None = None


@dataclass(frozen=True, slots=True)
class Example:
    """A coded sentence: who coded it (`codebook`, or people), in which language, with which codes."""

    coded_by: str
    language: str
    codes: tuple[str, ...]
    text: str
    likeness: float = 0.0


@dataclass(frozen=True, slots=True)
class Explanation:
    """All that is known of one unit's coding; `likeness` is the cosine of two vectors, from -1 to 1."""

    unit_id: str
    text: str
    language: str
    people: tuple[Said, ...]
    method: str
    recommendation: Decision
    themes: tuple[Decision, ...]
    nearest: tuple[Example, ...]
    notes: tuple[str, ...]


def explain(study: Study, unit_id: str, ask: Judge | None = None) -> Explanation:
    """Load a finished run, ask the coder again about the unit, and return the explanation.

    `ask` judges texts instead of the study's own coder. Raises `GlosaError` where there is no run or no such unit.
    """
    store = Store(study.root, _READS, ())
    units, sources, codings = (store.table(name) for name in ("units", "sources", "codings"))
    unit = find_unit(units, unit_id)
    people = gold.load(study, units, sources)
    own = codings[codings["unit_id"] == unit_id].set_index("theme_id")
    coded, views = people.coded, said(people.coded, unit_id)
    ask = ask or judge.load(study, _lessons(study, store, people.shares, unit_id))
    weighed = weigh_words(ask, unit["text"], unit["language"])
    advice = _advice(unit, study.settings.units.threshold, weighed)
    return Explanation(
        unit_id,
        unit["text"],
        unit["language"],
        views,
        own["method"].iloc[0] if len(own) else "",
        advice,
        _themes(own, study.codebook, study.settings.coding, weighed, _thresholds(study, codings)),
        _nearest(study, store, unit_id, coded[coded["unit_id"] != unit_id], units),
        tuple(_notes(unit, own, views, study.codebook, weighed)),
    )


def _lessons(study: Study, store: Store, shares: pd.DataFrame, unit_id: str) -> Lessons:
    """Return what the coder knows of the study when it judges a unit: all but what people say of that unit's voice."""
    eligible = study.settings.units.eligible
    judged = coding.to_judge(estimates.spoken_units(store.table("units"), store.table("passages"), eligible), shares)
    codes = coding.taught_by(judged, shares, study.codebook.ids, eligible)
    own_voice = judged["voice"].isin(set(judged.loc[judged["unit_id"] == unit_id, "voice"])).to_numpy()
    rows = store.table("vectors").set_index("unit_id")["row"]
    vectors = store.vectors()[rows.loc[judged["unit_id"]].to_numpy(dtype="int64")]
    return Lessons(vectors, list(judged["text"]), np.where(own_voice[:, None], np.nan, codes))


def weigh_words(ask: Judge, text: str, language: str) -> occlusion.Weighed:
    """Weigh a text's words for a recommendation (the first score) and for each theme (the others, in order)."""

    def score(texts: Sequence[str]) -> np.ndarray:
        found = ask(texts, [language] * len(texts))
        return np.column_stack([found.recommendation, found.themes])

    return occlusion.weigh(text, score)


def said(coded: pd.DataFrame, unit_id: str) -> tuple[Said, ...]:
    """Return what people say of a unit, from codings as `records.load` gives them."""
    own = coded[coded["unit_id"] == unit_id]
    return tuple(Said(row.coder, row.round, tuple(row.codes)) for row in own.itertuples())


def taught_examples(codebook: Codebook) -> list[Example]:
    """Return the codebook's examples, theme by theme, in all its languages."""
    return [
        Example(CODEBOOK, language, (theme.id,), text)
        for theme in codebook.themes
        for language, texts in sorted(theme.examples.items())
        for text in texts
    ]


def coded_examples(coded: pd.DataFrame, units: pd.DataFrame) -> tuple[list[Example], list[str]]:
    """Return the units that people have coded, and their ids; one on which they differ stands once for each opinion."""
    about = units.set_index("unit_id")[["language", "text"]]
    found, ids = [], []
    for (unit_id, codes), group in coded.groupby(["unit_id", "codes"]):
        who = ", ".join(sorted(set(group["coder"])))
        found.append(Example(who, about.at[unit_id, "language"], codes, about.at[unit_id, "text"]))
        ids.append(unit_id)
    return found, ids


def nearest(vector: np.ndarray, vectors: np.ndarray, most: int) -> list[tuple[int, float]]:
    """Return the rows most like a vector, by cosine, each with its likeness to 4 decimals; ties go to the first row.

    Args:
        vector: one vector (dimensions).
        vectors: the rows to choose from (rows × dimensions).
        most: how many at most.
    """
    if not len(vectors):
        return []
    lengths = np.linalg.norm(vectors, axis=1) * np.linalg.norm(vector)
    products = np.asarray(vectors, dtype=np.float64) @ np.asarray(vector, dtype=np.float64)
    likeness = np.round(products / np.where(lengths > 0, lengths, 1), 4)
    order = np.argsort(-likeness, kind="stable")[:most]
    return [(int(row), float(likeness[row])) for row in order]


def lines(found: Explanation) -> Iterator[tuple[str, str]]:
    """Yield (what, value): people first, then the machine's decisions with their words, then the examples."""
    yield "unit", found.text
    for one in found.people:
        yield "people", f"{one.coder}{f' ({one.round})' if one.round else ''}: {_named(one.codes)}"
    if found.people:
        yield "", "People win over the machine; what follows is the machine's view."
    for decision in (found.recommendation, *found.themes):
        bound = "" if decision.threshold is None else f" (from {decision.threshold:.2f} on)"
        yield decision.name, f"{decision.score:.2f} {decision.status}{bound}"
        for what, words in (("for", decision.words_for), ("against", decision.words_against)):
            if words:
                yield what, ", ".join(f"{word.words} {word.weight:+.2f}" for word in words)
        if decision.words_for == decision.words_against == ():
            yield "words", "no word decides alone: without any one of them the score is the same"
    if found.method:
        yield "method", found.method
    for one_like in found.nearest:
        who = f"{one_like.language}, {one_like.coded_by}: {_named(one_like.codes)}"
        yield "example", f"{one_like.likeness:.2f} {one_like.text} ({who})"
    for note in found.notes:
        yield "note", note


def _named(codes: Sequence[str]) -> str:
    return ", ".join(codes) or "nothing applies"


def _advice(unit: pd.Series, threshold: float, weighed: occlusion.Weighed) -> Decision:
    status = "yes" if unit["is_recommendation"] else "no"
    score = float(unit["recommendation_score"])
    return Decision("recommendation", score, threshold, status, *weighed.strongest(0, _WORDS))


def _thresholds(study: Study, codings: pd.DataFrame) -> list[float]:
    """Return from which probability each theme is assigned in this run, in the codebook's order."""
    method = next((name for name in codings["method"] if name != estimates.PEOPLE), "")
    return coder.thresholds(study.codebook.ids, study.settings.coding, method)


def _themes(
    own: pd.DataFrame,
    codebook: Codebook,
    settings: CodingSection,
    weighed: occlusion.Weighed,
    thresholds: Sequence[float],
) -> tuple[Decision, ...]:
    """Return the decisions by score, `other` last; words stand with what is assigned or nearly so, else with the best.

    A unit that the run has not coded has the scores that it would have.
    """
    found = []
    for target, (theme, threshold) in enumerate(zip(codebook.ids, thresholds, strict=True), 1):
        score = float(own.at[theme, "score"] if theme in own.index else weighed.scores[target])
        status = str(own.at[theme, "status"]) if theme in own.index else NOT_CONSIDERED
        found.append((Decision(theme, score, threshold, status), target))
    found.sort(key=lambda entry: -entry[0].score)
    told = [
        _with_words(decision, weighed, target) if not i or _nearly(decision, settings) else decision
        for i, (decision, target) in enumerate(found)
    ]
    if estimates.OTHER in own.index:
        other = own.loc[estimates.OTHER]
        told.append(Decision(estimates.OTHER, float(other["score"]), None, str(other["status"])))
    return tuple(told)


def _with_words(decision: Decision, weighed: occlusion.Weighed, target: int) -> Decision:
    words_for, words_against = weighed.strongest(target, _WORDS)
    return replace(decision, words_for=words_for, words_against=words_against)


def _nearly(decision: Decision, settings: CodingSection) -> bool:
    return decision.threshold is not None and decision.score >= decision.threshold - settings.margin


def _nearest(study: Study, store: Store, unit_id: str, coded: pd.DataFrame, units: pd.DataFrame) -> tuple[Example, ...]:
    """Return the examples nearest to a unit; those of the codebook are remembered in the study's cache of vectors."""
    vectors, row = store.vectors(), store.table("vectors").set_index("unit_id")["row"]
    taught = taught_examples(study.codebook)
    by_people, ids = coded_examples(coded, units)
    lacking = sorted({unit_id, *ids} - set(row.index))
    if lacking:
        raise GlosaError(
            study.processed / "vectors.parquet", f"it knows no unit {lacking[0]}.", "a vector for every unit.",
            "Run `glosa run` to the end.",
        )  # fmt: skip
    vector = vectors[row[unit_id]]
    learnt = cache.for_study(study).encode([example.text for example in taught]).reshape(-1, len(vector))
    among = np.vstack([learnt, vectors[row.loc[ids].to_numpy(dtype="int64")]])
    known = [*taught, *by_people]
    return tuple(replace(known[i], likeness=likeness) for i, likeness in nearest(vector, among, _NEAREST))


def _notes(
    unit: pd.Series, own: pd.DataFrame, people: Sequence[Said], codebook: Codebook, weighed: occlusion.Weighed
) -> Iterator[str]:
    """Yield what a reader must know to read the rest right."""
    if pd.notna(unit["repeats"]):
        yield f"It repeats {unit['repeats']} and was not coded again."
    elif own.empty:
        yield "It was not taken for a recommendation, so no theme was considered; the scores are those it would have."
    known = [theme for theme in codebook.ids if theme in own.index]
    now = [weighed.scores[0], *(weighed.scores[1 + codebook.ids.index(theme)] for theme in known)]
    then = [unit["recommendation_score"], *own.loc[known, "score"]]
    if not people and not np.allclose(now, then, atol=_SAME, rtol=0):
        yield "The coder would now decide otherwise than in the tables: glosa run brings them up to date."
