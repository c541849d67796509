"""Which pairs of texts can be near copies: those that share several of their rarest word pairs.

A set join with prefix filter (Chaudhuri, Ganti & Kaushik 2006; Xiao et al. 2008), extended as in AdaptJoin (Wang,
Li & Feng 2012). Each text is the set of its adjacent word pairs. Two texts whose sets overlap enough must share
some of their rarest pairs, so only those are looked up. Nothing is hashed or drawn: every pair of texts with a
Jaccard of at least `MIN_JACCARD` and a length ratio of at least `MIN_RATIO` is found, as long as no word pair
stands in more than `_FIRST` texts; in larger families each text is paired with the first of its family.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np

MIN_JACCARD = 0.45
MIN_RATIO = 0.75
_EXTENSION = 3
_FIRST, _BEFORE = 8, 1


def near_pairs(texts: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Return candidate pairs (i, j), j < i, sorted by i and then j; texts are folded words with single spaces.

    Cost grows with the number of words; memory is about 60 bytes per word.
    """
    keys, rows, frequency = _word_pairs(texts)
    sizes = np.bincount(rows, minlength=len(texts))
    least = np.ceil(MIN_JACCARD / (1 + MIN_JACCARD) * (1 + MIN_RATIO) * sizes).astype(np.int64)
    prefix = sizes - np.maximum(least, 1) + 1
    taken = np.minimum(sizes, prefix + _EXTENSION)
    required = taken - prefix + 1
    keys, rows = _rarest(keys, rows, frequency, taken, required)
    return _shared(keys, rows, required)


def _word_pairs(texts: Sequence[str]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return (key, row, frequency) of every distinct word pair of every text; frequency is its number of texts."""
    numbers: defaultdict[str, int] = defaultdict()
    numbers.default_factory = numbers.__len__
    number = numbers.__getitem__
    words = [np.fromiter(map(number, text.split()), dtype=np.int32) for text in texts]
    lengths = np.array([len(w) for w in words], dtype=np.int64)
    flat = np.concatenate(words).astype(np.int64) if words else np.empty(0, np.int64)
    del words
    row = np.repeat(np.arange(len(texts), dtype=np.int32), lengths)
    inside = row[1:] == row[:-1]
    keys, row = (flat[:-1] * len(numbers) + flat[1:])[inside], row[1:][inside]
    del flat, numbers
    order = np.argsort(keys, kind="stable")
    keys, row = keys[order], row[order]
    same_key = np.r_[False, keys[1:] == keys[:-1]][: len(keys)]
    again = same_key & np.r_[False, row[1:] == row[:-1]][: len(keys)]
    keys, row, same_key = keys[~again], row[~again], same_key[~again]
    starts = np.flatnonzero(~same_key)
    counts = np.diff(np.r_[starts, len(keys)])
    return keys, row, np.repeat(counts, counts)


def _rarest(
    keys: np.ndarray, rows: np.ndarray, frequency: np.ndarray, taken: np.ndarray, required: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Keep each text's `taken` rarest keys, less those that no other text has; drop texts left with too few."""
    n = len(taken)
    slots = taken - np.bincount(rows[frequency == 1], minlength=n)
    useful = (frequency > 1) & (slots >= required)[rows]
    keys, rows, frequency = keys[useful], rows[useful], frequency[useful]
    order = np.lexsort((frequency, rows))  # stable: among equally rare keys, in the keys' order
    keys, rows = keys[order], rows[order]
    first = np.searchsorted(rows, np.arange(n))
    within = np.arange(len(rows)) - first[rows] < slots[rows]
    return keys[within], rows[within]


def _shared(keys: np.ndarray, rows: np.ndarray, required: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the pairs of texts that share at least as many of the kept keys as either requires."""
    n = max(len(required), 1)
    order = np.lexsort((rows, keys))
    keys, rows = keys[order], rows[order].astype(np.int64)
    starts = np.flatnonzero(np.r_[True, keys[1:] != keys[:-1]][: len(keys)])
    start_of = np.repeat(starts, np.diff(np.r_[starts, len(keys)]))
    place = np.arange(len(keys)) - start_of
    offsets = (*range(_FIRST), *range(-_BEFORE, 0))
    pairs = np.sort(np.concatenate([_pairs_of(rows, start_of, place, n, offset) for offset in offsets]))
    heads = np.flatnonzero(np.r_[True, pairs[1:] != pairs[:-1]][: len(pairs)])
    counts = np.diff(np.r_[heads, len(pairs)])
    i, j = np.divmod(pairs[heads], n)
    enough = counts >= np.minimum(required[i], required[j])
    return i[enough], j[enough]


def _pairs_of(rows: np.ndarray, start_of: np.ndarray, place: np.ndarray, n: int, offset: int) -> np.ndarray:
    """Pair every entry with the one `offset` places after its group's start, or before itself where negative."""
    index = np.arange(len(rows))
    other = start_of + offset if offset >= 0 else index + offset
    valid = (other < index) & (place > offset) if offset >= 0 else place + offset >= _FIRST
    pairs: np.ndarray = rows[valid] * n + rows[other[valid]]
    return pairs
