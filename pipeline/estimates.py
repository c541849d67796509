"""Counts and shares of themes, overall and by group.

A share is the share of distinct voices with at least one unit so coded among the voices of the group with at
least one eligible unit. The tips of one source are one voice, its editor's; a comment whose capture names nobody
counts as a voice of its own. Until people have
coded a sample, shares are the machine's raw counts: they carry no interval, since in trials intervals put on
raw machine counts covered the truth about half of the time.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np
import pandas as pd

from pipeline import roles
from pipeline.schemas import TABLES

OTHER = "other"
ALL = "all"
ESTIMATOR = "machine-coded, uncorrected"
GROUPS = ("language", "role", "source")


def eligible_units(units: pd.DataFrame, passages: pd.DataFrame, eligible: str) -> pd.DataFrame:
    """Return the units that are coded, each with voice, role and source of its passage.

    Units that only repeat another (a quotation, a sentence said twice) are not coded again.
    """
    fresh = units[units["repeats"].isna()]
    chosen = fresh if eligible == ALL else fresh[fresh["is_recommendation"]]
    about = passages.set_index("passage_id")[["role", "source_id"]]
    joined = chosen.join(about.rename(columns={"source_id": "source"}), on="passage_id")
    return joined.assign(voice=joined["passage_id"].map(voices(passages)))


def voices(passages: pd.DataFrame) -> pd.Series:
    """Return, per passage id, who speaks: the pseudonym; for a source's tips its editor; else the passage itself."""
    unnamed = passages["passage_id"].where(passages["role"] != roles.TIP, passages["source_id"])
    return pd.Series(passages["voice"].fillna(unnamed).to_numpy(), index=passages["passage_id"])


def occurrences(duplicates: pd.DataFrame) -> pd.Series:
    """Return, per kept passage, how many passages repeat it."""
    return duplicates["duplicate_of"].value_counts()


def theme_counts(
    eligible: pd.DataFrame, codings: pd.DataFrame, repeats: pd.Series, theme_ids: Sequence[str]
) -> pd.DataFrame:
    """Return voices, units, mentions and the share of voices for every theme and for `other`."""
    coded = _assigned(eligible, codings)
    mentions = 1 + coded["passage_id"].map(repeats).fillna(0).astype("int64")
    coded = coded.assign(mentions=mentions)
    base_voices, base_units = eligible["voice"].nunique(), len(eligible)
    rows = []
    for theme in [*theme_ids, OTHER]:
        own = coded[coded["theme_id"] == theme]
        rows.append(
            {
                "theme_id": theme,
                "n_voices": own["voice"].nunique(),
                "n_units": len(own),
                "n_mentions": int(own["mentions"].sum()),
                "base_voices": base_voices,
                "base_units": base_units,
                "share": round(own["voice"].nunique() / base_voices, 6) if base_voices else None,
            }
        )
    return pd.DataFrame(rows)


def theme_estimates(
    eligible: pd.DataFrame,
    codings: pd.DataFrame,
    theme_ids: Sequence[str],
    min_voices: int,
) -> pd.DataFrame:
    """Return one row per theme, group and level; cells of fewer than `min_voices` voices are suppressed."""
    coded = _assigned(eligible, codings)
    rows = [_estimate(theme, ALL, ALL, eligible, coded, False) for theme in [*theme_ids, OTHER]]
    for group in GROUPS:
        hidden = suppressed_levels(eligible.groupby(group)["voice"].nunique(), min_voices)
        for level, base in eligible.groupby(group):
            inside = coded[coded[group] == level]
            rows += [
                _estimate(theme, group, str(level), base, inside, level in hidden) for theme in [*theme_ids, OTHER]
            ]
    return pd.DataFrame(rows, columns=list(TABLES["theme_estimates"].columns))


def suppressed_levels(voices: pd.Series, min_voices: int) -> set[str]:
    """Return the levels of a group that are not shown: those of too few voices, and one more if it is but one.

    With a single level hidden its counts would follow from the total; the next smallest hides it.
    """
    by_size = voices.sort_values(kind="stable")
    small = list(by_size.index[by_size < min_voices])
    if len(small) == 1 and len(by_size) > 1:
        small = list(by_size.index[:2])
    return set(small)


def cooccurrence(codings: pd.DataFrame, theme_ids: Sequence[str]) -> pd.DataFrame:
    """Return, for every pair of themes, the units coded with both."""
    assigned = codings[codings["assigned"]]
    members = {theme: set(assigned.loc[assigned["theme_id"] == theme, "unit_id"]) for theme in theme_ids}
    rows = [{"theme_a": a, "theme_b": b, "n_both": len(members[a] & members[b])} for a, b in combinations(theme_ids, 2)]
    return pd.DataFrame(rows, columns=["theme_a", "theme_b", "n_both"])


def _assigned(eligible: pd.DataFrame, codings: pd.DataFrame) -> pd.DataFrame:
    pairs = codings.loc[codings["assigned"], ["unit_id", "theme_id"]]
    return pairs.merge(eligible, on="unit_id")


def _estimate(
    theme: str,
    group: str,
    level: str,
    base: pd.DataFrame,
    inside: pd.DataFrame,
    suppressed: bool,
) -> dict[str, object]:
    own = inside[inside["theme_id"] == theme]
    base_voices, n_voices = base["voice"].nunique(), own["voice"].nunique()
    return {
        "theme_id": theme,
        "group": group,
        "level": level,
        "n_voices": n_voices,
        "n_units": len(own),
        "base_voices": base_voices,
        "base_units": len(base),
        "share": round(n_voices / base_voices, 6) if base_voices else np.nan,
        "share_low": np.nan,
        "share_high": np.nan,
        "corrected": np.nan,
        "corrected_low": np.nan,
        "corrected_high": np.nan,
        "estimator": ESTIMATOR,
        "suppressed": suppressed,
    }
