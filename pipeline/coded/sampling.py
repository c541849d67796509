"""A probability sample of units, stratified by what the machine says of them and by language.

Every unit of the population has a known, positive probability of being drawn: that of its stratum, `drawn` of
`stratum_size`. What earlier rounds have taken is left out of the population, so a later round speaks, by itself, for
the units that were left then. Its weighted sum (Horvitz & Thompson, JASA 1952) plus the plain sum over the coded units
of earlier rounds is unbiased for all units.

Voices can be drawn instead, each with all of its units: then the share of voices can be estimated too. That is a simple
random sample of clusters, with the same probability for every voice.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence

import numpy as np
import pandas as pd

from pipeline import estimates
from pipeline.coded.rounds import SAMPLE_COLUMNS, UNIT, VALIDATE, VOICE
from pipeline.manifest import SEED

MINIMUM = 2
NEGATIVES = 1 / 3
ABSTAINED, NO_RECOMMENDATION, VOICES = "abstained", "no recommendation", "voices"
MIN_VOICES = 5


def draw(
    units: pd.DataFrame,
    codings: pd.DataFrame,
    passages: pd.DataFrame,
    n: int,
    seed: str,
    negatives: float = NEGATIVES,
    without: Collection[str] = frozenset(),
    eligible: str = "recommendations",
) -> pd.DataFrame:
    """Return a sample (`SAMPLE_COLUMNS`), by unit id: `n` units, or all where there are fewer.

    Args:
        units: every unit; those that only repeat another are never drawn.
        codings: the machine's codings.
        passages: for the voices.
        n: how many units to draw, at least 1.
        seed: what the draw depends on besides the units, such as study and round.
        negatives: share drawn from the units that the machine takes for no recommendation, from 0 (then the sample says
            nothing about them) to below 1.
        without: units that are left out.
        eligible: `units.eligible` of the study; with `"all"` every unit is coded and none is a negative.
    """
    population = units[units["repeats"].isna() & ~units["unit_id"].isin(set(without))].sort_values("unit_id")
    kinds = kind(codings)
    coded = population[population["unit_id"].isin(kinds.index)]
    coded = coded.assign(kind=coded["unit_id"].map(kinds))
    rest = population[~population["unit_id"].isin(kinds.index)].assign(kind=NO_RECOMMENDATION)
    share = 0.0 if eligible == estimates.ALL else negatives
    n_coded, n_rest = split(n, len(coded), len(rest) if share else 0, share)
    drawn = pd.concat([_draw(coded, n_coded, seed), _draw(rest, n_rest, seed)])
    voices = estimates.voices(passages)
    return _as_sample(drawn.assign(voice=drawn["passage_id"].map(voices)), UNIT)


def draw_voices(
    units: pd.DataFrame, passages: pd.DataFrame, n: int, seed: str, without: Collection[str] = frozenset()
) -> pd.DataFrame:
    """Return a sample (`SAMPLE_COLUMNS`) of whole voices that have about `n` units together, and at least five voices.

    Voices of which an earlier round has drawn a unit are left out. `stratum_size` and `drawn` count units.
    """
    fresh = units[units["repeats"].isna()]
    spoken = fresh.assign(voice=fresh["passage_id"].map(estimates.voices(passages)))
    taken = set(spoken.loc[spoken["unit_id"].isin(set(without)), "voice"])
    population = spoken[~spoken["voice"].isin(taken)]
    names = np.array(sorted(set(population["voice"])), dtype=object)
    wanted = max(MIN_VOICES, round(n * len(names) / max(len(population), 1)))
    chosen = set(rng(seed, VOICES).choice(names, min(wanted, len(names)), replace=False)) if len(names) else set()
    drawn = population[population["voice"].isin(chosen)]
    return _as_sample(
        drawn.assign(
            stratum=VOICES, stratum_size=len(population), drawn=len(drawn),
            inclusion_probability=round(len(chosen) / max(len(names), 1), 6),
        ),
        VOICE,
    )  # fmt: skip


def _as_sample(drawn: pd.DataFrame, drawn_as: str) -> pd.DataFrame:
    sample = drawn.assign(purpose=VALIDATE, drawn_as=drawn_as)
    return sample.sort_values("unit_id")[list(SAMPLE_COLUMNS)].reset_index(drop=True)


def kind(codings: pd.DataFrame) -> pd.Series:
    """Return, per coded unit, its likeliest assigned theme, `other`, or `abstained` where nothing is assigned."""
    ordered = codings.sort_values(["unit_id", "assigned", "score", "theme_id"], ascending=[True, False, False, True])
    first = ordered.drop_duplicates("unit_id").set_index("unit_id")
    return first["theme_id"].where(first["assigned"], ABSTAINED)


def split(n: int, n_coded: int, n_rest: int, share: float) -> tuple[int, int]:
    """Return how many of `n` come from either part of the population; what one part lacks the other gives.

    Either part that has units gets at least one, where `n` is 2 or more.
    """
    wanted = round(n * share)
    if n >= 2 and n_coded and n_rest:
        wanted = min(max(wanted, 1), n - 1)
    rest = max(min(wanted, n_rest), min(n - n_coded, n_rest))
    return min(n - rest, n_coded), rest


def allocate(sizes: Sequence[int], n: int, minimum: int = MINIMUM) -> list[int]:
    """Return how many of `n` to draw from strata of these sizes: in proportion, but at least `minimum` (or all) each.

    Raises ValueError where `n` is too small for that, or larger than the population. What proportions leave in
    fractions goes to the largest fractions (Hare's quota), among equal ones to the first.
    """
    least = [min(minimum, size) for size in sizes]
    if not sum(least) <= n <= sum(sizes):
        raise ValueError(f"{n} can't be drawn from strata of {list(sizes)} with at least {minimum} each")
    fixed: set[int] = set()
    while True:
        free = [i for i in range(len(sizes)) if i not in fixed]
        left, size = n - sum(least[i] for i in fixed), sum(sizes[i] for i in free)
        short = {i for i in free if left * sizes[i] < least[i] * size}
        if not short:
            break
        fixed |= short
    counts = [least[i] if i in fixed else left * sizes[i] // size for i in range(len(sizes))]
    by_rest = sorted(free, key=lambda i: (-(left * sizes[i] % size), i))
    for i in by_rest[: n - sum(counts)]:
        counts[i] += 1
    return counts


def strata(kinds: pd.Series, languages: pd.Series, n: int, minimum: int = MINIMUM) -> pd.Series:
    """Return each unit's stratum: kind and language; kind alone, or one for all, where `n` can't fill finer ones."""
    for labels in (kinds + "/" + languages, kinds):
        if labels.value_counts().clip(upper=minimum).sum() <= n:
            return labels
    every = NO_RECOMMENDATION if (kinds == NO_RECOMMENDATION).all() else "any"
    return pd.Series(every, index=kinds.index)


def rng(*parts: str) -> np.random.Generator:
    """Return a generator that depends on the project's seed and these words alone."""
    digest = hashlib.sha256("\x1f".join((str(SEED), *parts)).encode()).digest()
    return np.random.default_rng(int.from_bytes(digest[:8], "big"))


def _draw(part: pd.DataFrame, n: int, seed: str) -> pd.DataFrame:
    """Draw `n` units of one part of the population, sorted by unit id, stratum by stratum."""
    labels = strata(part["kind"], part["language"], n)
    sizes = labels.value_counts().sort_index()
    counts = allocate([int(size) for size in sizes], n, MINIMUM if sizes.clip(upper=MINIMUM).sum() <= n else 0)
    pieces = [part.head(0).assign(stratum="", stratum_size=0, drawn=0, inclusion_probability=0.0)]
    for label, size, count in zip(sizes.index, sizes, counts, strict=True):
        chosen = np.sort(rng(seed, str(label)).choice(size, count, replace=False))
        pieces.append(
            part[labels == label]
            .iloc[chosen]
            .assign(
                stratum=label, stratum_size=int(size), drawn=count, inclusion_probability=round(count / int(size), 6)
            )
        )
    return pd.concat(pieces)
