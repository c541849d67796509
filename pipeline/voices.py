"""The way back from a pseudonym to a name, for whoever holds the key."""

from __future__ import annotations

import json
from collections.abc import Iterator

from pipeline.errors import GlosaError
from pipeline.stages.ingest import pseudonym
from pipeline.store import NAMES, read_table
from pipeline.study import Study


def lines(study: Study) -> Iterator[tuple[str, int, str]]:
    """Yield (pseudonym, passages, names as captured), by pseudonym; raise `GlosaError` where the key is gone."""
    passages = read_table(study.processed / "passages.parquet", "passages")
    counts = passages["voice"].value_counts()
    if not study.voice_key.is_file():
        raise GlosaError(
            study.voice_key,
            "the key behind the pseudonyms is gone.",
            "the key with which they were made.",
            "Put it back: nothing else leads from a pseudonym to a name.",
        )
    key, names = study.voice_key.read_bytes(), json.loads((study.root / NAMES).read_text(encoding="utf-8"))
    known: dict[str, list[str]] = {}
    for name in names:
        known.setdefault(pseudonym(name, key) or "", []).append(name)
    for voice in sorted(counts.index):
        yield voice, int(counts[voice]), " = ".join(known.get(voice, ["not made with this key"]))
