"""Which files of `data/raw` are captures, and which are refused before anyone opens them, and why."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

MAX_BYTES = 256 * 2**20
_NOTES = frozenset({"readme.md", "readme.txt", "readme"})


@dataclass(frozen=True, slots=True)
class Refused:
    """A path that is not opened: a reason of `columns.REJECT_REASONS`, and a detail."""

    path: Path
    reason: str
    detail: str


def find(folder: Path) -> tuple[list[Path], list[Refused]]:
    """Return the captures below a folder, by name, and what is refused; hidden files and a README are neither."""
    files: list[Path] = []
    refused: list[Refused] = []
    for path in sorted(_walk(folder, refused)):
        problem = _problem(path, folder)
        if problem is None:
            files.append(path)
        else:
            refused.append(Refused(path, *problem))
    return files, sorted(refused, key=lambda found: found.path)


def _walk(folder: Path, refused: list[Refused]) -> Iterator[Path]:
    """Yield every entry that could be a capture; folders that are links are yielded, not entered."""

    def closed(error: OSError) -> None:
        refused.append(Refused(Path(error.filename), "unreadable", f"the folder can't be opened: {error.strerror}"))

    for place, folders, names in os.walk(folder, onerror=closed if folder.is_dir() else None):
        folders[:] = [name for name in folders if not name.startswith(".")]
        here = Path(place)
        yield from (here / name for name in folders if (here / name).is_symlink())
        yield from (here / name for name in names if not name.startswith(".") and name.lower() not in _NOTES)


def _problem(path: Path, folder: Path) -> tuple[str, str] | None:
    """Return (reason, detail) where a path can't be a capture, without opening it."""
    if not str(path).isprintable() and any("\ud800" <= char <= "\udfff" for char in str(path)):
        return "unreadable", "the name of the file is no valid UTF-8; rename it"
    try:
        target = path.resolve(strict=True)
        status = target.stat()
    except (OSError, RuntimeError) as error:  # a loop of links is a RuntimeError in Python 3.11
        return "unreadable", f"a link that leads nowhere, or no access ({type(error).__name__})"
    if path.is_symlink() and not target.is_relative_to(folder.resolve()):
        return "outside", "a link to a file outside data/raw; copy the file instead"
    if not stat.S_ISREG(status.st_mode):
        return "unreadable", "no regular file (a link to a folder, a pipe, a socket or a device)"
    if not os.access(target, os.R_OK):
        return "unreadable", "no permission to read the file"
    if status.st_size > MAX_BYTES:
        return "too_large", f"{status.st_size:,} bytes; at most {MAX_BYTES:,} are read. Split the file"
    return None
