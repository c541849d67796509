"""What of a study can be removed: all that runs have made, or everything but its settings; and the record of it.

Nothing outside the study's folder is ever touched: a link is taken away, what it leads to stays.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from pipeline import forgotten, manifest
from pipeline.coded import journal, rounds
from pipeline.errors import GlosaError
from pipeline.stages import STAGES
from pipeline.study import Study

RECORD = "PURGED.toml"
_MADE = (
    "theme_report*", "explorer*", "results.json", "figures/**/*", "tables/**/*", "packs/**/*", "exports/**/*",
    "public/**/*", "restricted/**/*",
)  # fmt: skip
_HEADER = (
    "# What `glosa purge` has removed from this study, by folder. No name of a file and nothing it held is kept.\n"
)


def derived(study: Study) -> list[Path]:
    """Return every file that runs have made: tables, reports, caches, and journals that their sheets hold."""
    folders = (study.processed, study.reports, study.state)
    return [*(path for folder in folders for path in files_in(study, folder)), *_settled_journals(study)]


def everything(study: Study) -> list[Path]:
    """Return the same, and with it the captures, people's work, the tombstones and the voice key."""
    data = study.root / "data"
    files = [path for name in ("raw", "coded", "audit") for path in files_in(study, data / name)]
    alone = [path for path in (study.root / forgotten.FILE, study.root / "voice.key") if path.is_file()]
    return sorted({*derived(study), *files, *alone})


def made(study: Study) -> list[Path]:
    """Return what holds words of the captures: tables, Glosa's reports, vectors, the contributors' names."""
    outputs = {name for stage in STAGES for name in stage.writes} | set(manifest.read(study).get("outputs", {}))
    listed = [study.root / name for name in outputs]
    shown = [path for pattern in _MADE for path in study.reports.glob(pattern)]
    state = [*study.state.glob("vectors.sqlite*"), study.state / "names.json"]
    inside = {*files_in(study, study.processed), *files_in(study, study.reports), *files_in(study, study.state)}
    return sorted({*listed, *shown, *state, *files_in(study, study.processed)} & inside)


def files_in(study: Study, folder: Path) -> list[Path]:
    """Return the files and links below a folder; raise `GlosaError` where the folder itself leads out of the study."""
    if not folder.resolve().is_relative_to(study.root):
        raise GlosaError(
            folder, f"it leads out of the study, to {folder.resolve()}.", "a folder inside the study.",
            "Remove what is there by hand, and then the link.",
        )  # fmt: skip
    return sorted(_walk(folder))


def remove(study: Study, paths: Iterable[Path]) -> int:
    """Remove files and links, and the folders that are then empty; return how many files went."""
    count = 0
    parents: set[Path] = set()
    for path in paths:
        path.unlink(missing_ok=True)
        parents.update(parent for parent in path.parents if parent.is_relative_to(study.root))
        count += 1
    kept = {study.root, *(study.root / name for name in ("data", "data/raw", "data/coded", "reports"))}
    for folder in sorted(parents - kept, key=lambda p: -len(p.parts)):
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()
    return count


def record(study: Study, paths: Iterable[Path], date: str) -> Path:
    """Add to the study's record what is removed: counts and bytes by folder; return the record."""
    files, sizes = Counter[str](), Counter[str]()
    for path in paths:
        folder = top(study, path)
        files[folder] += 1
        sizes[folder] += path.lstat().st_size
    rows = [f"{json.dumps(name)} = {{ files = {files[name]}, bytes = {sizes[name]} }}" for name in sorted(files)]
    file = study.root / RECORD
    old = file.read_text(encoding="utf-8") if file.is_file() else _HEADER
    entry = "\n".join(["", "[[purged]]", f'date = "{date}"', "", "[purged.removed]", *rows, ""])
    rounds.write({file: (old + entry).encode()})
    return file


def top(study: Study, path: Path) -> str:
    """Return the part of a study that a file belongs to, such as `data/raw`; of a file at the top, its name."""
    parts = path.relative_to(study.root).parts
    return "/".join(parts[:2] if parts[0] == "data" else parts[:1])


def _walk(folder: Path) -> Iterator[Path]:
    for place, folders, names in os.walk(folder):
        here = Path(place)
        yield from (here / name for name in folders if (here / name).is_symlink())
        yield from (here / name for name in names)


def _settled_journals(study: Study) -> Iterator[Path]:
    """Yield journals, with their locks, that hold nothing which isn't in a sheet and which no program has open."""
    for file in sorted((rounds.folder(study) / "sheets").glob(".*.journal.jsonl")):
        lock = file.with_name(file.name.replace(".journal.jsonl", ".lock"))
        try:
            held = journal.Lock(lock)
        except GlosaError:
            continue
        try:
            opened = journal.Journal(file)
            settled = not opened.pending
            opened.close()
        finally:
            held.release()
        if settled:
            yield from (file, lock)
