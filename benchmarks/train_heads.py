"""Train the regressions of the coder, and choose on hand g what isn't trained; then print the figures on hand b.

Which hands train is written in `benchmarks/hands.py`. Run with `make train-coder`, after `make train-tuned`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.linear_model import LogisticRegression

from benchmarks import coder_figures, decisions, hands
from benchmarks.decisions import Chosen
from benchmarks.measures import Asked, macro_f1
from pipeline import recommend
from pipeline.engines import coder, recommender, shipped, tuned
from pipeline.engines.encoder import Encoder
from pipeline.engines.taught import teaching_sentences
from pipeline.study import Codebook

C = 4.0


@dataclass(frozen=True)
class Hand:
    """Sentences with their vectors."""

    sentences: Sequence[hands.Sentence]
    vectors: np.ndarray

    @property
    def texts(self) -> list[str]:
        """The words."""
        return [s.text for s in self.sentences]

    @property
    def languages(self) -> list[str]:
        """The languages."""
        return [s.language for s in self.sentences]

    def advising(self) -> Hand:
        """Return those that recommend something."""
        return Hand([s for s in self.sentences if s.recommendation], self.vectors[hands.advising(self.sentences)])

    def asked(self, codebook: Codebook, recommendation: np.ndarray, themes: np.ndarray) -> tuple[Asked, Asked]:
        """Pair what a coder says of all sentences with what is true; themes are those of recommendations alone."""
        advising, own = hands.advising(self.sentences), self.advising().sentences
        return (
            Asked(self.sentences, advising[:, None], recommendation.reshape(-1, 1)),
            Asked(own, hands.truth(own, codebook.ids), themes[advising]),
        )


def embedded(embed: Encoder, *names: str) -> Hand:
    """Read hands with the vectors of the embedded encoder."""
    sentences = hands.read(*names)
    return Hand(sentences, embed.encode([s.text for s in sentences]))


def fit_recommendation(train: Hand) -> LogisticRegression:
    """Fit the regression over vectors and cue features."""
    inputs = recommender.design(train.vectors, train.texts, train.languages)
    return LogisticRegression(C=C, max_iter=5000, tol=1e-8).fit(inputs, hands.advising(train.sentences))


def fit_themes(train: Hand, codebook: Codebook, embed: Encoder) -> coder.TrainedCoder:
    """Fit one regression per theme on recommendations and on what the codebook says."""
    own = train.advising()
    taught = [(text, i) for i, theme in enumerate(codebook.themes) for text in teaching_sentences(theme)]
    x = np.vstack([own.vectors, embed.encode([text for text, _ in taught])])
    y = np.vstack([hands.truth(own.sentences, codebook.ids), np.eye(len(codebook.ids))[[i for _, i in taught]] > 0])
    models = [LogisticRegression(C=C, max_iter=5000, tol=1e-8).fit(x, column) for column in y.T]
    weights, intercepts = np.vstack([m.coef_[0] for m in models]), np.array([m.intercept_[0] for m in models])
    return coder.TrainedCoder(np.round(weights, 4), np.round(intercepts, 5))


def uncalibrated(hand: Hand, codebook: Codebook, embed: Encoder, second: tuned.Tuned | None) -> tuple[Asked, Asked]:
    """Return what the shipped coder says of a hand before calibration: recommendation, and themes."""
    themes = coder.load(codebook, embed, second)
    if not isinstance(themes, coder.TrainedCoder | coder.BlendedCoder):
        raise TypeError("the shipped heads don't fit the shipped codebook")
    recommendation = recommender.uncalibrated(hand.vectors, hand.texts, hand.languages, second)
    return hand.asked(codebook, recommendation, themes.uncalibrated(hand.vectors, hand.texts))


def write_heads(train: Hand, codebook: Codebook, embed: Encoder) -> None:
    """Train and write both regressions."""
    own = train.advising()
    model = fit_recommendation(train)
    head = {
        "model": embed.key,
        "features": list(recommend.FEATURES),
        "trained_on": len(train.sentences),
        "intercept": round(float(model.intercept_[0]), 6),
        "weights": [round(float(w), 6) for w in model.coef_[0]],
    }
    themes = fit_themes(train, codebook, embed)
    about = {
        "model": embed.key,
        "codebook": codebook.fingerprint,
        "themes": list(codebook.ids),
        "trained_on": len(own.sentences),
    }
    hands.write("recommendation.json", head)
    hands.write("themes.json", about | themes.as_written())
    recommender.load.cache_clear()


def write_decisions(
    chosen: Mapping[str, Chosen], asked: Mapping[str, tuple[Asked, Asked]], codebook: Codebook, left_out: object
) -> None:
    """Write calibration, thresholds and margin of both profiles, and what else was tried on the validation hand."""
    hands.write(
        shipped.DECISIONS,
        {
            "codebook": codebook.fingerprint,
            "validation": f"hand-{hands.VALIDATION}",
            "margin": chosen[shipped.ACCURATE].margin,
            **{profile: of.as_written(codebook.ids) for profile, of in chosen.items()},
            "calibration_compared": {profile: decisions.compared(pair) for profile, pair in asked.items()},
            "hands_left_out": left_out,
        },
    )


def left_out(train: dict[str, Hand], validation: Hand, codebook: Codebook, embed: Encoder) -> dict[str, object]:
    """Return, per training hand left out, macro-F1 of regressions with one threshold and with one per theme.

    Calibration and thresholds are chosen on the validation hand each time, as for the shipped coder.
    """
    found: dict[str, object] = {}
    for name, out in train.items():
        rest = [hand for other, hand in train.items() if other != name]
        fitted = fit_themes(
            Hand([s for hand in rest for s in hand.sentences], np.vstack([hand.vectors for hand in rest])),
            codebook,
            embed,
        )
        own, looked_at = out.advising(), validation.advising()
        truth = hands.truth(own.sentences, codebook.ids)
        seen = Asked(
            looked_at.sentences,
            hands.truth(looked_at.sentences, codebook.ids),
            fitted.uncalibrated(looked_at.vectors, looked_at.texts),
        )
        mappings = decisions.platt_of(seen)
        said = shipped.mapped(fitted.uncalibrated(own.vectors, own.texts), mappings)
        on_seen = shipped.mapped(seen.probabilities, mappings)
        single = decisions.best_threshold(seen.truth, on_seen)
        found[name] = {
            "n": len(own.sentences),
            "one_threshold": round(macro_f1(truth, said >= single), 3),
            "per_theme": round(macro_f1(truth, said >= decisions.best_thresholds(seen.truth, on_seen)), 3),
        }
    return found


def main() -> None:
    """Train, choose, write, measure."""
    embed, codebook, second = hands.embedded(), hands.codebook(), hands.second()
    own = {name: embedded(embed, name) for name in hands.TRAINING}
    validation = embedded(embed, hands.VALIDATION)
    train = Hand([s for h in own.values() for s in h.sentences], np.vstack([h.vectors for h in own.values()]))
    write_heads(train, codebook, embed)
    asked = {
        shipped.ACCURATE: uncalibrated(validation, codebook, embed, second),
        shipped.FAST: uncalibrated(validation, codebook, embed, None),
    }
    chosen = {profile: decisions.choose(*pair) for profile, pair in asked.items()}
    write_decisions(chosen, asked, codebook, left_out(own, validation, codebook, embed))
    coder_figures.main()


if __name__ == "__main__":
    main()
