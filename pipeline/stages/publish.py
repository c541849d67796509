"""Publish the two editions of the report, after a last look at every file in them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pipeline import editions, estimates, excerpts, keywords, leaks, manifest, paraphrases, privacy, quotable
from pipeline import readings as seen
from pipeline import results as numbers
from pipeline.editions import Edition
from pipeline.engines import coder
from pipeline.engines.recommender import read_json
from pipeline.readings import Reading
from pipeline.report import contents, figures, page, strings, tables
from pipeline.report.strings import Strings
from pipeline.store import Store, to_csv
from pipeline.study import Study

# What an edition holds in every language. Each maker is a function of values: the results (numbers and excerpts in
# the report's language, the figures under `figures`), the readings, the edition and the strings; it returns files by
# their path in the edition's folder, named with `strings.suffix` before the ending.
Maker = Callable[[Mapping[str, Any], Sequence[Reading], Edition, Strings], dict[str, bytes]]
MAKERS: tuple[Maker, ...] = (page.make, figures.files)


def run(study: Study, store: Store) -> None:
    """Load the tables, gather numbers and words, make both editions, look for leaks, save."""
    read, described = store.tables(), manifest.describe(study)
    spoken = [Strings(code, f".{code}" * (i > 0)) for i, code in enumerate(strings.languages(study.languages))]
    own = [json.dumps(value, ensure_ascii=False) for value in (study.codebook.model_dump(), spoken[0].everything)]
    finder, vocabulary = privacy.finder(store.names(), (*read["passages"]["text"], own[0]), own[1:])
    placeholders = spoken[0].section("privacy")

    read["topics"], dropped = keywords.without_names(read["topics"], finder, vocabulary)
    words = quotable.build(read["passages"], read["units"], finder, placeholders)
    written, counted = paraphrases.read(study.paraphrases_file, set(read["units"]["unit_id"]))
    both = editions.both(study, read, described["inputs"], finder, placeholders)
    changed = {"keywords": dropped, "files": sum(file != name for file, name in both[0].files.items())}
    found = numbers.build(study, read, described, read_json("figures.json")[study.settings.coding.profile])
    found["thresholds"] = coder.named_thresholds(study, found["method"])
    found["privacy"] = {**words.counts, **changed}
    found["paraphrases"] = counted

    localised = [(t, numbers.worded(found, study.codebook, t.language)) for t in spoken]
    drawn = {t.language: figures.make(local, t) for t, local in localised}
    eligible = estimates.eligible_units(read["units"], read["passages"], study.settings.units.eligible)
    artefacts = {"reports/index.html": contents.make(found, spoken)}
    for edition in both:
        seen_here = seen.build(read, eligible, edition, words, written)
        limit = study.settings.report.excerpts_per_theme
        made = {}
        for t, local in localised:
            shown = excerpts.add(editions.named(local, edition), seen_here, read, edition, words, limit)
            if not t.suffix:
                made["results.json"] = (json.dumps(shown, indent=1, ensure_ascii=False) + "\n").encode()
                made |= {f"tables/{n}.csv": to_csv(f) for n, f in tables.make(read, shown, edition.files).items()}
            for make in MAKERS:
                made |= make({**shown, "figures": drawn[t.language]}, seen_here, edition, t)
        artefacts |= {f"reports/{edition.name}/{name}": content for name, content in made.items()}

    leaks.refuse(artefacts, finder, leaks.own_words(study, described, finder))
    for name, content in artefacts.items():
        store.save_bytes(name, content)
