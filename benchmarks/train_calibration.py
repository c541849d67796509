"""Fit how a coder taught by a codebook alone turns decision values into probabilities; write heads/calibration.json.

Each training hand is taken as a study of its own: the coder knows the shipped codebook and the hand's recommendations,
not their codes. One logistic mapping over all themes and hands, for one encoder (fast) and for two (accurate). Run with
`make train-coder`; hands b and g play no part.
"""

from __future__ import annotations

import json
import tomllib

import numpy as np
from sklearn.linear_model import LogisticRegression

from benchmarks.train_heads import HEADS, HELD_OUT, ROOT, VALIDATION, Sentence, read_hand
from pipeline.engines import e5, encoder, taught
from pipeline.engines.encoder import Encoder
from pipeline.study import Codebook


def main() -> None:
    """Fit both mappings and write them."""
    codebook = Codebook.model_validate(tomllib.loads((ROOT / "codebook.toml").read_text(encoding="utf-8")))
    files = sorted((ROOT / "data" / "training").glob("hand-*.jsonl"))
    hands = [
        [s for s in read_hand(file) if s.recommendation] for file in files if file.stem not in {HELD_OUT, VALIDATION}
    ]
    plain = e5.E5Encoder(tuned=False)
    found = {
        "one": mapping(hands, codebook, None),
        "two": mapping(hands, codebook, plain),
        "trained_on": sum(map(len, hands)),
        "method": "Platt, pooled over the shipped themes, each training hand a study of its own",
    }
    (HEADS / taught.CALIBRATION).write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(found, indent=1))


def mapping(hands: list[list[Sentence]], codebook: Codebook, second: Encoder | None) -> dict[str, float]:
    """Return slope and intercept for decision values of the study's encoder, alone or with a second one."""
    embed = encoder.embedded()
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
