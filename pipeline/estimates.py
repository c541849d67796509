"""Counts and shares of themes, overall and by group, corrected for the machine's errors where people coded a sample.

A share of units is one of the eligible units (by default those that recommend something); a share of voices is one of
the distinct voices with at least one of them. The tips of one source are one voice, its editor's; a comment whose
capture names nobody counts as a voice of its own. Until people have coded a probability sample, shares are the
machine's raw counts: they carry no interval, since in trials intervals put on raw machine counts covered the truth
about half of the time. After that, `prevalence` decides theme by theme what can be estimated.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
import pandas as pd

from pipeline import prevalence, roles
from pipeline.prevalence import Coded, Estimate
from pipeline.schemas import TABLES
from pipeline.suppression import hidden_by_group

OTHER = "other"
ALL = "all"
RECOMMENDATION = "recommendation"
PEOPLE = "people"  # method of a coding that people decided
GROUPS = ("language", "role", "source")
MIN_EXPECTED = 5  # units expected by chance from which a lift is given


@dataclass(frozen=True, eq=False)
class Corpus:
    """The units that could be coded, and all that was said of them.

    Attributes:
        units: one row per unit, by unit id: `voice`, `language`, `role`, `source`, `passage_id`, `eligible`.
        codes: units × (themes, `other`): whether the unit is coded so, people's codes before the machine's.
        machine: units × (`recommendation`, themes, `other`): what the machine decides without people's code of it.
        gold: units of the probability samples × the same: the share of coders who marked it, 0 to 1.
        weights: how many units each row of `gold` stands for.
        whole_voices: whether the samples drew whole voices.
        has_negatives: whether they drew from units that the machine takes for no recommendation.
    """

    units: pd.DataFrame
    codes: pd.DataFrame
    machine: pd.DataFrame
    gold: pd.DataFrame
    weights: pd.Series
    whole_voices: bool = False
    has_negatives: bool = True


def spoken_units(units: pd.DataFrame, passages: pd.DataFrame, eligible: str) -> pd.DataFrame:
    """Return the units that don't only repeat another, with voice, role and source of their passage, and `eligible`."""
    fresh = units[units["repeats"].isna()]
    about = passages.set_index("passage_id")[["role", "source_id"]]
    joined = fresh.join(about.rename(columns={"source_id": "source"}), on="passage_id")
    counts = joined["is_recommendation"] if eligible != ALL else True
    return joined.assign(voice=joined["passage_id"].map(voices(passages)), eligible=counts)


def eligible_units(units: pd.DataFrame, passages: pd.DataFrame, eligible: str) -> pd.DataFrame:
    """Return the units that are coded, each with voice, role and source of its passage."""
    spoken = spoken_units(units, passages, eligible)
    return spoken[spoken["eligible"]].drop(columns="eligible")


def voices(passages: pd.DataFrame) -> pd.Series:
    """Return, per passage id, who speaks: the pseudonym; for a source's tips its editor; else the passage itself."""
    unnamed = passages["passage_id"].where(passages["role"] != roles.TIP, passages["source_id"])
    return pd.Series(passages["voice"].fillna(unnamed).to_numpy(), index=passages["passage_id"])


def occurrences(duplicates: pd.DataFrame) -> pd.Series:
    """Return, per kept passage, how many passages repeat it."""
    return duplicates["duplicate_of"].value_counts()


def theme_counts(corpus: Corpus, repeats: pd.Series) -> pd.DataFrame:
    """Return voices, units, mentions and the raw shares for every theme and for `other`."""
    eligible = corpus.units[corpus.units["eligible"]]
    mentions = 1 + eligible["passage_id"].map(repeats).fillna(0).astype("int64")
    rows = []
    for theme in corpus.codes.columns:
        own = corpus.codes.loc[eligible.index, theme]
        rows.append({"theme_id": theme, **_counts(eligible, own), "n_mentions": int(mentions[own].sum())})
    return pd.DataFrame(rows)


def theme_estimates(corpus: Corpus, min_voices: int) -> pd.DataFrame:
    """Return one row per theme, group and level; `suppression` says which are not shown."""
    read = sampled(corpus)
    by_theme = {theme: coded(read, theme) for theme in corpus.codes.columns} if len(read.gold) else {}
    rows = []
    for group, level, hidden in _levels(corpus.units, min_voices):
        base = corpus.units[corpus.units["eligible"] & _inside(corpus.units, group, level)]
        inside = _inside(read.units, group, level).to_numpy(dtype=np.bool_)
        for theme in corpus.codes.columns:
            row = {"theme_id": theme, "group": group, "level": level, "suppressed": hidden}
            row |= _counts(base, corpus.codes.loc[base.index, theme])
            rows.append(row | _corrected(by_theme[theme].inside(inside) if by_theme else None))
    return pd.DataFrame(rows, columns=list(TABLES["theme_estimates"].columns))


def _levels(units: pd.DataFrame, min_voices: int) -> Iterator[tuple[str, str, bool]]:
    """Yield (group, level, whether hidden): all units first, then language, role and source."""
    yield ALL, ALL, False
    hidden = hidden_by_group(units, GROUPS, min_voices)
    for group in GROUPS:
        yield from ((group, level, level in hidden[group]) for level in sorted(set(units[group].astype(str))))


def _inside(units: pd.DataFrame, group: str, level: str) -> pd.Series:
    return pd.Series(True, index=units.index) if group == ALL else units[group] == level


def hidden_levels_of(shares: pd.DataFrame) -> dict[str, set[str]]:
    """Return, per group, the levels that a table of theme estimates does not show."""
    unshown = shares[shares["suppressed"]]
    return {group: set(unshown.loc[unshown["group"] == group, "level"]) for group in GROUPS}


def cooccurrence(corpus: Corpus, theme_ids: Sequence[str]) -> pd.DataFrame:
    """Return, for every pair of themes, how many units carry both, and how many would if the themes were independent.

    Lift is the one over the other (Brin et al., SIGMOD 1997), null under `MIN_EXPECTED` expected units, where one unit
    more would move it by a fifth or further. Jaccard is units with both over units with either, null without any.
    """
    codes, voices = corpus.codes[corpus.units["eligible"]], corpus.units.loc[corpus.units["eligible"], "voice"]
    rows = []
    for a, b in combinations(theme_ids, 2):
        both = codes[a] & codes[b]
        n_a, n_b, n_both, n_base = int(codes[a].sum()), int(codes[b].sum()), int(both.sum()), len(codes)
        expected = n_a * n_b / n_base if n_base else 0.0
        either = n_a + n_b - n_both
        rows.append(
            {
                "theme_a": a,
                "theme_b": b,
                "n_a": n_a,
                "n_b": n_b,
                "n_both": n_both,
                "n_base": n_base,
                "n_voices": voices[both].nunique(),
                "expected": round(expected, 4),
                "lift": round(n_both / expected, 4) if expected >= MIN_EXPECTED else np.nan,
                "jaccard": round(n_both / either, 6) if either else np.nan,
            }
        )
    return pd.DataFrame(rows, columns=list(TABLES["cooccurrence"].columns))


def sampled(corpus: Corpus) -> Corpus:
    """Return the part of the corpus that the samples were drawn from.

    Where they drew nothing from units that the machine takes for no recommendation, these are left out: a share is
    then one of the recommendations that the machine found.
    """
    if corpus.has_negatives or not len(corpus.gold):
        return corpus
    chosen = corpus.machine.index[corpus.machine[RECOMMENDATION]]
    return replace(
        corpus,
        units=corpus.units.loc[chosen],
        machine=corpus.machine.loc[chosen],
        gold=corpus.gold[corpus.gold.index.isin(chosen)],
    )


def coded(corpus: Corpus, theme: str) -> Coded:
    """Return one theme of the corpus as `prevalence` wants it."""
    weights = corpus.weights.reindex(corpus.gold.index).to_numpy(dtype=np.float64)
    return prevalence.coded(
        corpus.machine[theme].to_numpy(),
        list(corpus.units["voice"]),
        corpus.units.index.get_indexer(corpus.gold.index),
        corpus.gold[theme].to_numpy(),
        weights.min(initial=np.inf) / weights,  # only how the weights compare matters
        whole_voices=corpus.whole_voices,
        base=corpus.machine[RECOMMENDATION].to_numpy(),
        gold_base=corpus.gold[RECOMMENDATION].to_numpy(),
    )


def _counts(base: pd.DataFrame, own: pd.Series) -> dict[str, object]:
    """Return voices and units coded so, of those there are, with the raw shares."""
    n_voices, base_voices = base.loc[own.to_numpy(dtype=np.bool_), "voice"].nunique(), base["voice"].nunique()
    n_units = int(own.sum())
    return {
        "n_voices": n_voices,
        "n_units": n_units,
        "base_voices": base_voices,
        "base_units": len(base),
        "share": round(n_units / len(base), 6) if len(base) else np.nan,
        "voice_share": round(n_voices / base_voices, 6) if base_voices else np.nan,
    }


def _corrected(part: Coded | None) -> dict[str, object]:
    """Return the corrected shares of units and of voices; without human codings there are none."""
    none = Estimate(None, None, None, prevalence.UNCORRECTED)
    of_units, of_voices = (none, none) if part is None else (prevalence.unit_share(part), prevalence.voice_share(part))
    return {
        **_figures("", of_units),
        **_figures("voice_", of_voices),
        "share_low": np.nan,
        "share_high": np.nan,
        "n_gold": of_units.n_gold,
        "gold_positives": of_units.gold_positives,
    }


def _figures(prefix: str, found: Estimate) -> dict[str, object]:
    values = (found.share, found.low, found.high) if found.corrected else (None, None, None)
    names = (f"{prefix}corrected", f"{prefix}corrected_low", f"{prefix}corrected_high")
    numbers = dict(zip(names, (np.nan if v is None else v for v in values), strict=True))
    return {**numbers, f"{prefix}estimator": found.estimator}
