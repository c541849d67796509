"""Which pairs of texts can be near copies: those that share several of their rarest word pairs.

A set join with prefix filter (Chaudhuri, Ganti & Kaushik 2006; Xiao et al. 2008), extended as in AdaptJoin (Wang,
Li & Feng 2012). Each text is the set of its adjacent word pairs. Two texts whose sets overlap enough must share
some of their rarest pairs, so only those are looked up. Nothing is hashed or drawn: every pair of texts with a
Jaccard of at least `MIN_JACCARD` and a length ratio of at least `MIN_RATIO` is found, as long as no word pair
stands in more than `_FIRST` texts; in larger families each text is paired with the first of its family.
"""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Sequence

import numpy as np

MIN_JACCARD = 0.45
MIN_RATIO = 0.75
_EXTENSION = 3
_FIRST, _BEFORE = 8, 1


def near_pairs(texts: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Return candidate pairs (i, j), j < i, sorted by i and then j; texts are folded words with single spaces.

    Cost grows with the number of words; memory is about 40 bytes per word.
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
    flat, lengths = array("i"), array("q")
    for text in texts:
        words = text.split()
        lengths.append(len(words))
        flat.extend(map(number, words))
    word = np.frombuffer(flat, np.int32)
    row = np.repeat(np.arange(len(texts), dtype=np.int32), np.frombuffer(lengths, np.int64))
    inside = row[1:] == row[:-1]
    pairs = word[:-1][inside].astype(np.int64)
    pairs *= len(numbers)
    pairs += word[1:][inside]
    del word, flat
    keys, row = _sorted_by(pairs, row[1:][inside], len(texts))
    del pairs, inside
    first = np.r_[True, keys[1:] != keys[:-1]][: len(keys)]
    distinct = first | np.r_[True, row[1:] != row[:-1]][: len(keys)]
    keys, row, first = keys[distinct], row[distinct], first[distinct]
    starts = np.flatnonzero(first)
    counts = np.diff(np.r_[starts, len(keys)])
    number_of = np.repeat(np.arange(len(starts), dtype=np.int32), counts)
    return number_of, row, np.repeat(counts.astype(np.int32), counts)


def _sorted_by(high: np.ndarray, low: np.ndarray, n_low: int) -> tuple[np.ndarray, np.ndarray]:
    """Sort two columns of whole numbers by `high`, then `low` < n_low, as one column: ten times as fast as `lexsort`.

    What doesn't fit beside `low` in 63 bits is cut off `high`: two keys may then become one, which can only add
    candidates.
    """
    bits = max(n_low - 1, 1).bit_length()
    packed = high & ((1 << (63 - bits)) - 1)
    packed <<= bits
    packed |= low
    packed.sort()
    low = (packed & ((1 << bits) - 1)).astype(low.dtype)
    packed >>= bits
    return packed, low


def _rarest(
    keys: np.ndarray, rows: np.ndarray, frequency: np.ndarray, taken: np.ndarray, required: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Keep each text's `taken` rarest keys, less those that no other text has; drop texts left with too few."""
    n = len(taken)
    slots = taken - np.bincount(rows[frequency == 1], minlength=n)
    useful = (frequency > 1) & (slots >= required)[rows]
    keys, rows, frequency = keys[useful], rows[useful], frequency[useful]
    # Beyond what fits beside row and place, frequent is frequent.
    common = min(int(frequency.max(initial=0)) + 1, 1 << (62 - n.bit_length() - len(rows).bit_length()))
    frequency = np.minimum(frequency, common - 1)
    order, place = _sorted_by(rows.astype(np.int64) * common + frequency, np.arange(len(rows)), len(rows))
    keys, rows = keys[place], order // common
    first = np.searchsorted(rows, np.arange(n))
    within = np.arange(len(rows)) - first[rows] < slots[rows]
    return keys[within], rows[within]


def _shared(keys: np.ndarray, rows: np.ndarray, required: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the pairs of texts that share at least as many of the kept keys as either requires."""
    n = max(len(required), 1)
    keys, rows = _sorted_by(keys.astype(np.int64), rows, n)
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
