"""What stands beside a sheet while it is coded: a journal of every change, and a lock that one program holds.

Beside `<round>-<coder>.csv` these are `.<round>-<coder>.journal.jsonl` and `.<round>-<coder>.lock`.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from pipeline.errors import GlosaError

Cells = dict[str, str]


class Change(BaseModel):
    """Cells of one unit as they shall be; `was` is filled in by the desk, `undoes` names the changes taken back."""

    model_config = ConfigDict(strict=True, extra="ignore")

    id: Annotated[str, Field(pattern=r"^[0-9a-zA-Z-]{1,64}$")]
    unit: str
    cells: Annotated[Cells, Field(min_length=1)]
    was: Cells = Field(default_factory=dict)
    undoes: list[str] = Field(default_factory=list)


class Journal:
    """Every change in order, one JSON object per line, and how many of them the sheet is known to hold."""

    def __init__(self, file: Path) -> None:
        self.changes: list[Change] = []
        self._in_sheet = 0
        self._handle = os.open(file, os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0), 0o600)
        content = _read_all(self._handle)
        for line in content.split(b"\n"):
            self._take(line)
        if content and not content.endswith(b"\n"):
            self._write(b"\n")

    @property
    def pending(self) -> list[Change]:
        """The changes that may not be in the sheet yet."""
        return self.changes[self._in_sheet :]

    def append(self, changes: Sequence[Change]) -> None:
        """Add changes and sync them to the disk; raise `OSError`, the journal as it was, where that fails."""
        self._write("".join(f"{change.model_dump_json()}\n" for change in changes).encode())
        self.changes.extend(changes)

    def settle(self) -> None:
        """Note that the sheet holds all changes. Not synced: a note that is lost costs only another look."""
        with contextlib.suppress(OSError):
            self._write(json.dumps({"in_sheet": len(self.changes)}).encode() + b"\n", sync=False)
        self._in_sheet = len(self.changes)

    def close(self) -> None:
        """Close the file."""
        os.close(self._handle)

    def _take(self, line: bytes) -> None:
        """Read one line; one that was cut off was never answered for, and is passed over."""
        try:
            value = json.loads(line)
            if "in_sheet" in value:
                self._in_sheet = min(int(value["in_sheet"]), len(self.changes))
            else:
                self.changes.append(Change.model_validate(value))
        except (ValueError, TypeError):
            return

    def _write(self, content: bytes, sync: bool = True) -> None:
        size = os.fstat(self._handle).st_size
        try:
            view = memoryview(content)
            while view:
                view = view[os.write(self._handle, view) :]
            if sync:
                os.fsync(self._handle)
        except OSError:
            os.ftruncate(self._handle, size)
            raise


def _read_all(handle: int) -> bytes:
    os.lseek(handle, 0, os.SEEK_SET)
    return b"".join(iter(lambda: os.read(handle, 1 << 20), b""))


class Lock:
    """The lock on a sheet: held by the system as long as this program lives, so a dead program leaves none.

    The file says who holds it, and under which address, which the next program takes over.
    """

    def __init__(self, file: Path) -> None:
        flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0)
        self._handle = os.open(file, flags, 0o600)
        self.left = self._read()
        try:
            _hold(self._handle)
        except OSError as error:
            os.close(self._handle)
            if error.errno not in (errno.EAGAIN, errno.EACCES, errno.EDEADLK):
                raise
            pid, where = self.left.get("pid", "unknown"), self.left.get("url", "the address it has printed")
            raise GlosaError(
                file, f"another program (process {pid}) has this sheet open.", "one program per sheet.",
                f"Go on in its page, {where}, or end it (Ctrl+C in its terminal) and try again.",
            ) from None  # fmt: skip

    def sign(self, **values: str | int) -> None:
        """Write who holds the lock."""
        os.ftruncate(self._handle, 0)
        os.lseek(self._handle, 0, os.SEEK_SET)
        os.write(self._handle, json.dumps(values).encode() + b"\n")

    def release(self) -> None:
        """Give the lock back; the file stays, to lead the next program to the same address."""
        os.close(self._handle)

    def _read(self) -> dict[str, Any]:
        try:
            value = json.loads(_read_all(self._handle))
        except (ValueError, OSError):
            return {}
        return value if isinstance(value, dict) else {}


def _hold(handle: int) -> None:
    """Lock a file for this process until it closes it or ends; raise `OSError` where another process has it."""
    if sys.platform == "win32":
        import msvcrt

        os.lseek(handle, 1 << 30, os.SEEK_SET)
        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
    else:
        import fcntl

        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)


def beside(file: Path, suffix: str) -> Path:
    """Return the hidden file that goes with a sheet."""
    return file.with_name(f".{file.stem}{suffix}")
