"""Time deduplication and measure its recall on generated passages with planted near copies.

Usage: python benchmarks/deduplication.py [--sizes 10000 100000]. Passages have 40 words on average, drawn from a
Zipf-like vocabulary; 5 % are near copies of another (one to four edited words), 2 % exact copies, 1 % previews.
One process, one core; verification included; the reading of tables is not.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import time

import numpy as np

from pipeline.repetitions import find_repetitions, wording
from pipeline.study import DeduplicateSection

_VOCABULARY = 60_000


def passages(n: int, seed: int = 1) -> tuple[list[str], dict[int, str]]:
    """Return n texts, and for the planted copies their kind by place."""
    rng = np.random.default_rng(seed)
    lengths = rng.integers(12, 69, n)
    share = np.cumsum(1 / (np.arange(_VOCABULARY) + 2.7))  # Zipf–Mandelbrot, as words in running text
    ranks = np.searchsorted(share / share[-1], rng.random(int(lengths.sum())))
    words = np.array([_word(i) for i in range(_VOCABULARY)], dtype=object)[ranks]
    texts, place = [], 0
    for length in lengths:
        texts.append(" ".join(words[place : place + length]).capitalize() + ".")
        place += length
    kinds: dict[int, str] = {}
    for i in rng.choice(np.arange(n // 2, n), size=int(0.08 * n), replace=False):
        kind = ("near", "near", "near", "near", "near", "exact", "exact", "truncated")[len(kinds) % 8]
        kinds[int(i)] = kind
        texts[i] = _copy(texts[int(rng.integers(0, n // 2))], kind, rng)
    return texts, kinds


def _word(i: int) -> str:
    letters = "aeioursntlcdmp"
    out = ""
    while True:
        out += letters[i % 14]
        i //= 14
        if not i:
            return out


def _copy(text: str, kind: str, rng: np.random.Generator) -> str:
    words = text.split()
    if kind == "exact":
        return text.upper().replace(" ", "  ")
    if kind == "truncated":
        return " ".join(words[: max(9, len(words) // 2)]) + "… see more"
    for _ in range(int(rng.integers(1, 1 + max(1, len(words) // 12)))):
        words[int(rng.integers(0, len(words)))] = _word(int(rng.integers(0, _VOCABULARY)))
    return " ".join(words)


def measure(n: int) -> str:
    """Return one line of the table for n passages."""
    texts, kinds = passages(n)
    started = time.perf_counter()
    wordings = [wording(str(i), text, None, "en") for i, text in enumerate(texts)]
    folded = time.perf_counter()
    links = find_repetitions(wordings, DeduplicateSection())
    seconds = time.perf_counter() - started
    found = {int(link.passage_id) for link in links} | {int(link.duplicate_of) for link in links}
    recall = {
        kind: sum(i in found for i, k in kinds.items() if k == kind) / max(1, sum(k == kind for k in kinds.values()))
        for kind in ("exact", "near", "truncated")
    }
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    shares = "  ".join(f"{kind} {share:.3f}" for kind, share in recall.items())
    return (
        f"{n:>9,d} {seconds:8.1f} s {n / seconds:9,.0f} /s  (folding {folded - started:.1f} s)  {peak:6,.0f} MiB   "
        f"links {len(links):,d} of {len(kinds):,d} planted   recall: {shares}"
    )


def main() -> None:
    """Print one line per size, each measured in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    options = parser.parse_args()
    if len(options.sizes) == 1:
        print(measure(options.sizes[0]))
        return
    for n in options.sizes:
        subprocess.run([sys.executable, __file__, "--sizes", str(n)], check=True)


if __name__ == "__main__":
    main()
