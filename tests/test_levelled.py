"""An encoder without what tells languages apart."""

from __future__ import annotations

import numpy as np

from pipeline.engines import levelled
from pipeline.engines.recommender import read_json
from tests.conftest import FakeEncoder


def test_languages_that_differ_by_a_shift_are_level_afterwards() -> None:
    encoder = FakeEncoder()
    meaning = encoder.encode([f"text {i}" for i in range(200)]).astype(np.float64)
    shift = {"en": np.eye(16)[0], "es": np.eye(16)[1], "pt": np.zeros(16)}
    vectors = np.vstack([meaning + shift[language] for language in shift])
    languages = [language for language in shift for _ in range(200)]
    found = levelled.directions(vectors, languages)
    assert np.allclose(found @ found.T, np.eye(2))
    before, after = vectors.reshape(3, 200, 16), levelled.level(vectors, found).reshape(3, 200, 16)
    assert np.linalg.norm(before[0] - before[2], axis=1).min() > 0.9
    assert np.allclose(after[0], after[2], atol=1e-6)
    assert np.allclose(np.linalg.norm(after, axis=2), 1, atol=1e-6)


def test_the_shipped_directions_are_orthonormal_and_named() -> None:
    stored = read_json(levelled.DIRECTIONS)
    directions = np.asarray(stored["directions"])
    assert directions.shape == (len(stored["languages"]) - 1, 384)
    assert np.allclose(directions @ directions.T, np.eye(len(directions)), atol=1e-3)


def test_nothing_to_encode_is_no_error() -> None:
    assert len(levelled.Levelled(FakeEncoder()).encode([])) == 0
    assert levelled.Levelled(FakeEncoder()).key == "fake@1-levelled"
