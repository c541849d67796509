"""Measure the shipped coder, as it is used, on the held-out hand; write `heads/figures.json` and print it."""

from __future__ import annotations

import json
import sys

import numpy as np

from benchmarks import hands, measures
from benchmarks.measures import Asked, rounded
from pipeline.engines import coder, recommender, shipped, taught, tuned
from pipeline.study import Codebook, CodingSection

FIGURES = "figures.json"
FROM_ELSEWHERE = ("learning_curve", "speed")  # what other benchmarks add


def recommendation_figures(asked: Asked, threshold: float = 0.5) -> dict[str, object]:
    """Return the figures of the recommendation head."""
    truth, p = asked.truth[:, 0], asked.probabilities[:, 0]
    found = p >= threshold

    def score(places: np.ndarray) -> float:
        return measures.f1(truth[places], found[places])

    by_language = measures.language_figures(asked, score)
    return {
        "n": len(truth),
        "positives": int(truth.sum()),
        "passages": len(set(asked.passages)),
        "precision": rounded(measures.share(truth, found)),
        "recall": rounded(measures.share(found, truth)),
        "f1": rounded(score(np.arange(len(truth)))),
        "f1_interval": measures.interval(asked.passages, score),
        "by_language": by_language,
        "calibration_error": rounded(measures.calibration_error(truth, p)),
        "calibration_error_by_chance": rounded(measures.chance_error(p)),
        "alpha": measures.alpha(truth, found, asked.passages),
    }


def theme_figures(asked: Asked, themes: tuple[str, ...], thresholds: np.ndarray) -> dict[str, object]:
    """Return the figures of the themes, every decision taken; keys by theme go in the codebook's order."""
    truth, p = asked.truth, asked.probabilities
    found = p >= thresholds
    columns = list(zip(themes, truth.T, found.T, p.T, strict=True))

    def score(places: np.ndarray) -> float:
        return measures.macro_f1(truth[places], found[places])

    def interval_of(y: np.ndarray, z: np.ndarray) -> list[float]:
        return measures.interval(asked.passages, lambda i: measures.f1(y[i], z[i]))

    return {
        "n": len(truth),
        "passages": len(set(asked.passages)),
        "positives": {theme: int(y.sum()) for theme, y, _, _ in columns},
        "macro_f1": rounded(score(np.arange(len(truth)))),
        "macro_f1_interval": measures.interval(asked.passages, score),
        "by_language": measures.language_figures(asked, score),
        "thresholds": dict(zip(themes, np.asarray(thresholds).tolist(), strict=True)),
        "f1": {theme: rounded(measures.f1(y, z)) for theme, y, z, _ in columns},
        "f1_interval": {theme: interval_of(y, z) for theme, y, z, _ in columns},
        "precision": {theme: rounded(measures.share(y, z)) for theme, y, z, _ in columns},
        "recall": {theme: rounded(measures.share(z, y)) for theme, y, z, _ in columns},
        "alpha": {theme: measures.alpha(y, z, asked.passages) for theme, y, z, _ in columns},
        "calibration_error": rounded(measures.calibration_error(truth.reshape(-1), p.reshape(-1))),
        "calibration_error_by_theme": {theme: rounded(measures.calibration_error(y, q)) for theme, y, _, q in columns},
        "calibration_error_by_chance": {theme: rounded(measures.chance_error(q)) for theme, _, _, q in columns},
        "found_share": round(100 * measures.share(found, truth)),
        "right_share": round(100 * measures.share(truth, found)),
    }


def measured(
    test: list[hands.Sentence], vectors: np.ndarray, codebook: Codebook, judge: coder.Coder, second: tuned.Tuned | None
) -> dict[str, object]:
    """Return recommendation and themes of one profile on the test sentences, with the thresholds that ship."""
    texts, spoken = [s.text for s in test], [s.language for s in test]
    advising = hands.advising(test)
    own = [s for s in test if s.recommendation]
    recommendation = recommender.probabilities(vectors, texts, spoken, second)
    settings = CodingSection()
    thresholds = np.array(coder.thresholds(codebook.ids, settings, judge.method))
    p = judge.probabilities(vectors[advising], [s.text for s in own])
    themes = Asked(own, hands.truth(own, codebook.ids), p)
    figures = theme_figures(themes, codebook.ids, thresholds)
    if judge.method in coder.PROFILES:
        figures["abstention"] = measures.abstention(themes, thresholds, settings.margin)
    return {
        "recommendation": recommendation_figures(Asked(test, advising[:, None], recommendation[:, None])),
        "themes": figures,
    }


def main() -> None:
    """Measure both profiles and the coder taught by the codebook alone."""
    embed, codebook, second = hands.embedded(), hands.codebook(), hands.second()
    test = hands.read(hands.HELD_OUT)
    vectors = embed.encode([s.text for s in test])
    about = {
        "hands_trained": len(hands.TRAINING),
        "validation": f"hand-{hands.VALIDATION}",
        "held_out": f"hand-{hands.HELD_OUT}",
        "draws": measures.DRAWS,
    }
    old, figures = shipped.read_json(FIGURES), {}
    for profile, other in ((shipped.ACCURATE, second), (shipped.FAST, None)):
        found = measured(test, vectors, codebook, coder.load(codebook, embed, other), other)
        for part, head in (("recommendation", "recommendation.json"), ("themes", "themes.json")):
            found[part] = about | {"trained_on": shipped.read_json(head)["trained_on"]} | found[part]
        alone = taught.fit(codebook, embed, hands.plain() if other else None, units=[s.text for s in test])
        found["themes"]["codebook_alone"] = measured(test, vectors, codebook, alone, None)["themes"]
        figures[profile] = found | {key: old[profile][key] for key in FROM_ELSEWHERE if key in old.get(profile, {})}
    hands.write(FIGURES, figures)
    json.dump(figures, sys.stdout, indent=1)
    print()


if __name__ == "__main__":
    main()
