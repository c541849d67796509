"""Discover topics over the eligible units, say how sure they are, and meet them with the themes."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from pipeline import crosswalk, estimates, leakage, privacy, progress, topic_estimates
from pipeline.engines import cache, layout, levelled, naming, stability
from pipeline.engines import topics as engine
from pipeline.engines.encoder import Encoder
from pipeline.engines.endpoint import Endpoint
from pipeline.engines.naming import Named, Names
from pipeline.engines.stability import Stability
from pipeline.engines.topics import Fit
from pipeline.report import strings
from pipeline.report.strings import Strings
from pipeline.schemas import TABLES
from pipeline.store import Store
from pipeline.study import Study

_LEAST_MEMBERSHIP = 0.05


def run(study: Study, store: Store) -> None:
    """Load units and vectors; find topics, refit, name, count; save one table per question."""
    units, passages, codings = (store.table(name) for name in ("units", "passages", "codings"))
    rows = store.table("vectors").set_index("unit_id")["row"]
    eligible = estimates.eligible_units(units, passages, study.settings.units.eligible).sort_values("unit_id")
    settings, report_languages = study.settings.topics, strings.languages(study.report_languages)

    seen = together(
        # Not kept under a name: of a large corpus they are as much again as all that follows.
        store.vectors()[rows.loc[eligible["unit_id"]].to_numpy()] if len(eligible) else np.empty((0, 1)),
        cache.second_view(study),
        list(eligible["text"]),
        list(eligible["language"]),
    )
    found = engine.fit(list(eligible["text"]), seen, settings.min_size, settings.margin)
    steady = stability.measure(found, seen, list(eligible["voice"]), settings.min_size)
    placed = eligible.assign(topic_id=found.topics)
    family = placed["topic_id"].map(lambda topic: found.parents[topic] if topic >= 0 else -1)
    refuse, asked = refused(study, store.names(), passages["text"]), endpoint_of(study)
    units_named = _named(placed, seen)
    named, of_families = (
        naming.name(units_named, list(column), report_languages, refuse, asked)
        for column in (placed["topic_id"], family)
    )
    progress.say([*named.warnings, *of_families.warnings])

    members, codes = placed[placed["topic_id"] >= 0], crosswalk.by_unit(codings, list(eligible["unit_id"]))
    themes = [*study.codebook.ids, estimates.OTHER]
    store.save_table("topics", topics_table(members, codes, themes, found, steady, named, settings.stable))
    store.save_table("topic_families", families(members, found, of_families))
    store.save_table("topic_memberships", memberships(list(eligible["unit_id"]), found))
    store.save_table("topic_themes", crosswalk.table(members, codes, themes))
    hidden = estimates.hidden_levels_of(store.table("theme_estimates"))
    store.save_table("topic_estimates", topic_estimates.estimate(placed, len(named.labels), hidden))
    store.save_table("topic_fits", fits(found, steady))
    store.save_table("topic_summary", summary(placed, found, steady, named.n_hidden))
    places = layout.places(seen)
    store.save_table("layout", pd.DataFrame({"unit_id": eligible["unit_id"], "x": places[:, 0], "y": places[:, 1]}))


def together(vectors: np.ndarray, second: Encoder | None, texts: Sequence[str], languages: Sequence[str]) -> np.ndarray:
    """Return unit vectors that no longer tell languages apart: the study's, and those of a second encoder beside them.

    Both count alike. On this project's own sentences two see more of the matter than one (`benchmarks/topics.py`).
    """
    if not len(texts):
        return vectors
    views = [levelled.by_language(vectors, languages)]
    if second is not None:
        views.append(levelled.by_language(second.encode(texts), languages))
    beside = np.hstack(views)
    beside /= np.float32(len(views) ** 0.5)
    return beside


def refused(study: Study, names: Sequence[str], texts: Iterable[str]) -> Callable[[str], bool]:
    """Return what says whether a word is part of a contributor's name or of an address, and so no keyword."""
    themes = list(study.codebook.texts())
    finder, vocabulary = privacy.finder(names, (*texts, *themes), Strings(study.report_languages[0]).texts())
    return lambda word: finder.is_name(word) or word in vocabulary.addresses


def endpoint_of(study: Study) -> Endpoint | None:
    """Return the language model that the study names for labels, with a place for its answers."""
    settings = study.settings.topics
    folder = study.state / "labels"
    return Endpoint(settings.label_endpoint, settings.label_model, folder) if settings.label_endpoint else None


def topics_table(
    members: pd.DataFrame,
    codes: pd.DataFrame,
    theme_ids: Sequence[str],
    found: Fit,
    steady: Stability,
    named: Names,
    stable: float,
) -> pd.DataFrame:
    """Return one row per topic; those that appear in fewer than the share `stable` of the refits are unstable."""
    rows = []
    for topic, own in members.groupby("topic_id"):
        appears = float(steady.appears[topic]) if steady.n_refits else None
        rows.append(
            {
                "topic_id": topic,
                "label": named.label(topic),
                "labels": _json(named.plain_labels(topic)),
                "family_id": found.parents[topic],
                "n_units": len(own),
                "n_voices": own["voice"].nunique(),
                "stability": appears,
                "overlap": float(steady.jaccard[topic]) if steady.n_refits else None,
                "steadiness": "unmeasured" if appears is None else "stable" if appears >= stable else "unstable",
                **crosswalk.meeting(own, codes, theme_ids),
                "keywords": _json(named.keywords[topic]),
                "central": _json(named.central[topic]),
            }
        )
    return pd.DataFrame(rows, columns=list(TABLES["topics"].columns))


def families(members: pd.DataFrame, found: Fit, named: Names) -> pd.DataFrame:
    """Return one row per family of topics."""
    family = members["topic_id"].map(lambda topic: found.parents[topic])
    rows = [
        {
            "family_id": number,
            "label": named.label(number),
            "labels": _json(named.plain_labels(number)),
            "n_topics": own["topic_id"].nunique(),
            "n_units": len(own),
            "n_voices": own["voice"].nunique(),
        }
        for number, own in members.groupby(family)
    ]
    return pd.DataFrame(rows, columns=list(TABLES["topic_families"].columns))


def memberships(unit_ids: Sequence[str], found: Fit) -> pd.DataFrame:
    """Return a row for every topic that a unit belongs to by a twentieth or more, and for the one it is counted in."""
    counted = found.topics[:, None] == np.arange(found.memberships.shape[1])
    kept = counted | (found.memberships >= _LEAST_MEMBERSHIP)
    rows, topics = np.nonzero(kept)
    return pd.DataFrame(
        {
            "unit_id": np.asarray(unit_ids, dtype=object)[rows],
            "topic_id": topics,
            "score": np.round(found.memberships[rows, topics], 4),
            "assigned": found.topics[rows] == topics,
            "margin": np.round(found.margins[rows], 4),
        },
        columns=list(TABLES["topic_memberships"].columns),
    )


def fits(found: Fit, steady: Stability) -> pd.DataFrame:
    """Return the numbers of topics that were compared, with the evidence for each."""
    rows = [
        {
            "k": cut.k,
            "silhouette": cut.silhouette,
            "agreement": steady.agreement.get(cut.k),
            "chosen": cut.k == found.k,
        }
        for cut in found.cuts
    ]
    return pd.DataFrame(rows, columns=list(TABLES["topic_fits"].columns))


def summary(placed: pd.DataFrame, found: Fit, steady: Stability, n_hidden: int) -> pd.DataFrame:
    """Return the one row about the search as a whole: coverage, refits, and whether topics follow the language."""
    members = placed[placed["topic_id"] >= 0]
    leak = leakage.measure(list(members["topic_id"]), list(members["language"]), list(members["voice"]))
    row: dict[str, Any] = {
        "method": found.method,
        "n_eligible": len(placed),
        "n_assigned": len(members),
        "n_sample": len(found.rows),
        "n_refits": steady.n_refits,
        "n_hidden": n_hidden,
        **{f"leak_{key}": None if leak is None else getattr(leak, key) for key in ("nmi", "chance", "high", "p")},
    }
    return pd.DataFrame([row], columns=list(TABLES["topic_summary"].columns))


def _named(units: pd.DataFrame, vectors: np.ndarray) -> Named:
    return Named(list(units["unit_id"]), list(units["text"]), list(units["language"]), list(units["voice"]), vectors)


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True)
