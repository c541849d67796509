"""Fit what a coder brings along for any codebook: heads/languages.json and heads/calibration.json.

The directions in which languages differ are those of the training hands' sentences in six languages. The calibration
takes each training hand as a study of its own: the coder knows the shipped codebook and the hand's recommendations, not
their codes; one logistic mapping over all themes and hands, for one encoder (fast) and for two (accurate). Hands b and
g play no part. Run with `make train-coder`, before the heads are trained.
"""

from __future__ import annotations

import json

import numpy as np
from sklearn.linear_model import LogisticRegression

from benchmarks.hands import HEADS, TRAINING, Sentence, codebook, embedded, plain, read
from pipeline.engines import levelled, taught
from pipeline.engines.encoder import Encoder
from pipeline.study import Codebook

LANGUAGES = frozenset({"de", "en", "es", "fr", "it", "pt"})


def main() -> None:
    """Fit directions and mappings, and write them."""
    hands = [read(hand) for hand in TRAINING]
    second = plain()
    write_directions([s for hand in hands for s in hand if s.language in LANGUAGES], second.inner)
    write_calibration([[s for s in hand if s.recommendation] for hand in hands], embedded(), second)


def write_directions(sentences: list[Sentence], plain: Encoder) -> None:
    """Write the directions in which the languages of these sentences differ."""
    found = levelled.directions(plain.encode([s.text for s in sentences]), [s.language for s in sentences])
    about = {"model": plain.key, "languages": sorted(LANGUAGES), "trained_on": len(sentences)}
    text = json.dumps(about | {"directions": np.round(found, 5).tolist()})
    (HEADS / levelled.DIRECTIONS).write_text(text + "\n", encoding="utf-8")


def write_calibration(hands: list[list[Sentence]], embed: Encoder, second: Encoder) -> None:
    """Write how decision values become probabilities, with one encoder and with two."""
    found = {
        "one": mapping(hands, codebook(), embed, None),
        "two": mapping(hands, codebook(), embed, second),
        "trained_on": sum(map(len, hands)),
        "method": "Platt, pooled over the shipped themes, each training hand a study of its own",
    }
    (HEADS / taught.CALIBRATION).write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(found, indent=1))


def mapping(
    hands: list[list[Sentence]], codebook: Codebook, embed: Encoder, second: Encoder | None
) -> dict[str, float]:
    """Return slope and intercept for decision values of the study's encoder, alone or with a second one."""
    decisions, codes = [], []
    for hand in hands:
        texts = [s.text for s in hand]
        coder = taught.fit(codebook, embed, second, units=texts)
        assert isinstance(coder, taught.TaughtCoder)
        decisions.append(coder.decision(embed.encode(texts), texts).reshape(-1, 1))
        codes += [theme in s.codes for s in hand for theme in codebook.ids]
    platt = LogisticRegression(C=1e6, max_iter=5000).fit(np.vstack(decisions), codes)
    return {"slope": round(float(platt.coef_[0, 0]), 4), "intercept": round(float(platt.intercept_[0]), 4)}


if __name__ == "__main__":
    main()
