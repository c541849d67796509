"""Count the themes, measure how far coders agree and the machine with them, and correct shares for its errors."""

from __future__ import annotations

import pandas as pd

from pipeline import audits, estimates, sensitivity, stances
from pipeline.coded import comparison, gold, machine, rethreshold
from pipeline.coded.gold import Gold
from pipeline.estimates import ALL, OTHER, RECOMMENDATION, Corpus
from pipeline.schemas import TABLES
from pipeline.store import Store
from pipeline.study import Codebook, Study


def run(study: Study, store: Store) -> None:
    """Load codings and what people said, estimate, save counts, shares, reliability and validation."""
    names = ("units", "passages", "sources", "duplicates", "audits", "codings", "machine_codings")
    units, passages, sources, duplicates, said, codings, blind = (store.table(name) for name in names)
    people, ids, settings = gold.load(study, units, sources), study.codebook.ids, study.settings
    spoken = estimates.spoken_units(units, passages, settings.units.eligible).set_index("unit_id", drop=False)

    decided = machine.decisions(units, codings, blind, ids, settings.units).loc[spoken.index]
    corpus = corpus_of(spoken, codings, decided, people, [*ids, OTHER], settings.units.eligible)
    counts = estimates.theme_counts(corpus, estimates.occurrences(duplicates))
    found = comparison.compared(people, spoken, decided, comparison.targets(study))

    shares = estimates.theme_estimates(corpus, settings.report.min_voices)
    hidden = estimates.hidden_levels_of(shares)
    eligible = corpus.units[corpus.units["eligible"]]
    coded = corpus.codes.loc[eligible.index]
    material = sensitivity.Material(eligible, coded, passages, duplicates, hidden, settings.report.min_voices)
    otherwise = recoded(codings, people, study, eligible.index)
    varied = sensitivity.variations(material, settings.deduplicate, audits.different(said), otherwise)

    described = describe(study.codebook, study.report_languages[0])
    store.save_table("themes", counts.merge(described, on="theme_id", how="left")[list(TABLES["themes"].columns)])
    store.save_table("theme_estimates", shares)
    store.save_table("cooccurrence", estimates.cooccurrence(corpus, ids))
    store.save_table("sensitivity", sensitivity.table(varied))
    store.save_table("stances", stances_of(passages, units))
    for name, figures in (("reliability", found.reliability), ("validation", found.validity)):
        rows = comparison.rows(figures, settings.report.min_voices, hidden["language"])
        store.save_table(name, pd.DataFrame(rows, columns=list(TABLES[name].columns)))


def corpus_of(
    spoken: pd.DataFrame,
    codings: pd.DataFrame,
    decided: pd.DataFrame,
    people: Gold,
    targets: list[str],
    eligible: str,
) -> Corpus:
    """Return the units with what they are coded with, what the machine says, and what people said of the sample."""
    chosen = codings.loc[codings["assigned"], ["unit_id", "theme_id"]]
    codes = pd.crosstab(chosen["unit_id"], chosen["theme_id"]).gt(0) if len(chosen) else pd.DataFrame()
    weights = people.weights[people.weights.index.isin(spoken.index)]
    said = people.shares.reindex(weights.index)
    return Corpus(
        spoken,
        codes.reindex(index=spoken.index, columns=targets, fill_value=False).astype(bool),
        decided,
        said.assign(**{RECOMMENDATION: 1.0}) if eligible == ALL else said,
        weights,
        people.whole_voices,
        people.has_negatives or eligible == ALL,
    )


def stances_of(passages: pd.DataFrame, units: pd.DataFrame) -> pd.DataFrame:
    """Return the stances that the distinct tips and comments take, those with units, by passage."""
    spoken = passages[passages["passage_id"].isin(set(units["passage_id"]))].sort_values("passage_id")
    rows = stances.table(zip(*(spoken[name] for name in ("passage_id", "text", "language", "start")), strict=True))
    return pd.DataFrame(rows, columns=list(TABLES["stances"].columns))


def recoded(codings: pd.DataFrame, people: Gold, study: Study, unit_ids: pd.Index) -> dict[str, pd.DataFrame]:
    """Return the codes of the given units under lower and higher thresholds."""
    step, ids, settings = sensitivity.THRESHOLD_STEP, study.codebook.ids, study.settings.coding
    return {
        level: rethreshold.moved(codings, people.shares, ids, settings, by).reindex(unit_ids, fill_value=False)
        for level, by in (("lower", -step), ("higher", step))
    }


def describe(codebook: Codebook, language: str) -> pd.DataFrame:
    """Return label and definition of every theme, and of `other`, in the report's language."""
    rows = [
        {
            "theme_id": theme.id,
            "label": theme.text("label", language),
            "definition": theme.text("definition", language),
        }
        for theme in codebook.themes
    ]
    rows.append(
        {
            "theme_id": OTHER,
            "label": OTHER,
            "definition": "A recommendation that fits no theme.",
        }
    )
    return pd.DataFrame(rows)
