"""Search the units of a study by meaning, whatever their language: the query's vector against each unit's.

The query is embedded with the study's own encoder and compared by cosine. Words that query and unit share add nothing:
on the shipped corpus a bonus for them, at any weight, changed no theme's precision in the other languages.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from pipeline import estimates, manifest, roles
from pipeline.errors import GlosaError
from pipeline.store import read_table
from pipeline.study import Study
from pipeline.wording import one_line

if TYPE_CHECKING:
    from pipeline.engines.encoder import Encoder

ROLES = (roles.COMMENT, roles.TIP)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a hit must be; an empty tuple asks for nothing. A unit of several themes needs one of those named."""

    themes: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    role: str | None = None
    all_units: bool = False


@dataclass(frozen=True, slots=True)
class Hit:
    """A unit that was found: `score` is the cosine of the two vectors (-1 to 1), `place` file, locator, characters."""

    unit_id: str
    score: float
    text: str
    language: str
    role: str
    themes: tuple[str, ...]
    topic: int | None
    place: str


@dataclass(frozen=True, slots=True)
class Found:
    """The answer to a query: the model that compared, among how many units, and the hits, best first."""

    query: str
    model: str
    among: int
    hits: tuple[Hit, ...]


def search(study: Study, query: str, wanted: Wanted, limit: int = 10, encoder: Encoder | None = None) -> Found:
    """Load the tables of a run, which need not have been coded yet, and return the units nearest to the query.

    Raises `GlosaError` where there are no vectors, and where a theme, a language or a role is not there.
    """
    if not query.strip():
        raise GlosaError("glosa search", "the query is empty.", "a few words or a sentence.", "Say what to look for.")
    if limit < 1:
        raise GlosaError(f"--limit {limit}", "it asks for no hit.", "a number from 1 on.", "Ask for 10, say.")
    units = _described(study)
    _check(study, units, wanted)
    vectors = _vectors(study, units)
    chosen = units[matches(units, wanted, study.settings.units.eligible == estimates.ALL)]
    encoder = encoder or _encoder(study)
    vector = np.asarray(encoder.encode([query]))[0]
    if vectors.shape[1] != len(vector):
        raise _other_model(study)
    ranked = nearest(vector, vectors[chosen["row"].to_numpy(dtype="int64")], list(chosen["unit_id"]), limit)
    return Found(
        query, manifest.model_key(study), len(chosen), tuple(_hit(chosen.iloc[row], score) for row, score in ranked)
    )


def nearest(vector: np.ndarray, vectors: np.ndarray, ids: Sequence[str], most: int) -> list[tuple[int, float]]:
    """Return the rows nearest to a vector, by cosine to 4 decimals, best first; ties go by id.

    Args:
        vector: one vector (dimensions).
        vectors: the rows to choose from (rows × dimensions).
        ids: an id for each row.
        most: how many at most.
    """
    if not len(vectors):
        return []
    # Sums in double precision come out alike whatever the number of rows; single precision might tip a tie.
    products = np.asarray(vectors, dtype=np.float64) @ np.asarray(vector, dtype=np.float64)
    lengths = np.linalg.norm(vectors, axis=1) * np.linalg.norm(vector)
    scores = np.round(products / np.where(lengths > 0, lengths, 1), 4)
    order = np.lexsort((np.asarray(ids), -scores))[:most]
    return [(int(row), float(scores[row])) for row in order]


def matches(units: pd.DataFrame, wanted: Wanted, every_unit: bool) -> pd.Series:
    """Return which units are asked for; those that only repeat another never are."""
    found = units["repeats"].isna()
    if not (wanted.all_units or every_unit):
        found &= units["is_recommendation"]
    if wanted.languages:
        found &= units["language"].isin(wanted.languages)
    if wanted.role:
        found &= units["role"] == wanted.role
    if wanted.themes:
        asked = set(wanted.themes)
        found &= units["themes"].map(lambda themes: not asked.isdisjoint(themes)).astype(bool)
    return found


def lines(found: Found) -> Iterator[str]:
    """Yield the hits as text: score, id, what is known of it, then the words and their place."""
    for hit in found.hits:
        themes = ", ".join(hit.themes) or "no theme"
        topic = "" if hit.topic is None else f", topic {hit.topic}"
        yield f"{hit.score:.2f}  {hit.unit_id}  {hit.language}, {hit.role}, {themes}{topic}"
        yield f"      {one_line(hit.text)}"
        yield f"      {one_line(hit.place)}"
    if not found.hits:
        yield "Nothing was found: no unit is of that theme, language and role together."


def _described(study: Study) -> pd.DataFrame:
    """Return the units with role, place, themes (empty where nothing is coded) and topic."""
    units, passages, sources = (_table(study, name) for name in ("units", "passages", "sources"))
    of = passages.set_index("passage_id").loc[units["passage_id"]]
    files = sources.set_index("source_id")["file"].loc[of["source_id"]]
    themes, topics = _themes(study), _topics(study)
    places = [
        f"{file}, {locator}, characters {start}–{end}"
        for file, locator, start, end in zip(files, of["locator"], units["start"], units["end"], strict=True)
    ]
    return units.assign(
        role=of["role"].to_numpy(),
        place=places,
        themes=[themes.get(unit, ()) for unit in units["unit_id"]],
        topic=[topics.get(unit) for unit in units["unit_id"]],
    )


def _themes(study: Study) -> dict[str, tuple[str, ...]]:
    """Return the themes assigned to each unit, in the codebook's order; none where nothing has been coded yet."""
    if not _path(study, "codings").is_file():
        return {}
    codings = _table(study, "codings")
    assigned = codings[codings["assigned"]].groupby("unit_id")["theme_id"].agg(set)
    order = (*study.codebook.ids, estimates.OTHER)
    return {str(unit): tuple(theme for theme in order if theme in own) for unit, own in assigned.items()}


def _topics(study: Study) -> dict[str, int]:
    """Return the topic in which each unit is most at home; none before topics were looked for."""
    if not _path(study, "topic_memberships").is_file():
        return {}
    rows = _table(study, "topic_memberships").sort_values(["score", "topic_id"], ascending=[False, True])
    first = rows.drop_duplicates("unit_id")
    return dict(zip(first["unit_id"], map(int, first["topic_id"]), strict=True))


def _vectors(study: Study, units: pd.DataFrame) -> np.ndarray:
    """Return the embeddings, and write the row of each into `units`; raise `GlosaError` where one has none."""
    file = study.processed / "vectors.npy"
    if not file.is_file() or not _path(study, "vectors").is_file():
        raise GlosaError(
            file, "there are no vectors yet.", "a run that got as far as `embed`.", "Run: glosa run --until embed"
        )
    rows = _table(study, "vectors").set_index("unit_id")["row"]
    lacking = set(units["unit_id"]) - set(rows.index)
    vectors: np.ndarray = np.load(file, allow_pickle=False)
    if lacking or len(vectors) != len(rows):
        raise GlosaError(
            file, "it is older than the units.", "a vector for every unit.", "Run: glosa run --until embed"
        )
    if manifest.read(study).get("model") not in (None, manifest.model_key(study)):
        raise _other_model(study)
    units["row"] = rows.loc[units["unit_id"]].to_numpy()
    return vectors


def _other_model(study: Study) -> GlosaError:
    return GlosaError(
        study.processed / "vectors.npy",
        "its vectors are of another model than study.toml names now.",
        f"vectors of {manifest.model_key(study)}.",
        "Run: glosa run --until embed",
    )


def _encoder(study: Study) -> Encoder:
    from pipeline.engines import encoder

    return encoder.load(study.settings.embed)


def _check(study: Study, units: pd.DataFrame, wanted: Wanted) -> None:
    """Raise `GlosaError` for a theme, a language or a role that is not there."""
    for theme in wanted.themes:
        _known(f"--theme {theme}", theme, (*study.codebook.ids, estimates.OTHER), "theme of the codebook")
    spoken = sorted(set(units["language"]))
    for language in wanted.languages:
        _known(f"--language {language}", language, spoken, "language of this study's units")
    if wanted.role:
        _known(f"--role {wanted.role}", wanted.role, ROLES, "role of units")
    if wanted.themes and not _path(study, "codings").is_file():
        raise GlosaError(
            f"--theme {wanted.themes[0]}", "nothing has been coded yet.", "a run that got as far as `coding`.",
            "Run: glosa run --until coding",
        )  # fmt: skip


def _known(where: str, value: str, known: Collection[str], what: str) -> None:
    if value not in known:
        near = difflib.get_close_matches(value, list(known), n=1)
        remedy = f"Did you mean {near[0]}?" if near else "Name one of these."
        raise GlosaError(where, f"there is no such {what}.", f"one of {', '.join(known)}.", remedy)


def _hit(unit: pd.Series, score: float) -> Hit:
    topic = None if pd.isna(unit["topic"]) else int(unit["topic"])
    return Hit(
        unit["unit_id"], score, unit["text"], unit["language"], unit["role"], unit["themes"], topic, unit["place"]
    )


def _path(study: Study, name: str) -> Path:
    return study.processed / f"{name}.parquet"


def _table(study: Study, name: str) -> pd.DataFrame:
    return read_table(_path(study, name), name)
