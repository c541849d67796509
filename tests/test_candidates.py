from __future__ import annotations

import itertools
import random

from hypothesis import given
from hypothesis import strategies as st

from pipeline.candidates import MIN_JACCARD, MIN_RATIO, near_pairs

VOCABULARY = [f"w{i}" for i in range(40)]
TEXTS = st.lists(st.lists(st.sampled_from(VOCABULARY), min_size=2, max_size=20).map(" ".join), max_size=9)


def pairs_of(text: str) -> set[tuple[str, str]]:
    words = text.split()
    return set(itertools.pairwise(words))


@given(TEXTS)
def test_every_pair_that_is_alike_enough_is_found(texts: list[str]) -> None:
    found = set(zip(*(side.tolist() for side in near_pairs(texts)), strict=True))
    sets = [pairs_of(text) for text in texts]
    for i in range(len(texts)):
        for j in range(i):
            a, b = sets[i], sets[j]
            alike = len(a & b) >= MIN_JACCARD * len(a | b) and min(len(a), len(b)) >= MIN_RATIO * max(len(a), len(b))
            if alike and a & b:
                assert (i, j) in found


@given(TEXTS)
def test_pairs_are_sorted_and_point_back(texts: list[str]) -> None:
    i, j = (side.tolist() for side in near_pairs(texts))
    assert all(a > b for a, b in zip(i, j, strict=True))
    assert list(zip(i, j, strict=True)) == sorted(set(zip(i, j, strict=True)))


def test_a_large_family_is_joined_to_its_first() -> None:
    rng = random.Random(4)
    words = [f"x{i}" for i in range(30)]
    family = [" ".join([*words[:k], f"y{k}", *words[k + 1 :]]) for k in (rng.randrange(30) for _ in range(300))]
    i, j = (side.tolist() for side in near_pairs(family))
    assert set(i) == set(range(1, 300)), "every other text has a candidate"
    assert all(min(b for a, b in zip(i, j, strict=True) if a == k) < 8 for k in range(1, 300))
