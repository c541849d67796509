"""Whether topics follow the language instead of the matter: their mutual information, and what chance would give.

Normalised by the mean of both entropies (Vinh, Epps & Bailey, JMLR 11, 2010). For the baseline languages are shuffled
among voices, not among units, since the units of a voice share its language as well as its concerns.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.manifest import SEED

SHUFFLES = 199
_HIGH = 97.5


@dataclass(frozen=True)
class Leakage:
    """Normalised mutual information, 0 (nothing) to 1; its mean and its 97.5 % point by chance; and p."""

    nmi: float
    chance: float
    high: float
    p: float


def measure(
    topics: Sequence[int], languages: Sequence[str], voices: Sequence[str], shuffles: int = SHUFFLES
) -> Leakage | None:
    """Return how much a unit's topic says of its language; None with one topic, one language or one voice."""
    from sklearn.metrics import normalized_mutual_info_score as nmi

    found, spoken = np.asarray(topics), np.unique(np.asarray(languages, dtype=str), return_inverse=True)[1]
    _, first, owners = np.unique(np.asarray(voices, dtype=str), return_index=True, return_inverse=True)
    if min(len(set(topics)), len(set(languages)), len(first)) < 2:
        return None
    draws = np.random.default_rng(SEED)
    own = spoken[first]
    chance = np.array([nmi(found, draws.permutation(own)[owners]) for _ in range(shuffles)])
    value = float(nmi(found, spoken))
    p = (1 + int((chance >= value - 1e-12).sum())) / (1 + shuffles)
    return Leakage(round(value, 4), round(float(chance.mean()), 4), round(float(np.percentile(chance, _HIGH)), 4), p)
