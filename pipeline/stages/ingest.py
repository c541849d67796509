"""Read every capture into sources and passages; what can't be used goes to rejects with its reason."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from pipeline import bylines, forgotten, privacy, readers, roles
from pipeline.captured import Captured, Source, reject, without
from pipeline.captures import Refused
from pipeline.columns import REJECT_REASONS
from pipeline.engines import cache, langid, pages
from pipeline.errors import GlosaError
from pipeline.languages import UNDETERMINED, language_names
from pipeline.readers import Block, Document, SetAside, UnreadableError, Wanted
from pipeline.schemas import TABLES
from pipeline.store import Store
from pipeline.study import Study
from pipeline.wording import content_id, fold, words

_MIN_PROBABILITY = 0.6
_TAG_ODDS = 4.0
_PAGE_PRIOR = 0.5


def run(study: Study, store: Store) -> None:
    """Load the captures, cut them into passages, drop who is forgotten, save sources, rejects and passages."""
    everything = captured(study)

    found = without(everything, forgotten.load(study))

    store.save_names(found.names)
    store.save_table("sources", sources_table(found.sources, privacy.Finder(everything.names, singles=False)))
    store.save_table("rejects", rejects_table(found.rejects))
    store.save_table("passages", numbered(found.said))


def captured(study: Study) -> Captured:
    """Read all captures of a study; raise `GlosaError` where there is nothing to read."""
    sources, rejects = read_captures(study.captures(), study.raw, Wanted(**study.settings.ingest.model_dump()))
    rejects += [refusal(found, study.raw) for found in study.refused()]
    if not sources:
        raise _nothing_to_read(study.raw, rejects)
    return said_in(study, sources, rejects)


def said_in(study: Study, sources: list[Source], rejects: list[dict[str, str]]) -> Captured:
    """Return what was said in sources, with the rejects and what their readers have set aside."""
    judge = pages.Judge(lambda: cache.embedded_for(study))
    said = blocks_of(sources, study.languages, study.voice_key.read_bytes(), judge)
    aside = [reject(s.source_id, s.file, piece) for s in sources for piece in s.document.set_aside]
    return Captured(sources, [*rejects, *aside], said)


def read_captures(
    files: Iterable[Path], folder: Path, wanted: Wanted = readers.records.FIND
) -> tuple[list[Source], list[dict[str, str]]]:
    """Read files in name order; return the sources, by id, and the rows of rejects."""
    sources: dict[str, Source] = {}
    rejects: list[dict[str, str]] = []
    for file in files:
        name = file.relative_to(folder).as_posix()
        try:
            content = file.read_bytes()
            digest = hashlib.sha256(content).hexdigest()
            documents = _documents(content, file, wanted)
        except OSError as error:
            rejects.append(reject(content_id("s", name), name, SetAside("file", "unreadable", f"{error.strerror}")))
            continue
        except UnreadableError as error:
            piece = SetAside("file", error.reason, error.detail)
            rejects.append(reject(content_id("s", digest, file.suffix.lower(), name), name, piece))
            continue
        for document in map(with_voices, documents):
            part_name = f"{name}#{document.part}" if document.part else name
            source_id = content_id("s", digest, document.part)
            if source_id in sources:
                piece = SetAside("file", "identical_file", f"same bytes as {sources[source_id].file}")
                rejects.append(reject(content_id("s", source_id, name), part_name, piece))
                continue
            sources[source_id] = Source(source_id, part_name, digest, len(content), document)
    return [sources[key] for key in sorted(sources)], rejects


def with_voices(document: Document) -> Document:
    """Take bylines out of a page's blocks, and give what follows each to its contributor.

    A contributor goes on until the next byline or piece of page furniture. Where the mark-up says which blocks are
    comments, it has named their voices as well.
    """
    if not document.is_page or any(block.hint in {"comment", "title"} and block.voice for block in document.blocks):
        return document
    lines = [roles.Line(document.text[block.start : block.end], block.hint) for block in document.blocks]
    furniture = roles.furniture_of(lines)
    found = bylines.find([line.text for line in lines], furniture)
    voice: str | None = None
    kept: list[Block] = []
    for i, block in enumerate(document.blocks):
        voice = found.get(i, None if furniture[i] else voice)
        if i not in found:
            kept.append(replace(block, voice=voice) if voice else block)
    aside = [SetAside(document.blocks[i].locator, "byline", "a contributor's name") for i in found]
    return replace(document, blocks=tuple(kept), set_aside=(*document.set_aside, *aside))


def _documents(content: bytes, file: Path, wanted: Wanted) -> list[Document]:
    """Read one capture; whatever a reader stumbles over is that capture's fault and ends nothing else."""
    try:
        return readers.read(content, file, wanted)
    except UnreadableError:
        raise
    except BaseException as error:
        # A panic in a Rust library is no Exception; an interrupt of the run isn't the capture's fault.
        if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
            raise
        raise UnreadableError("unreadable", f"the reader broke off with {type(error).__name__}") from error


def refusal(found: Refused, folder: Path) -> dict[str, str]:
    """Return a row of rejects for a path that was never opened."""
    name = os.fsencode(found.path.relative_to(folder)).decode("utf-8", "replace")
    return reject(content_id("s", name), name, SetAside("file", found.reason, found.detail))


def sources_table(sources: Sequence[Source], finder: privacy.Finder) -> pd.DataFrame:
    """Return the table of sources, by id; what `finder` finds in a title is replaced by its kind."""
    kinds = {kind: kind for kind in privacy.KINDS}
    return pd.DataFrame(
        [
            {
                "source_id": s.source_id,
                "file": s.file,
                "format": s.document.format,
                "sha256": s.sha256,
                "encoding": s.document.encoding,
                "bytes": s.size,
                "title": finder.replace(s.document.title, kinds)[0],
                "columns": json.dumps(
                    [[finder.replace(name, kinds)[0], role] for name, role in s.document.columns], ensure_ascii=False
                ),
                "text": s.document.text,
            }
            for s in sources
        ]
    )


def rejects_table(rejects: Sequence[dict[str, str]]) -> pd.DataFrame:
    """Return the table of rejects, by source and place."""
    columns = ["source_id", "locator", "file", "reason", "detail"]
    return pd.DataFrame(rejects, columns=columns).sort_values(["source_id", "locator"], kind="stable")


def passages_of(
    sources: Sequence[Source], languages: tuple[str, ...], key: bytes, judge: roles.Judge | None = None
) -> pd.DataFrame:
    """Return one row per block of every source, with its role, pseudonym and language; `judge` as in `roles.assign`."""
    return numbered(blocks_of(sources, languages, key, judge))


def blocks_of(
    sources: Sequence[Source], languages: tuple[str, ...], key: bytes, judge: roles.Judge | None = None
) -> pd.DataFrame:
    """Return the passages before they have an id, with the name that each is signed with; see `Captured`."""
    rows = [row for source in sources for row in _rows(source, languages, key, judge)]
    columns = [*(name for name in TABLES["passages"].columns if name != "passage_id"), "signed"]
    return pd.DataFrame(rows, columns=columns)


def numbered(said: pd.DataFrame) -> pd.DataFrame:
    """Return the table of passages: an id for each, by its words and how often they came before."""
    seen: Counter[str] = Counter()
    ids = []
    for text in said["text"]:
        ids.append(content_id("p", text, seen[text]))
        seen[text] += 1
    return said.assign(passage_id=ids)[list(TABLES["passages"].columns)]


def _rows(source: Source, languages: tuple[str, ...], key: bytes, judge: roles.Judge | None) -> list[dict[str, object]]:
    document = source.document
    blocks = [replace(block, tag=language_code(block.tag)) for block in document.blocks]
    assigned = roles.assign(lines_of(document), document.is_page, judge)
    blocks, assigned = with_lists(document.text, blocks, assigned)
    texts = [document.text[block.start : block.end] for block in blocks]
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
            "signed": block.voice if pseudonym(block.voice, key) else "",
        }
        for block, text, role, (language, score) in zip(blocks, texts, assigned, spoken, strict=True)
    ]


def lines_of(document: Document) -> list[roles.Line]:
    """Return the blocks as the rules see them; where a byline was taken out right above one, its name stands there."""
    ends = [0, *(block.end for block in document.blocks)]
    return [
        roles.Line(
            document.text[block.start : block.end],
            block.hint,
            block.voice is not None,
            block.voice is not None and block.hint == "text" and bool(document.text[end : block.start].strip()),
        )
        for end, block in zip(ends, document.blocks, strict=False)
    ]


def with_lists(text: str, blocks: Sequence[Block], assigned: Sequence[str]) -> tuple[list[Block], list[str]]:
    """Join a list to the comment that announces it: a comment that ends in a colon, with bullets right below it."""
    joined: list[Block] = []
    found: list[str] = []
    announced = False
    for block, role in zip(blocks, assigned, strict=True):
        is_comment = role == roles.COMMENT
        if announced and is_comment and block.hint == "bullet" and text.count("\n", joined[-1].end, block.start) == 1:
            joined[-1] = replace(joined[-1], end=block.end)
            continue
        announced = is_comment and block.hint == "text" and text[block.end - 1] in ":："
        joined.append(block)
        found.append(role)
    return joined, found


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
    return folded if len(folded) == 2 else language_names().get(fold(tag).split(" ")[0] if fold(tag) else "")


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
