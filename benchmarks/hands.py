"""The labelled sentences of `data/training`: one writer a hand, each hand with its part.

Hands a, c, d, e, h and i train. Hand g is looked at: on it everything is chosen that isn't trained (calibration,
thresholds, margins, epochs). Hand b is only measured.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pipeline.engines import e5, encoder, tuned
from pipeline.engines.cache import CachedEncoder
from pipeline.engines.levelled import Levelled
from pipeline.study import Codebook

ROOT = Path(__file__).resolve().parents[1]
HEADS = ROOT / "pipeline" / "engines" / "heads"
TRAINING = ("a", "c", "d", "e", "h", "i")
VALIDATION, HELD_OUT = "g", "b"


@dataclass(frozen=True)
class Sentence:
    """A labelled sentence of the training set."""

    text: str
    language: str
    passage: str
    recommendation: bool
    codes: tuple[str, ...]


def read(*hands: str) -> list[Sentence]:
    """Read the passages of some hands as sentences."""
    files = [ROOT / "data" / "training" / f"hand-{hand}.jsonl" for hand in hands]
    passages = [json.loads(line) for file in files for line in file.read_text(encoding="utf-8").splitlines()]
    return [
        Sentence(s["text"], p["language"], p["id"], s["recommendation"], tuple(s["codes"]))
        for p in passages
        for s in p["sentences"]
    ]


def codebook() -> Codebook:
    """Read the shipped codebook."""
    return Codebook.model_validate(tomllib.loads((ROOT / "codebook.toml").read_text(encoding="utf-8")))


def truth(sentences: Sequence[Sentence], themes: Sequence[str]) -> np.ndarray:
    """Return the codes, sentences × themes."""
    return np.array([[theme in s.codes for theme in themes] for s in sentences]).reshape(-1, len(themes))


def advising(sentences: Sequence[Sentence]) -> np.ndarray:
    """Return which sentences recommend something."""
    return np.array([s.recommendation for s in sentences], dtype=bool)


def embedded() -> CachedEncoder:
    """Load the embedded encoder with a cache of its own."""
    return CachedEncoder(encoder.embedded(), ROOT / ".glosa" / "training.sqlite")


def second() -> tuned.Tuned:
    """Load the tuned half as it ships, with the same cache."""
    return tuned.Tuned(CachedEncoder(e5.E5Encoder(tuned=True), ROOT / ".glosa" / "training.sqlite"))


def plain() -> Levelled:
    """Load the second encoder of coders that a codebook teaches, with the same cache."""
    return Levelled(CachedEncoder(e5.E5Encoder(tuned=False), ROOT / ".glosa" / "training.sqlite"))


def write(name: str, value: object) -> None:
    """Write one of the shipped JSON files."""
    HEADS.mkdir(parents=True, exist_ok=True)
    (HEADS / name).write_text(json.dumps(value, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
