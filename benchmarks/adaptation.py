"""Measure what the coder gains from people's codes in a study it has not seen; print a table.

Run with `make bench-learning`. Two studies that trained nothing: hand b, and the shipped corpus by its labels. Whole
passages are drawn until there are 150 (75, 300) sentences; they are coded as labelled, the coder learns from them as in
a study (`pipeline/engines/learning.py`), and macro-F1 over the themes is compared on the rest. Once with the coder that
ships, once with one taught by the codebook alone, as a codebook of one's own is. The widths of the priors were
chosen on hand g. A gain's interval is that of the middle 95 % of draws, and says how much depends on what is coded.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

import numpy as np

from benchmarks import hands, measures
from pipeline.engines import coder, e5, learning, taught
from pipeline.engines.cache import CachedEncoder
from pipeline.engines.levelled import Levelled
from pipeline.study import CodingSection

SIZES, DRAWS = (75, 150, 300), 20
LABELS = hands.ROOT / "tests" / "cases" / "corpus.jsonl"


def corpus() -> list[hands.Sentence]:
    """Return the labelled units of the shipped corpus."""
    passages = [json.loads(line) for line in LABELS.read_text(encoding="utf-8").splitlines()]
    return [
        hands.Sentence(u["text"], p["language"], f"{p['file']}-{p['n']}", u["recommendation"], tuple(u["codes"]))
        for p in passages
        for u in p.get("units", [])
    ]


def drawn(passages: np.ndarray, size: int, draw: int) -> np.ndarray:
    """Return flags of about `size` sentences: whole passages in random order."""
    order = np.random.default_rng(draw).permutation(np.unique(passages))
    ends = np.cumsum([(passages == p).sum() for p in order])
    return np.isin(passages, order[: int(np.searchsorted(ends, size)) + 1])


def measured(study: list[hands.Sentence], which: str, embed: CachedEncoder, size: int) -> Iterator[tuple[float, float]]:
    """Yield macro-F1 on the sentences that were not coded, before and after learning, for each draw."""
    codebook = hands.codebook()
    texts, passages = [s.text for s in study], np.array([s.passage for s in study])
    vectors, truth, advising = embed.encode(texts), hands.truth(study, codebook.ids), hands.advising(study)
    if which == "shipped":
        judge: coder.Coder = coder.load(codebook, embed, hands.second())
        thresholds = np.array(coder.thresholds(codebook.ids, CodingSection(), judge.method))
    else:
        plain = CachedEncoder(e5.E5Encoder(tuned=False), hands.ROOT / ".glosa" / "training.sqlite")
        judge = taught.fit(codebook, embed, Levelled(plain), units=texts)
        thresholds = np.full(len(codebook.ids), CodingSection().threshold)
    before = judge.probabilities(vectors, texts) >= thresholds
    for draw in range(DRAWS):
        chosen = drawn(passages, size, draw)
        codes = np.where((chosen & advising)[:, None], truth, np.nan)
        after = learning.taught(judge, vectors, texts, codes).probabilities(vectors, texts) >= thresholds
        rest = advising & ~chosen
        yield measures.macro_f1(truth[rest], before[rest]), measures.macro_f1(truth[rest], after[rest])


def main() -> None:
    """Print one line per study, coder and number of coded sentences; keep them beside the other figures."""
    embed, rows = hands.embedded(), []
    print(
        f"{'study':16s}{'coder':18s}{'coded':>6s}{'rest':>6s}{'before':>8s}{'after':>8s}   gain (middle 95 % of draws)"
    )
    for name, study in (("hand b", hands.read(hands.HELD_OUT)), ("shipped corpus", corpus())):
        for which in ("shipped", "codebook alone"):
            for size in SIZES:
                found = np.array(list(measured(study, which, embed, size)))
                gain = found[:, 1] - found[:, 0]
                low, high = np.percentile(gain, [2.5, 97.5])
                before, after = found.mean(axis=0)
                print(
                    f"{name:16s}{which:18s}{size:6d}{len(study) - size:6d}{before:8.3f}{after:8.3f}"
                    f"   {gain.mean():+.3f} [{low:+.3f}, {high:+.3f}]",
                    flush=True,
                )
                rows.append(
                    {"study": name, "coder": which, "coded": size, "rest": len(study) - size, "draws": DRAWS}
                    | {key: measures.rounded(v) for key, v in (("before", before), ("after", after))}
                    | {
                        "gain": measures.rounded(gain.mean()),
                        "interval": [measures.rounded(low), measures.rounded(high)],
                    }
                )
    hands.write("learning.json", rows)


if __name__ == "__main__":
    main()
