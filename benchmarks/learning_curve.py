"""How good the coder would be with fewer sentences: both models trained on samples, then measured like the whole.

Passages of hands a, c, d and e are drawn once in random order, so that a smaller sample is part of a larger one; the
last step, the shipped coder, adds two more writers. What each pair of models says of hands g and b is kept in
`.glosa/learning-curve`, since tuning takes minutes; delete it to train again. Run with `make learning-curve`.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np

from benchmarks import coder_figures, decisions, hands, measures, train_heads, train_tuned
from benchmarks.measures import Asked, rounded
from benchmarks.train_heads import Hand
from pipeline.engines import recommender, shipped

POOL, SIZES = ("a", "c", "d", "e"), (750, 1500, 3000, 4384)
KEPT = hands.ROOT / ".glosa" / "learning-curve"
Pair = tuple[Asked, Asked]


@dataclass(frozen=True)
class Step:
    """One point of the curve. Figures on g have their calibration and thresholds from its other passages."""

    sentences: int
    recommendations: int
    hands: int
    validation_recommendation_f1: float
    validation_macro_f1: float
    recommendation_f1: float
    recommendation_f1_interval: list[float]
    macro_f1: float
    macro_f1_interval: list[float]


def sample(sentences: Sequence[hands.Sentence], size: int) -> np.ndarray:
    """Return the places of about `size` sentences: whole passages in a random order that is the same for every size."""
    passages = np.array([s.passage for s in sentences])
    order = np.random.default_rng(7).permutation(np.unique(passages))
    places = np.concatenate([np.flatnonzero(passages == passage) for passage in order])
    ends = np.flatnonzero(np.append(passages[places][1:] != passages[places][:-1], True)) + 1
    return np.sort(places[: ends[np.abs(ends - size).argmin()]])


def train(sizes: Sequence[int]) -> None:
    """Train on a sample of each size; keep what the models say of the other hands."""
    if not sizes:
        return
    KEPT.mkdir(parents=True, exist_ok=True)
    book, pool = hands.codebook(), hands.read(*POOL)
    other = train_heads.embedded(hands.embedded(), hands.VALIDATION, hands.HELD_OUT)
    largest = sample(pool, max(sizes))
    hidden, plain = train_tuned.lower_half([pool[i].text for i in largest])
    asked, _ = train_tuned.lower_half(other.texts)
    for size in sizes:
        begun = time.time()
        drawn = sample(pool, size)
        chosen, places = [pool[i] for i in drawn], np.searchsorted(largest, drawn)
        model = train_tuned.train([hidden[i] for i in places], plain[places], train_tuned.targets(chosen, book))
        np.savez(
            KEPT / f"{size}.npz",
            n=len(chosen),
            advising=int(hands.advising(chosen).sum()),
            embedded=regressions(chosen, other),
            tuned=train_tuned.probabilities(model, asked),
        )
        print(f"{len(chosen)} sentences: {time.time() - begun:.0f} seconds", file=sys.stderr, flush=True)


def regressions(chosen: Sequence[hands.Sentence], other: Hand) -> np.ndarray:
    """Return what regressions on the embedded encoder say of other sentences (sentences × outputs)."""
    embed = hands.embedded()
    own = Hand(chosen, embed.encode([s.text for s in chosen]))
    inputs = recommender.design(other.vectors, other.texts, other.languages)
    themes = train_heads.fit_themes(own, hands.codebook(), embed).uncalibrated(other.vectors, other.texts)
    return np.column_stack([train_heads.fit_recommendation(own).predict_proba(inputs)[:, 1], themes])


def kept_step(size: int) -> Step:
    """Return the figures of the models that were trained on a sample."""
    with np.load(KEPT / f"{size}.npz") as kept:
        blended, n, advising = (kept["embedded"] + kept["tuned"]) / 2, int(kept["n"]), int(kept["advising"])
    pairs, start, book = [], 0, hands.codebook()
    for name in (hands.VALIDATION, hands.HELD_OUT):
        sentences = hands.read(name)
        hand = Hand(sentences, np.empty((len(sentences), 0)))
        own = blended[start : start + len(hand.sentences)]
        pairs.append(hand.asked(book, own[:, 0], own[:, 1:]))
        start += len(own)
    return step(n, advising, len(POOL), *pairs)


def shipped_step() -> Step:
    """Return the figures of the shipped coder."""
    embed, book, second = hands.embedded(), hands.codebook(), hands.second()
    pairs = [
        train_heads.uncalibrated(train_heads.embedded(embed, name), book, embed, second)
        for name in (hands.VALIDATION, hands.HELD_OUT)
    ]
    n, advising = (int(shipped.read_json(f"{head}.json")["trained_on"]) for head in ("recommendation", "themes"))
    return step(n, advising, len(hands.TRAINING), *pairs)


def step(n: int, advising: int, writers: int, validation: Pair, test: Pair) -> Step:
    """Decide as for the shipped coder, on what the models say before calibration, and measure."""
    chosen = decisions.choose(*validation)
    recommendation, themes = test
    said = shipped.mapped(recommendation.probabilities, [chosen.recommendation])[:, 0] >= 0.5
    found = shipped.mapped(themes.probabilities, chosen.themes) >= chosen.thresholds
    first, second = decisions.left_out(*validation)

    def f1(places: np.ndarray) -> float:
        return measures.f1(recommendation.truth[places, 0], said[places])

    def macro(places: np.ndarray) -> float:
        return measures.macro_f1(themes.truth[places], found[places])

    return Step(
        sentences=n,
        recommendations=advising,
        hands=writers,
        validation_recommendation_f1=rounded(measures.f1(validation[0].truth[:, 0], first)),
        validation_macro_f1=rounded(measures.macro_f1(validation[1].truth, second)),
        recommendation_f1=rounded(f1(np.arange(len(said)))),
        recommendation_f1_interval=measures.interval(recommendation.passages, f1),
        macro_f1=rounded(macro(np.arange(len(found)))),
        macro_f1_interval=measures.interval(themes.passages, macro),
    )


def main() -> None:
    """Train where nothing is kept, measure, and add the curve to the accurate profile's figures."""
    sizes = [int(size) for size in sys.argv[1:]] or SIZES
    train([size for size in sizes if not (KEPT / f"{size}.npz").exists()])
    curve = [asdict(of) for of in (*map(kept_step, sizes), shipped_step())]
    figures = shipped.read_json(coder_figures.FIGURES)
    figures[shipped.ACCURATE]["learning_curve"] = curve
    hands.write(coder_figures.FIGURES, figures)
    json.dump(curve, sys.stdout, indent=1)
    print()


if __name__ == "__main__":
    main()
