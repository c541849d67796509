"""Publish the report in two editions, after a last look at every file in them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from pipeline import (
    actions,
    editions,
    estimates,
    excerpts,
    leaks,
    manifest,
    packs,
    paraphrases,
    privacy,
    quotable,
    readings,
)
from pipeline import results as numbers
from pipeline.editions import Edition
from pipeline.engines import coder
from pipeline.engines.recommender import read_json
from pipeline.paraphrases import Paraphrase
from pipeline.quotable import Quotable
from pipeline.readings import Reading
from pipeline.report import contents, explorer, figures, page, tables
from pipeline.report.strings import Strings, spoken
from pipeline.store import Store, to_csv
from pipeline.study import Study
from pipeline.wordruns import Forbidden

# What an edition holds in every language. A maker is a function of values: the results (numbers, excerpts and, under
# `figures`, the charts, all in that language), the readings, the edition and the strings. It returns files by
# their path in the edition's folder, with `strings.suffix` before the ending.
Maker = Callable[[Mapping[str, Any], Sequence[Reading], Edition, Strings], dict[str, bytes]]
MAKERS: tuple[Maker, ...] = (page.make, figures.files, explorer.make, packs.make)


@dataclass(frozen=True)
class Material:
    """What both editions are made of: tables, numbers, words without names, and what may not be said."""

    study: Study
    tables: Mapping[str, pd.DataFrame]
    found: Mapping[str, Any]
    words: Quotable
    written: Mapping[str, Paraphrase]
    editions: tuple[Edition, Edition]
    finder: privacy.Finder
    forbidden: Forbidden
    embeddings: np.ndarray

    def vectors(self, seen: Sequence[Reading]) -> np.ndarray:
        """Return the embeddings of the readings, in their order."""
        rows = self.tables["vectors"].set_index("unit_id")["row"]
        found: np.ndarray = self.embeddings[rows.loc[[reading["id"] for reading in seen]].to_numpy()]
        return found


def run(study: Study, store: Store) -> None:
    """Load the tables, make both editions in every language, look for leaks, save."""
    languages, described = spoken(study.report_languages), manifest.describe(study)
    material = gather(study, store.tables(), store.names(), described, languages, store.vectors())

    artefacts = {"reports/index.html": contents.make(material.found, languages)}
    drawn = [(t, figures.make(numbers.worded(material.found, study.codebook, t.language), t)) for t in languages]
    for edition in material.editions:
        made = make(edition, material, drawn)
        artefacts |= {f"reports/{edition.name}/{name}": content for name, content in made.items()}

    own = leaks.own_words(study, described, material.finder)
    leaks.refuse(artefacts, material.finder, own, material.forbidden)
    for name, content in artefacts.items():
        store.save_bytes(name, content)


def gather(
    study: Study,
    tables: Mapping[str, pd.DataFrame],
    names: Sequence[str],
    described: Mapping[str, Any],
    languages: Sequence[Strings],
    embeddings: np.ndarray,
) -> Material:
    """Return numbers and words from the tables; the words have placeholders in the first language for every name."""
    catalogue = [text for t in languages for text in t.texts()]
    themes, placeholders = list(study.codebook.texts()), languages[0].section("privacy")
    finder, _ = privacy.finder(names, (*tables["passages"]["text"], *themes), catalogue)

    words = quotable.build(tables["passages"], tables["units"], finder, placeholders)
    both = editions.both(study, tables, described["inputs"], finder, placeholders)
    blanks = [t.section("privacy")[kind] for t in languages for kind in privacy.KINDS]
    stated = (*study.settings.stated(), *themes, *catalogue, *actions.texts())
    forbidden = leaks.forbidden(both[1], tables, words, stated, blanks)
    written, counted = paraphrases.read(study.paraphrases_file, set(words.units), forbidden)

    found = numbers.build(study, tables, described, read_json("figures.json")[study.settings.coding.profile])
    found["thresholds"] = coder.named_thresholds(study, found["method"])
    n_files = sum(file != name for file, name in both[0].files.items())
    found["privacy"] = {**words.counts, "keywords": int(tables["topic_summary"]["n_hidden"].sum()), "files": n_files}
    found["paraphrases"] = counted
    return Material(study, tables, found, words, written, both, finder, forbidden, embeddings)


def make(
    edition: Edition, material: Material, drawn: Sequence[tuple[Strings, Mapping[str, figures.Figure]]]
) -> dict[str, bytes]:
    """Return the files of an edition by their path in its folder, in every language for which charts were drawn."""
    study, read, words = material.study, material.tables, material.words
    eligible = estimates.eligible_units(read["units"], read["passages"], study.settings.units.eligible)
    seen = readings.build(read, eligible, edition, words, material.written, study.settings.report.min_voices)
    limit = study.settings.report.excerpts_per_theme
    found = editions.named(material.found, edition)
    found = excerpts.add(found, seen, read, edition, words, material.written, limit)

    numbered = {key: value for key, value in found.items() if key != "points"}
    made = {"results.json": (json.dumps(numbered, indent=1, ensure_ascii=False) + "\n").encode()}
    made |= {f"tables/{name}.csv": to_csv(frame) for name, frame in tables.make(read, found, edition.files).items()}
    vectors = material.vectors(seen)
    for strings, charts in drawn:
        worded = numbers.worded(found, study.codebook, strings.language)
        shown = {**worded, "figures": charts, "vectors": vectors}
        for maker in MAKERS:
            made |= maker(shown, seen, edition, strings)
    return made
