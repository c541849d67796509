"""Where what is forgotten still stands when no run makes it any more: people's work, other files, the captures."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from pipeline import forgotten, readers, redaction, removal
from pipeline.captured import Captured, Source, is_forgotten, without
from pipeline.coded import journal, striking
from pipeline.coded.striking import Done, Struck
from pipeline.errors import GlosaError
from pipeline.forgotten import Memory
from pipeline.readers import UnreadableError, Wanted
from pipeline.stages import ingest
from pipeline.store import read_table
from pipeline.study import Study
from pipeline.wording import content_id, fold

_MAX_SCANNED = 20 * 2**20


@dataclass(frozen=True, eq=False)
class Scene:
    """The captures before and after.

    Attributes:
        everything: what the captures hold.
        before: the table of passages until now.
        after: what is left of them.
        memory: knows all who are forgotten, this time's included.
        gone: what is dropped this time, with the columns of `Captured.said`.
        written: the ways in which the name is written.
    """

    everything: Captured
    before: pd.DataFrame
    after: Captured
    memory: Memory
    gone: pd.DataFrame
    written: frozenset[str]

    @property
    def runs(self) -> frozenset[tuple[str, ...]]:
        """Five words in a row of what goes, by which it is known elsewhere."""
        return forgotten.runs(self.gone["text"])


# -- people's work ----------------------------------------------------------------------------------------------


def struck(study: Study, scene: Scene, left: Captured) -> Struck:
    """Return what goes from people's work, and which ids change because a text that stays held the name."""
    where = ["source_id", "start", "end"]
    new = ingest.numbered(scene.after.said).set_index(where)["passage_id"]
    places = scene.before.set_index("passage_id")[where]
    now_at = dict(zip(new.index, new, strict=True))
    was_at = {pid: tuple(place) for pid, *place in places.itertuples()}
    kept = {pid: now_at[place] for pid, place in was_at.items() if place in now_at}
    renamed = {old: now for old, now in kept.items() if old != now}
    gone = set(places.index) - kept.keys()
    voices = {v for v in scene.before.loc[scene.before["passage_id"].isin(gone), "voice"] if isinstance(v, str)} - set(
        scene.after.said["voice"].dropna()
    )
    staying = {fold(text) for text in scene.after.said["text"]}
    texts = {fold(text) for text in scene.gone["text"]}
    units, at = set[str](), set[striking.Place]()
    if (study.processed / "units.parquet").is_file():
        files = {source.source_id: source.file for source in left.sources}
        now = {source.source_id: source.document.text for source in scene.after.sources}
        for unit in read_table(study.processed / "units.parquet", "units").itertuples():
            if unit.passage_id not in places.index:
                continue
            source_id, start, _ = places.loc[unit.passage_id]
            if unit.passage_id in gone:
                units.add(unit.unit_id)
                at.add((files[source_id], str(unit.start), str(unit.end)))
                texts.add(fold(unit.text))
                continue
            text = now[source_id][unit.start : unit.end]
            staying.add(fold(text))
            again = content_id("u", kept[unit.passage_id], unit.start - start, text)
            if again != unit.unit_id:
                renamed[unit.unit_id] = again
    ids = frozenset({*gone, *units, *voices})
    cleaned = _cleaner(scene.memory)
    return Struck(ids, frozenset(at), frozenset(texts - staying - {""}), renamed, cleaned)


def _cleaner(memory: Memory) -> Callable[[str], str]:
    def cleaned(text: str) -> str:
        return forgotten.blanked(text, memory.name_spans(text))

    return cleaned


def peoples_work(study: Study, struck: Struck) -> Iterator[tuple[Path, Done]]:
    """Yield every file of people's work with its new content; raise `GlosaError` where a sheet is open."""
    for path in _data_of_people(study):
        if path.name.endswith(".lock"):
            journal.Lock(path).release()
        elif path.name.endswith(".journal.jsonl"):
            yield path, striking.journal(path.read_bytes(), struck)
        elif path.suffix.lower() in {".csv", ".tsv"}:
            done = striking.table(path.read_bytes(), struck)
            if done is not None:
                yield path, done
        elif path.suffix.lower() == ".xlsx" and not path.name.startswith("~"):
            try:
                yield path, striking.workbook(path.read_bytes(), struck)
            except Exception as error:
                raise GlosaError(
                    path, f"the workbook can't be opened ({type(error).__name__}).", "a workbook (XLSX).",
                    "Close it elsewhere, mend it, or move it out of data; then forget again.",
                ) from None  # fmt: skip


def _data_of_people(study: Study) -> list[Path]:
    """Return what people have put into `data`: codings, sheets, samples, audits, paraphrases and whatever else."""
    apart = {study.processed, study.raw}
    return [p for p in _files(study, "data") if not apart & set(p.parents) and p != study.root / forgotten.FILE]


def _files(study: Study, folder: str) -> list[Path]:
    return [path for path in removal.files_in(study, study.root / folder) if path.is_file() and not path.is_symlink()]


def by_hand(study: Study, scene: Scene, coded: Mapping[Path, Done]) -> Iterator[Path]:
    """Yield the files of people beside the captures that hold the name or words that go, and will not be changed."""
    reports = set(_files(study, "reports")) - set(removal.made(study))
    top = [path for path in sorted(study.root.iterdir()) if path.is_file() and path.name != "voice.key"]
    for path in [*_data_of_people(study), *_files(study, "notebooks"), *sorted(reports), *top]:
        content = coded[path].content if path in coded else path.read_bytes()
        text = _text(content, path) if len(content) <= _MAX_SCANNED else ""
        if forgotten.run_spans(text, scene.runs) or scene.memory.name_spans(text):
            yield path


def _text(content: bytes, path: Path) -> str:
    """Return the words of any file that can be read; of others none."""
    if path.suffix.lower() in {".docx", ".odt", ".xlsx", ".ods", ".pdf"}:
        try:
            return "\n".join(document.text for document in readers.read(content, path))
        except UnreadableError:
            return ""
    return content.decode("utf-8", "ignore")


# -- captures ---------------------------------------------------------------------------------------------------


def places(study: Study, scene: Scene) -> dict[Path, tuple[str, ...]]:
    """Return, for each capture that holds words that go, or the name, where they stand."""
    found = {}
    for path, sources in _captures(study, scene.everything):
        ids = [source.source_id for source in sources]
        where = [str(place) for place in scene.gone.loc[scene.gone["source_id"].isin(ids), "locator"]]
        named = any(scene.memory.name_spans(source.document.text) for source in sources)
        if where or named:
            found[path] = (*where, *(["the name"] if named else []))
    return found


def _captures(study: Study, everything: Captured) -> Iterator[tuple[Path, list[Source]]]:
    """Yield every capture with the sources in it; the same bytes under two names are two captures."""
    by_digest: dict[str, list[Source]] = {}
    for source in everything.sources:
        by_digest.setdefault(source.sha256, []).append(source)
    for path in study.captures():
        yield path, by_digest.get(hashlib.sha256(path.read_bytes()).hexdigest(), [])


def redacted(study: Study, scene: Scene) -> tuple[dict[Path, bytes], dict[Path, str]]:
    """Return new contents of the captures that hold what goes, and why others can't be redacted."""
    contents, reasons = dict[Path, bytes](), dict[Path, str]()
    standing = places(study, scene)
    for path, sources in _captures(study, scene.everything):
        if path not in standing:
            continue
        new = _redact(study, scene, path, sources)
        if isinstance(new, bytes):
            contents[path] = new
        else:
            reasons[path] = new
    return contents, reasons


def _redact(study: Study, scene: Scene, path: Path, sources: list[Source]) -> bytes | str:
    """Return a capture's content with blocks for what goes, or why it must be done by hand."""
    if path.suffix.lower() not in redaction.SUFFIXES:
        return f"a file of the kind {path.suffix} is not rewritten"
    read = redaction.decoded(path.read_bytes())
    if read is None:
        return "it is in an encoding other than UTF-8"
    text, codec = read
    ids = [source.source_id for source in sources]
    gone = scene.gone.loc[scene.gone["source_id"].isin(ids), "text"]
    names = {*scene.written, *scene.gone["signed"]}
    new = redaction.redacted(text, [*gone, *_bylines(scene, sources), *names])
    again = _read_again(study, new.encode(codec), path, sources)
    if again is None:
        return "it could not be read any more"
    kept = without(again, scene.memory).said
    same = ["role", "voice", "text"]
    expected = scene.after.said[scene.after.said["source_id"].isin(ids)]
    if kept[same].astype(object).fillna("").values.tolist() != expected[same].astype(object).fillna("").values.tolist():
        return "what others said would change with it"
    dropped = again.said[is_forgotten(again.said, scene.memory)]
    if not all(map(forgotten.is_blank, dropped["text"])):
        return "the words are not found in it as they were read"
    return new.encode(codec)


def _bylines(scene: Scene, sources: list[Source]) -> Iterator[str]:
    """Yield the lines of pages, beside the passages, that hold the name."""
    passages = scene.everything.said
    for source in sources:
        text, inside = source.document.text, passages[passages["source_id"] == source.source_id]
        spans = list(zip(inside["start"], inside["end"], strict=True))
        for start, end in scene.memory.name_spans(text):
            if not any(a < end and start < b for a, b in spans):
                first, last = text.rfind("\n", 0, start) + 1, text.find("\n", end)
                yield text[first : last if last >= 0 else len(text)]


def _read_again(study: Study, content: bytes, path: Path, sources: list[Source]) -> Captured | None:
    """Read a capture's new content as ingest would; None where that can't be done or gives other parts."""
    wanted = Wanted(**study.settings.ingest.model_dump())
    try:
        documents = list(map(ingest.with_voices, readers.read(content, path, wanted)))
    except UnreadableError:
        return None
    parts = {source.document.part: source for source in sources}
    if {document.part for document in documents} != parts.keys():
        return None
    read = [Source(parts[d.part].source_id, parts[d.part].file, "", len(content), d) for d in documents]
    return ingest.said_in(study, sorted(read, key=lambda source: source.source_id), [])
