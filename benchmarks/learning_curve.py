"""How good the coder would be with fewer sentences: both models trained on samples, measured like the whole.

Passages are drawn once in random order, so that a smaller sample is part of a larger one. What each pair of models says
of hands g and b is kept in `.glosa/learning-curve`, since tuning takes minutes; delete it to train again.
Run with `make learning-curve`.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence

import numpy as np
from sklearn.linear_model import LogisticRegression

from benchmarks import hands, train_tuned
from pipeline.engines import coder, encoder, recommender

POOL, SIZES = ("a", "c", "d", "e"), (750, 1500, 3000)
KEPT = hands.ROOT / ".glosa" / "learning-curve"
C = 4.0


def sample(sentences: list[hands.Sentence], size: int) -> np.ndarray:
    """Return the places of about `size` sentences: whole passages in a random order that is the same for every size."""
    passages = np.array([s.passage for s in sentences])
    order = np.random.default_rng(7).permutation(np.unique(passages))
    places = np.concatenate([np.flatnonzero(passages == passage) for passage in order])
    ends = np.flatnonzero(np.append(passages[places][1:] != passages[places][:-1], True)) + 1
    return np.sort(places[: ends[np.abs(ends - size).argmin()]])


def embedded(train: list[hands.Sentence], other: list[hands.Sentence]) -> tuple[np.ndarray, np.ndarray]:
    """Return what regressions on the embedded encoder say of other sentences: recommendation, and themes."""
    encode, book = encoder.embedded(), hands.codebook()
    x, z = (encode.encode([s.text for s in some]) for some in (train, other))
    inputs, asked = (
        recommender.design(vectors, [s.text for s in some], [s.language for s in some])
        for vectors, some in ((x, train), (z, other))
    )
    advising = hands.advising(train)
    recommendation = LogisticRegression(C=C, max_iter=5000, tol=1e-8).fit(inputs, advising)
    taught = [(text, i) for i, theme in enumerate(book.themes) for text in coder.teaching_sentences(theme)]
    lessons = np.vstack([x[advising], encode.encode([text for text, _ in taught])])
    said = np.vstack([hands.truth(train, book.ids)[advising], np.eye(len(book.ids), dtype=bool)[[i for _, i in taught]]])
    themes = [LogisticRegression(C=C, max_iter=5000, tol=1e-8).fit(lessons, column) for column in said.T]
    return recommendation.predict_proba(asked)[:, 1], np.column_stack([t.predict_proba(z)[:, 1] for t in themes])


def main() -> None:
    """Train on samples of each size and keep what they say."""
    sizes = [int(size) for size in sys.argv[1:]] or SIZES
    train([size for size in sizes if not (KEPT / f"{size}.npz").exists()])


def train(sizes: Sequence[int]) -> None:
    """Train on a sample of each size; keep what the models say of the other hands."""
    if not sizes:
        return
    KEPT.mkdir(parents=True, exist_ok=True)
    book, pool = hands.codebook(), hands.read(*POOL)
    other = hands.read(hands.VALIDATION, hands.HELD_OUT)
    largest = sample(pool, max(sizes))
    hidden, plain = train_tuned.lower_half([pool[i].text for i in largest])
    asked, _ = train_tuned.lower_half([s.text for s in other])
    for size in sizes:
        begun = time.time()
        drawn = sample(pool, size)
        chosen, places = [pool[i] for i in drawn], np.searchsorted(largest, drawn)
        model = train_tuned.train([hidden[i] for i in places], plain[places], train_tuned.targets(chosen, book))
        recommendation, themes = embedded(chosen, other)
        np.savez(
            KEPT / f"{size}.npz",
            n=len(chosen),
            advising=int(hands.advising(chosen).sum()),
            passages=len({s.passage for s in chosen}),
            embedded=np.column_stack([recommendation, themes]),
            tuned=train_tuned.probabilities(model, asked),
        )
        print(f"{len(chosen)} sentences: {time.time() - begun:.0f} seconds", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
