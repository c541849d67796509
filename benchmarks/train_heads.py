"""Train the recommendation head and the theme coder's calibration; print the figures on the held-out hand.

Hand A trains (`data/training/hand-a.jsonl`), hand B is only measured. Run with `make train-coder`.
"""

from __future__ import annotations

import json
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pipeline import recommend
from pipeline.engines import encoder, recommender
from pipeline.engines.coder import CodebookCoder
from pipeline.study import Codebook
from sklearn.linear_model import LogisticRegression

ROOT = Path(__file__).resolve().parents[1]
HEADS = ROOT / "pipeline" / "engines" / "heads"
_C = 4.0
_DRAWS = 1000


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
        for _ in range(_DRAWS)
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
    """Train on hand A, measure on hand B, write the heads."""
    embed = encoder.embedded()
    train, test = (read_hand(ROOT / "data" / "training" / f"hand-{hand}.jsonl") for hand in "ab")
    vectors = {id(s): v for s, v in zip(train + test, embed.encode([s.text for s in train + test]), strict=True)}
    report = {
        "recommendation": _train_recommendation(train, test, vectors, embed.key),
        "themes": _train_calibration(train, test, vectors, embed),
    }
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
    stacked = np.stack([vectors[id(s)] for s in test])
    p = recommender.probabilities(stacked, [s.text for s in test], [s.language for s in test])
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
        "method": "trained on hand A, measured on hand B; percentile bootstrap over passages, 1,000 draws",
    }


def _train_calibration(
    train: list[Sentence],
    test: list[Sentence],
    vectors: dict[int, np.ndarray],
    embed: encoder.Encoder,
) -> dict[str, object]:
    codebook = Codebook.model_validate(tomllib.loads((ROOT / "codebook.toml").read_text(encoding="utf-8")))
    coder = CodebookCoder(codebook, embed)

    def of(sentences: list[Sentence]) -> tuple[list[Sentence], np.ndarray, np.ndarray]:
        chosen = [s for s in sentences if s.recommendation]
        truth = np.array([[theme in s.codes for theme in codebook.ids] for s in chosen])
        return chosen, truth, np.stack([vectors[id(s)] for s in chosen])

    _, truth, x = of(train)
    platt = LogisticRegression(C=1e6, max_iter=5000).fit(coder.decision(x).reshape(-1, 1), truth.reshape(-1))
    _write(
        "calibration.json",
        {
            "slope": round(float(platt.coef_[0, 0]), 6),
            "intercept": round(float(platt.intercept_[0]), 6),
            "trained_on": int(truth.shape[0]),
            "method": "Platt, pooled over the shipped themes",
        },
    )
    chosen, truth, x = of(test)
    p = coder.probabilities(x)
    found = p >= 0.5
    groups = np.array([s.passage for s in chosen])

    def macro(rows: np.ndarray) -> float:
        return float(np.mean([f1(truth[rows, i], found[rows, i]) for i in range(truth.shape[1])]))

    return {
        "n": len(chosen),
        "positives": dict(zip(codebook.ids, truth.sum(axis=0).tolist(), strict=True)),
        "macro_f1": round(macro(np.arange(len(chosen))), 3),
        "macro_f1_interval": [round(v, 3) for v in interval(groups, macro)],
        "f1": {theme: round(f1(truth[:, i], found[:, i]), 3) for i, theme in enumerate(codebook.ids)},
        "precision": {
            theme: round(float((truth[:, i] & found[:, i]).sum() / max(found[:, i].sum(), 1)), 3)
            for i, theme in enumerate(codebook.ids)
        },
        "calibration_error": round(calibration_error(truth.reshape(-1), p.reshape(-1)), 3),
        "method": "codebook alone, on the recommendations of hand B; calibration fitted on hand A; "
        "percentile bootstrap over passages, 1,000 draws",
    }


def _write(name: str, value: object) -> None:
    HEADS.mkdir(parents=True, exist_ok=True)
    (HEADS / name).write_text(json.dumps(value, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
