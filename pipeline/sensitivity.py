"""How the shares of units would be under other decisions: other repetitions, fewer voices, other thresholds.

Everything is counted again from the tables; nothing is coded again. What each variation assumes:

- `near` at a higher likeness: near repetitions below it are passages of their own again. They were never coded, so each
  counts with the codes of the passage it repeats, whose words are nearly the same. At a lower one the search is made
  again over the distinct passages, and what it finds is taken out, whatever its codes.
- `repeats`: every repetition counts as a passage of its own, with the codes of the passage it repeats.
- `without_top_voice`, `without_top_voices`: without the voice, or the k voices, with the most eligible units.
- `without_language`: without one language, or without the languages that are not shown, together.
- `without_translated`: without passages of which the captures hold a translation. Which of the two was translated, and
  by whom, the captures don't say; so neither counts.
- `only_role`: tips alone, comments alone.
- `thresholds`: the machine's thresholds moved; people's codes stay, and so does what counts as a recommendation.

Leaving somebody out tells what they say, by subtraction. So a variation is suppressed where that would be fewer than k
voices; only the largest movement of any theme is published, rounded up to steps of five points. Which wordings repeat
one another, and where a threshold lies, names nobody; these are never suppressed.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from pipeline import roles
from pipeline.estimates import GROUPS
from pipeline.repetitions import Pair, find_repetitions, wording
from pipeline.schemas import TABLES
from pipeline.study import DeduplicateSection

MAIN, HIDDEN = "main", "hidden"
NEAR_STEP, THRESHOLD_STEP = 0.1, 0.1
BOUND_STEP = 5  # points
_LEAST_NEAR = 0.51  # what `deduplicate.near` may be at least


@dataclass(frozen=True, eq=False)
class Material:
    """What was coded, and what it came from.

    Attributes:
        units: the eligible units by id: `voice`, `language`, `role`, `source`, `passage_id`.
        codes: the same units × (themes, `other`).
        passages: all that were captured.
        duplicates: those set aside.
        hidden: per group, the levels that are not shown.
        k: the least number of voices.
    """

    units: pd.DataFrame
    codes: pd.DataFrame
    passages: pd.DataFrame
    duplicates: pd.DataFrame
    hidden: Mapping[str, set[str]]
    k: int


@dataclass(frozen=True, eq=False)
class Variation:
    """One way of counting: the codes that count, one row per unit, a unit that counts twice having two rows."""

    name: str
    level: str
    codes: pd.DataFrame
    suppressed: bool = False


def table(variations: Iterable[Variation]) -> pd.DataFrame:
    """Return one row per variation and theme; the first variation is what the others are compared with."""
    rows: list[dict[str, Any]] = []
    shares: dict[str, float] = {}
    for variation in variations:
        n = len(variation.codes)
        for theme, own in variation.codes.items():
            share = float(own.mean()) if n else math.nan
            rows.append(
                {
                    "variation": variation.name,
                    "level": variation.level,
                    "theme_id": theme,
                    "n_units": int(own.sum()),
                    "base_units": n,
                    "share": round(share, 6),
                    "difference": round(100 * (share - shares.setdefault(str(theme), share)), 4),
                    "suppressed": variation.suppressed,
                }
            )
    return pd.DataFrame(rows, columns=list(TABLES["sensitivity"].columns))


def variations(
    of: Material, settings: DeduplicateSection, different: frozenset[Pair], recoded: Mapping[str, pd.DataFrame]
) -> Iterator[Variation]:
    """Yield what was reported, then every variation.

    Args:
        of: the material.
        settings: how repetitions were found.
        different: pairs of passages that a person called different.
        recoded: the codes under other thresholds, `lower` and `higher`.
    """
    yield Variation(MAIN, "", of.codes)
    yield from _other_repetitions(of, settings, different)
    yield from _without_prolific_voices(of)
    yield from _without_languages(of)
    yield _without_translated(of)
    yield from _one_role(of)
    for moved, codes in recoded.items():
        yield Variation("thresholds", moved, codes)


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return one record per variation: its shares by theme, or, of a suppressed one, how far any theme moves at most.

    `at_most` is in points.
    """
    found = []
    for (name, level), own in frame.groupby(["variation", "level"], sort=False):
        hidden = bool(own["suppressed"].iloc[0])
        largest = own["difference"].abs().max()
        bound = None if pd.isna(largest) else BOUND_STEP * max(1, math.ceil(largest / BOUND_STEP))
        themes = {
            r.theme_id: {"n_units": int(r.n_units), "share": _number(r.share), "difference": _number(r.difference)}
            for r in own.itertuples()
        }
        found.append(
            {
                "variation": name,
                "level": level,
                "suppressed": hidden,
                "at_most": bound if hidden else None,
                "base_units": None if hidden else int(own["base_units"].iloc[0]),
                "themes": None if hidden else themes,
            }
        )
    return found


def _other_repetitions(of: Material, settings: DeduplicateSection, different: frozenset[Pair]) -> Iterator[Variation]:
    """Yield a lower and a higher likeness of near repetitions, then all repetitions counted."""
    lower = max(_LEAST_NEAR, round(settings.near - NEAR_STEP, 4))
    kept = of.passages[~of.passages["passage_id"].isin(set(of.duplicates["passage_id"]))]
    columns = (kept["passage_id"], kept["text"], kept["voice"].where(kept["voice"].notna(), None), kept["language"])
    wordings = [wording(i, text, voice or None, code) for i, text, voice, code in zip(*columns, strict=True)]
    links = find_repetitions(wordings, settings.model_copy(update={"near": lower}), different)
    aside = of.units["passage_id"].isin({link.passage_id for link in links})
    yield Variation("near", f"{lower:.2f}", of.codes[~aside])

    higher = min(1.0, round(settings.near + NEAR_STEP, 4))
    near = of.duplicates[(of.duplicates["kind"] == "near") & (of.duplicates["similarity"] < higher)]
    yield Variation("near", f"{higher:.2f}", _with_copies(of, near))
    yield Variation("repeats", "", _with_copies(of, of.duplicates))


def _with_copies(of: Material, duplicates: pd.DataFrame) -> pd.DataFrame:
    """Return the codes with a unit once more for every given passage that repeats its own."""
    times = 1 + of.units["passage_id"].map(duplicates["duplicate_of"].value_counts()).fillna(0).astype("int64")
    return of.codes.loc[of.codes.index.repeat(times.loc[of.codes.index])]


def _without_prolific_voices(of: Material) -> Iterator[Variation]:
    sizes = of.units["voice"].value_counts()
    order = sorted(sizes.index, key=lambda voice: (-sizes[voice], voice))
    named = [("without_top_voice", 1, "")] + [("without_top_voices", of.k, str(of.k))] * (of.k > 1)
    for name, n, level in named:
        out = of.units["voice"].isin(order[:n])
        yield Variation(name, level, of.codes[~out], _gives_away(of, out))


def _without_languages(of: Material) -> Iterator[Variation]:
    """Yield one variation per language that is shown; it says no more than the total less that language."""
    languages = sorted(set(of.units["language"].astype(str)))
    for code in languages:
        if code not in of.hidden["language"] and len(languages) > 1:
            yield Variation("without_language", code, of.codes[of.units["language"] != code])
    together = of.units["language"].isin(of.hidden["language"])
    if together.any() and not together.all():
        yield Variation("without_language", HIDDEN, of.codes[~together])


def _without_translated(of: Material) -> Variation:
    translated = of.duplicates.loc[of.duplicates["kind"] == "translation", "duplicate_of"]
    out = of.units["passage_id"].isin(set(translated))
    return Variation("without_translated", "", of.codes[~out], _gives_away(of, out))


def _one_role(of: Material) -> Iterator[Variation]:
    for role in (roles.TIP, roles.COMMENT):
        inside = of.units["role"] == role
        if inside.any() and not inside.all():
            yield Variation("only_role", role, of.codes[inside], role in of.hidden["role"])


def _gives_away(of: Material, out: pd.Series) -> bool:
    """Whether what is left out, or the rest of all or of a shown level without it, is what fewer than k voices say."""

    def few(part: pd.Series) -> bool:
        return bool(part.any()) and of.units.loc[part, "voice"].nunique() < of.k

    if not out.any():
        return False
    shown = ((g, level) for g in GROUPS for level in sorted(set(of.units[g].astype(str)) - of.hidden[g]))
    insides = [of.units[group] == level for group, level in shown]
    nested = [inside & ~out for inside in insides if not (out & ~inside).any()]
    nested += [out & ~inside for inside in insides if not (inside & ~out).any()]
    return few(out) or few(~out) or any(map(few, nested))


def _number(value: float) -> float | None:
    return None if pd.isna(value) else float(value)
