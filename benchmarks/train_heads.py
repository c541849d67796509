"""Train the recommendation head and the theme coder; print the figures on the held-out hand.

Each hand is one writer (`data/training/hand-*.jsonl`). Hand B is only measured; hand G was looked at to settle how the
tuned encoder is trained and used, and trains nothing; the others train. Run with `make train-coder`.
"""

from __future__ import annotations

import json
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression

from pipeline import recommend
from pipeline.engines import coder, e5, encoder, recommender, taught, tuned
from pipeline.engines.levelled import Levelled
from pipeline.engines.taught import teaching_sentences
from pipeline.study import Codebook

ROOT = Path(__file__).resolve().parents[1]
HEADS = ROOT / "pipeline" / "engines" / "heads"
_C = 4.0
DRAWS = 1000
HELD_OUT, VALIDATION = "hand-b", "hand-g"


@dataclass(frozen=True)
class Sentence:
    """A labelled sentence of the training set."""

    text: str
    language: str
    passage: str
    recommendation: bool
    codes: tuple[str, ...]


def read_hand(file: Path) -> list[Sentence]:
    """Read one writer's passages as sentences."""
    passages = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    return [
        Sentence(s["text"], p["language"], p["id"], s["recommendation"], tuple(s["codes"]))
        for p in passages
        for s in p["sentences"]
    ]


def f1(truth: np.ndarray, found: np.ndarray) -> float:
    """Return F1 of two boolean arrays; 0 where neither has a positive."""
    both = (truth & found).sum()
    return float(2 * both / max(truth.sum() + found.sum(), 1))


def interval(groups: np.ndarray, statistic: object) -> tuple[float, float]:
    """Return a 95 % percentile bootstrap interval, resampling passages."""
    rng = np.random.default_rng(7)
    members = [np.flatnonzero(groups == g) for g in np.unique(groups)]
    draws = [
        statistic(np.concatenate([members[i] for i in rng.integers(0, len(members), len(members))]))  # type: ignore[operator]
        for _ in range(DRAWS)
    ]
    low, high = np.percentile(draws, [2.5, 97.5])
    return float(low), float(high)


def calibration_error(truth: np.ndarray, probability: np.ndarray, bins: int = 10) -> float:
    """Return the expected calibration error over equally wide bins."""
    place = np.minimum((probability * bins).astype(int), bins - 1)
    return float(
        sum(
            abs(truth[place == b].mean() - probability[place == b].mean()) * (place == b).mean()
            for b in range(bins)
            if (place == b).any()
        )
    )


def main() -> None:
    """Train on the other hands, measure on the one held out, write the heads."""
    embed = encoder.embedded()
    files = sorted((ROOT / "data" / "training").glob("hand-*.jsonl"))
    test = [s for file in files if file.stem == HELD_OUT for s in read_hand(file)]
    train = [s for file in files if file.stem not in {HELD_OUT, VALIDATION} for s in read_hand(file)]
    about = {"hands_trained": len(files) - 2, "held_out": HELD_OUT, "draws": DRAWS}
    vectors = {id(s): v for s, v in zip(train + test, embed.encode([s.text for s in train + test]), strict=True)}
    fast = {
        "recommendation": about | _train_recommendation(train, test, vectors, embed.key),
        "themes": about | _train_themes(train, test, vectors, embed),
    }
    report = {"fast": fast, "accurate": _accurate(fast, test, vectors, embed)}
    _write("figures.json", report)
    json.dump(report, sys.stdout, indent=2)
    print()


def _inputs(sentences: list[Sentence], vectors: dict[int, np.ndarray]) -> np.ndarray:
    return recommender.design(
        np.stack([vectors[id(s)] for s in sentences]),
        [s.text for s in sentences],
        [s.language for s in sentences],
    )


def _train_recommendation(
    train: list[Sentence],
    test: list[Sentence],
    vectors: dict[int, np.ndarray],
    key: str,
) -> dict[str, object]:
    model = LogisticRegression(C=_C, max_iter=5000, tol=1e-8)
    model.fit(_inputs(train, vectors), [s.recommendation for s in train])
    _write(
        "recommendation.json",
        {
            "model": key,
            "features": list(recommend.FEATURES),
            "trained_on": len(train),
            "intercept": round(float(model.intercept_[0]), 6),
            "weights": [round(float(w), 6) for w in model.coef_[0]],
        },
    )
    recommender.load.cache_clear()
    return _measure_recommendation(_recommended(test, vectors), test) | {"trained_on": len(train)}


def _recommended(
    test: list[Sentence], vectors: dict[int, np.ndarray], second: recommender.Second | None = None
) -> np.ndarray:
    stacked = np.stack([vectors[id(s)] for s in test])
    return recommender.probabilities(stacked, [s.text for s in test], [s.language for s in test], second)


def _accurate(
    fast: dict[str, dict[str, object]], test: list[Sentence], vectors: dict[int, np.ndarray], embed: encoder.Encoder
) -> dict[str, object]:
    """Measure the accurate profile: the mean of these heads and those of the tuned encoder (`make train-tuned`)."""
    codebook = Codebook.model_validate(tomllib.loads((ROOT / "codebook.toml").read_text(encoding="utf-8")))
    second = tuned.Tuned(e5.E5Encoder(tuned=True))
    advising = [s for s in test if s.recommendation]
    blend = coder.load(codebook, embed, second)
    p = blend.probabilities(np.stack([vectors[id(s)] for s in advising]), [s.text for s in advising])
    threshold = float(str(fast["themes"]["threshold"]))
    themes = _measure(p, advising, codebook, threshold)
    alone = taught.fit(codebook, embed, Levelled(e5.E5Encoder(tuned=False)), units=[s.text for s in advising])
    p = alone.probabilities(np.stack([vectors[id(s)] for s in advising]), [s.text for s in advising])
    themes["codebook_alone"] = _measure(p, advising, codebook, threshold)
    return {
        "recommendation": fast["recommendation"] | _measure_recommendation(_recommended(test, vectors, second), test),
        "themes": fast["themes"] | themes,
    }


def _measure_recommendation(p: np.ndarray, test: list[Sentence]) -> dict[str, object]:
    truth = np.array([s.recommendation for s in test])
    groups = np.array([s.passage for s in test])
    languages = np.array([s.language for s in test])
    found = p >= 0.5
    return {
        "n": len(test),
        "positives": int(truth.sum()),
        "passages": len(set(groups)),
        "precision": round(float((truth & found).sum() / found.sum()), 3),
        "recall": round(float((truth & found).sum() / truth.sum()), 3),
        "f1": round(f1(truth, found), 3),
        "f1_interval": [round(v, 3) for v in interval(groups, lambda i: f1(truth[i], found[i]))],
        "f1_by_language": {
            code: round(f1(truth[languages == code], found[languages == code]), 3) for code in ("es", "en", "pt")
        },
        "calibration_error": round(calibration_error(truth, p), 3),
    }


def _train_themes(
    train: list[Sentence], test: list[Sentence], vectors: dict[int, np.ndarray], embed: encoder.Encoder
) -> dict[str, object]:
    """Fit the trained coder; measure it, and one that the codebook alone teaches, on the held-out hand."""
    codebook = Codebook.model_validate(tomllib.loads((ROOT / "codebook.toml").read_text(encoding="utf-8")))
    train, test = ([s for s in sentences if s.recommendation] for sentences in (train, test))
    x, y = np.stack([vectors[id(s)] for s in train]), _truth(train, codebook)
    owner = [i for i, theme in enumerate(codebook.themes) for _ in teaching_sentences(theme)]
    lessons = embed.encode([text for theme in codebook.themes for text in teaching_sentences(theme)])
    said = np.eye(len(codebook.ids), dtype=bool)[owner]
    threshold, curve = _choose_threshold(train, x, y, lessons, said)
    weights, intercepts = _fit(np.vstack([x, lessons]), np.vstack([y, said]))
    _write(
        "themes.json",
        {
            "model": embed.key,
            "codebook": codebook.fingerprint,
            "themes": list(codebook.ids),
            "trained_on": len(train),
            "threshold": threshold,
            "threshold_curve": curve,
            "intercepts": np.round(intercepts, 5).tolist(),
            "weights": np.round(weights, 4).tolist(),
        },
    )
    z, texts = np.stack([vectors[id(s)] for s in test]), [s.text for s in test]
    alone = taught.fit(codebook, embed, units=texts)
    return {
        "threshold": threshold,
        "trained_on": len(train),
        **_measure(coder.load(codebook, embed).probabilities(z, texts), test, codebook, threshold),
        "codebook_alone": _measure(alone.probabilities(z, texts), test, codebook, threshold),
    }


def _truth(sentences: list[Sentence], codebook: Codebook) -> np.ndarray:
    return np.array([[theme in s.codes for theme in codebook.ids] for s in sentences])


def _fit(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    models = [LogisticRegression(C=_C, max_iter=5000, tol=1e-8).fit(x, y[:, i]) for i in range(y.shape[1])]
    return np.vstack([m.coef_[0] for m in models]), np.array([m.intercept_[0] for m in models])


def _choose_threshold(
    train: list[Sentence], x: np.ndarray, y: np.ndarray, lessons: np.ndarray, said: np.ndarray
) -> tuple[float, dict[str, float]]:
    """Return the threshold with the best mean macro-F1 when each training hand in turn is left out."""
    hands = np.array([s.passage.split("-")[0] for s in train])
    grid = [round(float(t), 2) for t in np.arange(0.25, 0.61, 0.05)]
    scores: dict[float, list[float]] = {t: [] for t in grid}
    for hand in sorted(set(hands)):
        out = hands == hand
        weights, intercepts = _fit(np.vstack([x[~out], lessons]), np.vstack([y[~out], said]))
        p = 1 / (1 + np.exp(-(x[out] @ weights.T + intercepts)))
        for t in grid:
            scores[t].append(float(np.mean([f1(y[out][:, i], p[:, i] >= t) for i in range(y.shape[1])])))
    means = {t: round(float(np.mean(values)), 4) for t, values in scores.items()}
    return max(means, key=lambda t: means[t]), {str(t): value for t, value in means.items()}


def _measure(p: np.ndarray, test: list[Sentence], codebook: Codebook, threshold: float) -> dict[str, object]:
    truth, found = _truth(test, codebook), p >= threshold
    groups = np.array([s.passage for s in test])
    languages = np.array([s.language for s in test])

    def macro(rows: np.ndarray) -> float:
        return float(np.mean([f1(truth[rows, i], found[rows, i]) for i in range(truth.shape[1])]))

    both = (truth & found).sum(axis=0)
    return {
        "n": len(test),
        "positives": dict(zip(codebook.ids, truth.sum(axis=0).tolist(), strict=True)),
        "macro_f1": round(macro(np.arange(len(test))), 3),
        "macro_f1_interval": [round(v, 3) for v in interval(groups, macro)],
        "macro_f1_by_language": {
            code: round(macro(np.flatnonzero(languages == code)), 3) for code in ("es", "en", "pt")
        },
        "f1": {theme: round(f1(truth[:, i], found[:, i]), 3) for i, theme in enumerate(codebook.ids)},
        "precision": {
            theme: round(float(both[i] / max(found[:, i].sum(), 1)), 3) for i, theme in enumerate(codebook.ids)
        },
        "calibration_error": round(calibration_error(truth.reshape(-1), p.reshape(-1)), 3),
        "found_share": round(100 * float(both.sum() / truth.sum())),
        "right_share": round(100 * float(both.sum() / max(found.sum(), 1))),
    }


def _write(name: str, value: object) -> None:
    HEADS.mkdir(parents=True, exist_ok=True)
    (HEADS / name).write_text(json.dumps(value, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
