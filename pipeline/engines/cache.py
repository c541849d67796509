"""A per-text cache of vectors on disk, keyed by model and text; it survives a kill at any moment."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import numpy as np

from pipeline.engines import e5, encoder, tuned
from pipeline.engines.encoder import Encoder
from pipeline.engines.levelled import Levelled
from pipeline.progress import track
from pipeline.study import EMBEDDED_MODEL, Study

_BLOCK = 1024


class CachedEncoder:
    """An encoder that computes each text once per model."""

    def __init__(self, inner: Encoder, file: Path) -> None:
        self._encoder, self._file = inner, file

    @property
    def key(self) -> str:
        """The key of the model behind the cache."""
        return self._encoder.key

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """Return an array (texts × dimensions); missing texts are encoded in sorted order and stored."""
        if not len(texts):
            return np.empty((0, 0), dtype=np.float32)
        keys = {text: self._hash(text) for text in sorted(set(texts))}
        self._file.parent.mkdir(parents=True, exist_ok=True)
        with closing(sqlite3.connect(self._file)) as database:
            database.execute("CREATE TABLE IF NOT EXISTS vectors (key BLOB PRIMARY KEY, vector BLOB) WITHOUT ROWID")
            known = _fetch(database, list(keys.values()))
            missing = [text for text, key in keys.items() if key not in known]
            blocks = [missing[i : i + _BLOCK] for i in range(0, len(missing), _BLOCK)]
            for block in track(blocks, "embedding", len(blocks)):
                vectors = np.asarray(self._encoder.encode(block), dtype="<f4")
                rows = [(keys[text], vector.tobytes()) for text, vector in zip(block, vectors, strict=True)]
                with database:
                    database.executemany("INSERT OR REPLACE INTO vectors VALUES (?, ?)", rows)
                known.update(rows)
        return np.stack([np.frombuffer(known[keys[text]], dtype="<f4") for text in texts])

    def _hash(self, text: str) -> bytes:
        content = f"{self._encoder.key}\x1f{text}".encode("utf-8", "surrogatepass")
        return hashlib.blake2b(content, digest_size=16).digest()


def _fetch(database: sqlite3.Connection, keys: Sequence[bytes]) -> dict[bytes, bytes]:
    found: dict[bytes, bytes] = {}
    for i in range(0, len(keys), 500):
        some = keys[i : i + 500]
        marks = ",".join("?" * len(some))
        found.update(database.execute(f"SELECT key, vector FROM vectors WHERE key IN ({marks})", some))
    return found


def for_study(study: Study) -> CachedEncoder:
    """Load the encoder that the study names, with the study's own cache."""
    return _cached(study, encoder.load(study.settings.embed))


def tuned_for(study: Study) -> tuned.Tuned | None:
    """Return the tuned half of the accurate coder, with the study's own cache; None in the fast profile."""
    if study.settings.coding.profile == "fast":
        return None
    return tuned.Tuned(_cached(study, e5.E5Encoder(tuned=True)))


def plain_for(study: Study) -> Levelled | None:
    """Return the second encoder of a coder taught by a codebook, with its cache; None in the fast profile."""
    if study.settings.coding.profile == "fast":
        return None
    return Levelled(_cached(study, e5.E5Encoder(tuned=False)))


def second_view(study: Study) -> Levelled | None:
    """Return the second encoder of topics; None in the fast profile, or where the study names a model of its own."""
    return plain_for(study) if study.settings.embed.model == EMBEDDED_MODEL else None


def embedded_for(study: Study) -> CachedEncoder:
    """Load the embedded encoder, with the study's own cache."""
    return _cached(study, encoder.embedded())


def _cached(study: Study, inner: Encoder) -> CachedEncoder:
    return CachedEncoder(inner, study.state / "vectors.sqlite")
