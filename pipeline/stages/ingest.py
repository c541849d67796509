"""Read every capture into sources and passages; what can't be used goes to rejects with its reason."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from pipeline import readers, roles
from pipeline.engines import langid
from pipeline.errors import GlosaError
from pipeline.languages import UNDETERMINED
from pipeline.readers import Document, SetAside, UnreadableError
from pipeline.schemas import REJECT_REASONS
from pipeline.store import Store
from pipeline.study import Study
from pipeline.wording import content_id, fold, words

_MIN_PROBABILITY = 0.6
_TAG_ODDS = 4.0
_PAGE_PRIOR = 0.5
_LANGUAGE_NAMES = {
    "spanish": "es",
    "espanol": "es",
    "castellano": "es",
    "english": "en",
    "ingles": "en",
    "portuguese": "pt",
    "portugues": "pt",
    "french": "fr",
    "frances": "fr",
    "francais": "fr",
    "german": "de",
    "deutsch": "de",
    "aleman": "de",
    "italian": "it",
    "italiano": "it",
    "catalan": "ca",
    "catala": "ca",
    "dutch": "nl",
}


@dataclass(frozen=True, slots=True)
class Source:
    """A document with its id and the file it came from."""

    source_id: str
    file: str
    sha256: str
    size: int
    document: Document


def run(study: Study, store: Store) -> None:
    """Load the captures, cut them into passages, save sources, rejects and passages."""
    sources, rejects = read_captures(study.captures(), study.raw)
    if not sources:
        raise _nothing_to_read(study.raw, rejects)

    passages = passages_of(sources, study.languages, study.voice_key.read_bytes())
    rejects += [reject(s.source_id, s.file, piece) for s in sources for piece in s.document.set_aside]

    store.save_table("sources", sources_table(sources))
    store.save_table("rejects", rejects_table(rejects))
    store.save_table("passages", passages)


def read_captures(files: Iterable[Path], folder: Path) -> tuple[list[Source], list[dict[str, str]]]:
    """Read files in name order; return the sources, by id, and the rows of rejects."""
    sources: dict[str, Source] = {}
    rejects: list[dict[str, str]] = []
    for file in files:
        name = file.relative_to(folder).as_posix()
        content = file.read_bytes()
        digest = hashlib.sha256(content).hexdigest()
        try:
            documents = readers.read(content, file)
        except UnreadableError as error:
            piece = SetAside("file", error.reason, error.detail)
            rejects.append(reject(content_id("s", digest, file.suffix.lower(), name), name, piece))
            continue
        for document in documents:
            part_name = f"{name}#{document.part}" if document.part else name
            source_id = content_id("s", digest, document.part)
            if source_id in sources:
                piece = SetAside("file", "identical_file", f"same bytes as {sources[source_id].file}")
                rejects.append(reject(content_id("s", source_id, name), part_name, piece))
                continue
            sources[source_id] = Source(source_id, part_name, digest, len(content), document)
    return [sources[key] for key in sorted(sources)], rejects


def reject(source_id: str, file: str, piece: SetAside) -> dict[str, str]:
    """Return a row of rejects."""
    return {
        "source_id": source_id,
        "locator": piece.locator,
        "file": file,
        "reason": piece.reason,
        "detail": piece.detail,
    }


def sources_table(sources: Sequence[Source]) -> pd.DataFrame:
    """Return the table of sources, by id."""
    return pd.DataFrame(
        [
            {
                "source_id": s.source_id,
                "file": s.file,
                "format": s.document.format,
                "sha256": s.sha256,
                "encoding": s.document.encoding,
                "bytes": s.size,
                "title": s.document.title,
                "text": s.document.text,
            }
            for s in sources
        ]
    )


def rejects_table(rejects: Sequence[dict[str, str]]) -> pd.DataFrame:
    """Return the table of rejects, by source and place."""
    columns = ["source_id", "locator", "file", "reason", "detail"]
    return pd.DataFrame(rejects, columns=columns).sort_values(["source_id", "locator"], kind="stable")


def passages_of(sources: Sequence[Source], languages: tuple[str, ...], key: bytes) -> pd.DataFrame:
    """Return one row per block of every source, with its role, pseudonym and language."""
    rows = [row for source in sources for row in _rows(source, languages, key)]
    seen: Counter[str] = Counter()
    for row in rows:
        text = str(row["text"])
        row["passage_id"] = content_id("p", text, seen[text])
        seen[text] += 1
    columns = [
        "passage_id",
        "source_id",
        "locator",
        "start",
        "end",
        "role",
        "voice",
        "language",
        "language_score",
        "language_tag",
        "text",
    ]
    return pd.DataFrame(rows, columns=columns)


def _rows(source: Source, languages: tuple[str, ...], key: bytes) -> list[dict[str, object]]:
    document = source.document
    blocks = [replace(block, tag=language_code(block.tag)) for block in document.blocks]
    texts = [document.text[block.start : block.end] for block in blocks]
    lines = [roles.Line(text, block.hint) for text, block in zip(texts, blocks, strict=True)]
    spoken = identify(texts, [block.tag for block in blocks], languages)
    return [
        {
            "source_id": source.source_id,
            "locator": block.locator,
            "start": block.start,
            "end": block.end,
            "role": role,
            "voice": pseudonym(block.voice, key) if role == roles.COMMENT else None,
            "language": language,
            "language_score": score,
            "language_tag": block.tag,
            "text": text,
        }
        for block, text, role, (language, score) in zip(
            blocks, texts, roles.assign(lines, document.is_page), spoken, strict=True
        )
    ]


def identify(
    texts: Sequence[str],
    tags: Sequence[str | None],
    languages: tuple[str, ...],
) -> list[tuple[str, float]]:
    """Return (language, probability) of the passages of one source.

    Words decide. The page's mixture of languages and the captured tag are a prior, which counts only as far
    as the text is too short to be clear; under a probability of .6 the language is `und`.
    """
    if not texts:
        return []
    likelihood = langid.probabilities(texts, languages)
    clear = likelihood[likelihood.max(axis=1) >= 0.9]
    share = clear.mean(axis=0) if len(clear) else np.full(len(languages), 1 / len(languages))
    prior = _PAGE_PRIOR * share + (1 - _PAGE_PRIOR) / len(languages)
    found = []
    for row, text, tag in zip(likelihood, texts, tags, strict=True):
        weights = np.where(np.array(languages) == tag, _TAG_ODDS, 1.0) * prior
        posterior = row * weights / (row * weights).sum()
        best = int(posterior.argmax())
        is_clear = posterior[best] >= _MIN_PROBABILITY and any(len(w) > 1 and w.isalpha() for w in words(text))
        found.append((languages[best] if is_clear else UNDETERMINED, round(float(posterior[best]), 4)))
    return found


def language_code(tag: str | None) -> str | None:
    """Return the ISO 639-1 code that a captured tag (`pt-BR`, `ES`, `français`) stands for, else None."""
    if not tag:
        return None
    folded = fold(re.split(r"[-_ ]", tag.strip())[0])
    return folded if len(folded) == 2 else _LANGUAGE_NAMES.get(fold(tag).split(" ")[0] if fold(tag) else "")


def pseudonym(name: str | None, key: bytes) -> str | None:
    """Return a keyed pseudonym of a contributor's name: the same for the same name within one study."""
    if not name or not fold(name):
        return None
    return "v" + hmac.new(key, fold(name).encode(), hashlib.sha256).hexdigest()[:12]


def _nothing_to_read(folder: Path, rejects: Sequence[dict[str, str]]) -> GlosaError:
    known = ", ".join(sorted(readers.READERS))
    if not rejects:
        return GlosaError(
            folder,
            "no capture in it.",
            f"at least one file of a known format ({known}).",
            "Put your captured pages, exports or documents there and run again.",
        )
    listed = "; ".join(f"{r['file']}: {REJECT_REASONS[r['reason']]} ({r['detail']})" for r in rejects[:5])
    more = f"; and {len(rejects) - 5} more" if len(rejects) > 5 else ""
    return GlosaError(
        folder,
        f"no capture that can be read. {listed}{more}.",
        f"at least one file with text ({known}).",
        "Mend or replace the files named here and run again.",
    )
