"""The stages in their order, with what each reads and writes: the table of contents of the pipeline.

Stage modules are imported only when they run, so a run in which nothing is stale imports nothing heavy.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipeline.report.strings import languages
from pipeline.study import Settings

if TYPE_CHECKING:
    from pipeline.store import Store
    from pipeline.study import Study

EDITIONS = ("restricted", "public")
FIGURES = (
    "flow",
    "reliability",
    "prevalence",
    "languages",
    "cooccurrence",
    "calibration",
    "sensitivity",
    "topics",
    "topic_languages",
    "topic_fits",
    "topic_map",
)
PUBLISHED_TABLES = (
    "theme_estimates",
    "cooccurrence",
    "sensitivity",
    "topics",
    "topic_families",
    "topic_estimates",
    "topic_fits",
    "duplicates_summary",
    "rejects_summary",
    "privacy_summary",
    "reliability",
    "validation",
)
PACKS = (
    "theme-cards{language}.docx",
    "theme-cards{language}.md",
    "reading-list{language}.md",
    "workbook{language}.xlsx",
    "units{language}.csv",
    "actions{language}.csv",
    "outcomes{language}.csv",
)
CODED = ("data/coded/*.csv", "data/coded/samples/*.csv")


@dataclass(frozen=True, slots=True)
class Stage:
    """One step: the files it reads and writes below the study's folder, and the settings it depends on.

    `optional` are files, or patterns of files, that people may set; their content counts where they exist.
    """

    name: str
    about: str
    settings: tuple[str, ...]
    reads: tuple[str, ...]
    writes: tuple[str, ...]
    optional: tuple[str, ...] = ()

    def outputs(self, study: Study) -> tuple[str, ...]:
        """Return the files that it writes for a study: {edition} and {language} stand for one file each."""
        suffixes = ["", *(f".{code}" for code in languages(study.report_languages)[1:])]
        found = [
            name.format(edition=edition, language=suffix)
            for name in self.writes
            for edition in (EDITIONS if "{edition}" in name else ("",))
            for suffix in (suffixes if "{language}" in name else ("",))
        ]
        return tuple(found)

    def load(self) -> Callable[[Study, Store], None]:
        """Import the stage's module and return its `run`."""
        run: Callable[[Study, Store], None] = importlib.import_module(f"pipeline.stages.{self.name}").run
        return run


def _tables(*names: str) -> tuple[str, ...]:
    return tuple(f"data/processed/{name}" for name in names)


_ANALYSIS: tuple[Stage, ...] = (
    Stage(
        "ingest",
        "read the captures into passages",
        ("study", "ingest"),
        (),
        (*_tables("sources.parquet", "rejects.parquet", "passages.parquet"), ".glosa/names.json"),
        ("data/forgotten.toml",),
    ),
    Stage(
        "deduplicate",
        "set repeated wordings aside",
        ("study", "deduplicate", "embed"),
        _tables("passages.parquet"),
        _tables("duplicates.parquet", "audits.parquet"),
        ("data/audit/duplicates.csv",),
    ),
    Stage(
        "segment",
        "split distinct tips and comments into units",
        ("study", "units", "coding", "codebook"),
        _tables("sources.parquet", "passages.parquet", "duplicates.parquet"),
        _tables("units.parquet"),
        CODED,
    ),
    Stage(
        "embed",
        "turn units into vectors",
        ("embed",),
        _tables("units.parquet"),
        _tables("vectors.npy", "vectors.parquet"),
    ),
    Stage(
        "coding",
        "code units with the codebook's themes, as people did or as the machine does",
        ("study", "units", "embed", "coding", "codebook"),
        _tables("sources.parquet", "passages.parquet", "units.parquet", "vectors.npy", "vectors.parquet"),
        _tables("codings.parquet", "machine_codings.parquet"),
        CODED,
    ),
    Stage(
        "estimate",
        "count themes, measure agreement, correct shares",
        ("study", "deduplicate", "units", "coding", "report", "codebook"),
        _tables(
            "sources.parquet",
            "passages.parquet",
            "duplicates.parquet",
            "audits.parquet",
            "units.parquet",
            "codings.parquet",
            "machine_codings.parquet",
        ),
        _tables(
            "themes.parquet",
            "theme_estimates.parquet",
            "cooccurrence.parquet",
            "sensitivity.parquet",
            "stances.parquet",
            "reliability.parquet",
            "validation.parquet",
        ),
        CODED,
    ),
    Stage(
        "topics",
        "discover topics beside the themes",
        ("study", "units", "embed", "coding", "report", "topics", "codebook"),
        (
            *_tables("passages.parquet", "units.parquet", "vectors.npy", "vectors.parquet", "codings.parquet"),
            *_tables("theme_estimates.parquet"),
            ".glosa/names.json",
        ),
        _tables(
            "topics.parquet",
            "topic_families.parquet",
            "topic_memberships.parquet",
            "topic_themes.parquet",
            "topic_estimates.parquet",
            "topic_fits.parquet",
            "topic_summary.parquet",
            "layout.parquet",
        ),
    ),
)

STAGES: tuple[Stage, ...] = (
    *_ANALYSIS,
    Stage(
        "publish",
        "write both editions of the theme report",
        (*Settings.model_fields, "codebook"),
        tuple(name for stage in _ANALYSIS for name in stage.writes),
        (
            "reports/index.html",
            *(f"reports/{{edition}}/theme_report{{language}}.{form}" for form in ("html", "pdf", "md")),
            "reports/{edition}/explorer{language}.html",
            "reports/{edition}/results.json",
            *(f"reports/{{edition}}/packs/{name}" for name in PACKS),
            *(f"reports/{{edition}}/figures/{name}{{language}}.svg" for name in FIGURES),
            *(f"reports/{{edition}}/figures/{name}.png" for name in FIGURES),
            *(f"reports/{{edition}}/tables/{name}.csv" for name in PUBLISHED_TABLES),
        ),
        ("data/quotes/paraphrases.csv",),
    ),
)
