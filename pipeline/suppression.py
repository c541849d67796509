"""Which levels of a group are not shown, so that no number of fewer than k voices stands anywhere or can be worked out.

The rule is on the size of the group: a level (a language, a role, a source) is shown if at least k distinct voices
speak in it. A theme that two of them name may then be shown as two: it is two of k or more, and nobody is singled out.

By subtraction nothing more may be learned. Three things see to it, each hiding the smallest level still shown:

1. Never one level alone is hidden, for it would be the total less the others.
2. The hidden levels of a group together hold at least k voices, since their sum is the total less the shown ones. A
   voice that speaks in two of them counts once.
3. Groups are margins of the same units, so a number may follow from several of them (all that is said in German stands
   in one source). No hidden level is a linear combination of what is shown, not even for a reader who knows which
   languages, roles and sources go together (Cox, JASA 1980, on complementary suppression as a linear system).

What stays known of a hidden level is what is true of a group of at least k voices that holds it: where these say
nothing of a theme, it doesn't either. A corpus of fewer than k voices has no group to show, only its totals.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Level = tuple[str, str]  # group, level
_TOLERANCE = 1e-8


def suppress(sizes: Mapping[str, int], k: int, hidden: Iterable[str] = ()) -> set[str]:
    """Return the levels of one group that are not shown, given how many voices each has, none of them in two levels.

    `hidden` are levels that another table does not show.
    """
    return hidden_levels({level: {(level, i) for i in range(n)} for level, n in sizes.items()}, k, hidden)


def hidden_levels(voices: Mapping[str, Collection[Hashable]], k: int, hidden: Iterable[str] = ()) -> set[str]:
    """Return the levels of one group that are not shown, given who speaks in each (rules 1 and 2)."""
    by_size = sorted(voices, key=lambda level: (len(voices[level]), level))
    forced = set(hidden)
    chosen = [level for level in by_size if len(voices[level]) < k or level in forced]
    shown = [level for level in by_size if level not in chosen]
    while chosen and shown and (len(chosen) == 1 or len({v for level in chosen for v in voices[level]}) < k):
        chosen.append(shown.pop(0))
    return set(chosen)


def hidden_by_group(units: pd.DataFrame, groups: Sequence[str], k: int) -> dict[str, set[str]]:
    """Return, per group, the levels that are not shown in any table (rules 1 to 3).

    Args:
        units: `voice`, whether `eligible`, and a column per group.
        groups: the columns.
        k: the least number of voices.
    """
    speakers = {group: _speakers(units, group) for group in groups}
    hidden = {group: hidden_levels(speakers[group], k) for group in groups}
    sizes = {(group, level): len(who) for group in groups for level, who in speakers[group].items()}
    systems = [_by_place(units[units["eligible"]], groups), _by_voice(units[units["eligible"]], groups)]
    while found := next(filter(None, (_given_away(system, hidden) for system in systems)), None):
        group, level = min(found, key=lambda one: (sizes[one], one))
        hidden[group].add(level)
    return hidden


def _speakers(units: pd.DataFrame, group: str) -> dict[str, set[str]]:
    """Return who speaks in each level: with an eligible unit, or, where the level has none, at all."""
    everyone = units.groupby(group)["voice"].agg(set)
    counted = units[units["eligible"]].groupby(group)["voice"].agg(set)
    return {str(level): counted.get(level, who) for level, who in everyone.items()}


def _by_place(units: pd.DataFrame, groups: Sequence[str]) -> dict[Level, NDArray[np.float64]]:
    """Return, per level, which combinations of levels that occur it takes part in: what counts of units add up."""
    places = units[list(groups)].astype(str).drop_duplicates()
    return _flags([{(group, getattr(place, group)) for group in groups} for place in places.itertuples()])


def _by_voice(units: pd.DataFrame, groups: Sequence[str]) -> dict[Level, NDArray[np.float64]]:
    """Return, per level, which kinds of voices speak in it, a kind being where else they do: what voices add up."""
    spoken = pd.Series(list(zip(*(units[group].astype(str) for group in groups), strict=True)), dtype=object)
    kinds = {frozenset(where) for _, where in spoken.groupby(units["voice"].to_numpy())}
    levels = [{(g, level) for where in kind for g, level in zip(groups, where, strict=True)} for kind in kinds]
    return _flags(sorted(levels, key=sorted))


def _flags(cells: Sequence[set[Level]]) -> dict[Level, NDArray[np.float64]]:
    everything = sorted({level for cell in cells for level in cell})
    return {level: np.array([float(level in cell) for cell in cells]) for level in everything}


def _given_away(system: Mapping[Level, NDArray[np.float64]], hidden: Mapping[str, set[str]]) -> list[Level] | None:
    """Return the shown levels by which a hidden one can be worked out (rule 3), or None."""
    shown = [level for level in system if level[1] not in hidden[level[0]]]
    secret = [level for level in system if level[1] in hidden[level[0]]]
    if not shown or not secret:
        return None
    rows = np.stack([np.ones(len(system[shown[0]])), *(system[level] for level in shown)], axis=1)
    wanted = np.stack([system[level] for level in secret], axis=1)
    weights: NDArray[Any] = np.linalg.lstsq(rows, wanted, rcond=None)[0]
    off = np.abs(rows @ weights - wanted).max(axis=0)
    for column in np.flatnonzero(off < _TOLERANCE):
        used = [level for level, w in zip(shown, weights[1:, column], strict=True) if abs(w) > _TOLERANCE]
        if used:
            return used
    return None
