"""`glosa code ui`: a page on this machine in which one sheet is coded with the keyboard.

Every change is appended to a journal beside the sheet and synced to the disk, then the sheet is written anew (beside
its place, then renamed), and only then is the page told that it is saved. What a killed program left in the journal
alone is put into the sheet when it starts again; the address stays the same, so a page that is still open sends what
it kept, in order. Beside `<round>-<coder>.csv` stand `.<round>-<coder>.journal.jsonl` and `.<round>-<coder>.lock`.
"""

from __future__ import annotations

import base64
import contextlib
import errno
import hashlib
import hmac
import json
import os
import re
import secrets
import socketserver
import sys
import threading
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import resources
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from pipeline.coded import headings, rounds, words
from pipeline.coded.headings import GIVEN, NOTE, RECOMMENDATION, theme_column
from pipeline.coded.problems import Problem, refuse
from pipeline.coded.tables import Grid
from pipeline.errors import GlosaError
from pipeline.estimates import ALL, OTHER
from pipeline.readers import delimited
from pipeline.readers.decoding import decode
from pipeline.readers.document import UnreadableError, normalize
from pipeline.study import Codebook, Study

HOST = "127.0.0.1"
LANGUAGES = ("en", "es", "pt")
MAX_NOTE = 10_000
_MAX_BODY = 8_000_000
_UNDOABLE = 1_000
_BOM = b"\xef\xbb\xbf"
_YES, _NO, _MARK = "yes", "no", "x"
_GUARDED = re.compile(r"'+[=+\-@\t\r]")
_TOKEN = re.compile(r"[\w-]{32}", re.ASCII)
_FORMULA = re.compile(r"'*[=+\-@\t\r]")

Cells = dict[str, str]


class RefusedError(Exception):
    """A change that can't be taken: `reason` is a key of the page's strings."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason, self.detail = reason, detail


class Change(BaseModel):
    """Cells of one unit as they shall be; `was` is filled in by the desk, `undoes` names the changes taken back."""

    model_config = ConfigDict(strict=True, extra="ignore")

    id: Annotated[str, Field(pattern=r"^[0-9a-zA-Z-]{1,64}$")]
    unit: str
    cells: Annotated[Cells, Field(min_length=1)]
    was: Cells = Field(default_factory=dict)
    undoes: list[str] = Field(default_factory=list)


_CHANGES = TypeAdapter(list[Change])


# ── the sheet ──────────────────────────────────────────────────────────────────────────────────────────────────────


class Sheet:
    """A coder's sheet as it stands in its file: cells stay as they are, except where a change says otherwise."""

    def __init__(self, rows: list[list[str]], header: headings.Header, separator: str, line_end: str) -> None:
        self._rows, self._header, self._separator, self._line_end = rows, header, separator, line_end
        width, column = len(rows[header.row]), header.places["unit_id"]
        below = range(header.row + 1, len(rows))
        for row in below:
            rows[row].extend([""] * (width - len(rows[row])))
        self._row_of = {cell: row for row in below if (cell := rows[row][column].strip())}

    @property
    def units(self) -> tuple[str, ...]:
        """The units in the order of the rows."""
        return tuple(self._row_of)

    def cell(self, unit: str, what: str) -> str:
        """Return a cell, without its guard against formulas; empty where the sheet has no such column."""
        place = self._header.places.get(what)
        cell = self._rows[self._row_of[unit]][place] if place is not None else ""
        return cell[1:] if what not in (RECOMMENDATION, OTHER) and _GUARDED.match(cell) else cell

    def put(self, unit: str, what: str, value: str) -> None:
        """Set a cell; a note that a spreadsheet would run as a formula is guarded by an apostrophe."""
        guarded = f"'{value}" if _FORMULA.match(value) else value
        self._rows[self._row_of[unit]][self._header.places[what]] = guarded

    def has(self, unit: str, what: str) -> bool:
        """Whether there are such a row and such a column."""
        return unit in self._row_of and what in self._header.places

    def to_bytes(self) -> bytes:
        """Return the file: UTF-8 with a byte-order mark, separator and line ends as they were read."""
        lines = (self._separator.join(map(self._field, row)) + self._line_end for row in self._rows)
        return _BOM + "".join(lines).encode("utf-8", "replace")

    def _field(self, cell: str) -> str:
        """Quote a cell where it must be, and where it starts with a space, which readers else skip."""
        plain = not cell.startswith(" ") and not any(char in cell for char in (self._separator, '"', "\n", "\r"))
        return cell if plain else '"' + cell.replace('"', '""') + '"'


def read_sheet(file: Path, codebook: Codebook) -> Sheet:
    """Read a sheet; raise `GlosaError` with every row and column that can't be understood."""
    content = _content(file)
    try:
        rows, separator = delimited.split(decode(content)[0])
    except UnreadableError as error:
        raise GlosaError(
            file, f"it can't be read: {error.detail}.", "a sheet as `glosa code sheet` writes it.",
            "Put the file back, or save it as CSV in UTF-8.",
        ) from None  # fmt: skip
    while rows and not any(rows[-1]):
        rows.pop()
    header = headings.of_sheet(Grid(rows), codebook)
    needed = ("unit_id", "text", *_fillable(codebook))
    missing = [name for name in needed if header is None or name not in header.places]
    if header is None or missing:
        raise GlosaError(
            file, f"no column is called {', '.join(missing)}.", f"the columns {', '.join(needed)}.",
            "Put the header back as `glosa code sheet` wrote it.",
        )  # fmt: skip
    sheet = Sheet(rows, header, separator, "\r\n" if b"\r\n" in content else "\n")
    found = [*header.problems, *_unclear(Grid(rows), header, codebook)]
    refuse(file, found, "one row per unit; marks such as x, 1, yes, or nothing.", "Correct these cells in the sheet.")
    return sheet


def _fillable(codebook: Codebook) -> tuple[str, ...]:
    """Return the columns that a coder fills in."""
    return (RECOMMENDATION, *map(theme_column, codebook.ids), OTHER, NOTE)


def _content(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except FileNotFoundError:
        raise GlosaError(
            file, "there is no such sheet.", "a sheet that `glosa code sheet` has written.", "Check the name."
        ) from None
    except OSError as error:
        raise GlosaError(
            file, f"it can't be opened ({error.strerror}).", "a sheet that can be read and written.",
            "Close it in other programs, or check its permissions.",
        ) from None  # fmt: skip


def _unclear(grid: Grid, header: headings.Header, codebook: Codebook) -> Iterator[Problem]:
    """Yield rows that name no unit or one that stood before, and cells that say neither yes nor no."""
    seen: dict[str, int] = {}
    marked = headings.mark_names(codebook)
    for row in range(header.row + 1, len(grid.rows)):
        unit, number = grid.cell(row, header.places["unit_id"]), grid.number(row)
        if not any(grid.rows[row]):
            continue
        if not unit or unit in seen:
            what = f"the unit stands in row {seen[unit]} as well" if unit else "no unit_id"
            yield Problem(number, header.name("unit_id"), what)
        seen.setdefault(unit, number)
        for name, called in marked.items():
            cell = grid.cell(row, header.places[name])
            try:
                words.mark(cell, called)
            except words.NoMarkError:
                yield Problem(number, header.name(name), f"{cell[:40]!r} is neither a yes nor a no")


# ── the journal ────────────────────────────────────────────────────────────────────────────────────────────────────


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


# ── the desk ───────────────────────────────────────────────────────────────────────────────────────────────────────


class Desk:
    """One sheet on which one coder works: takes changes, keeps them, and tells the page how things stand."""

    def __init__(self, study: Study, file: Path, language: str = "") -> None:
        self.study, self.file = study, file
        self._language = _interface_language(language or study.languages[0])
        self._guard = threading.RLock()
        self._seen = _signature(file)
        self._sheet = read_sheet(file, study.codebook)
        self._journal = Journal(_beside(file, ".journal.jsonl"))
        self._known = {change.id for change in self._journal.changes}
        self._version = 0
        self._merge(self._journal.pending)
        self._save()

    def state(self) -> dict[str, Any]:
        """Return all that the page shows: strings, codebook, units with their cells, what can be undone."""
        with self._guard:
            self._look()
            codebook = self.study.codebook
            units = [{"id": unit, **self._given(unit), "cells": self._shown(unit)} for unit in self._sheet.units]
            return {
                "sheet": self.file.stem,
                "language": self._language,
                "strings": strings(self._language),
                "independent": self.study.settings.units.eligible == ALL,
                "themes": [{**t.model_dump(mode="json"), "column": theme_column(t.id)} for t in codebook.themes],
                "units": units,
                "history": list(self._history()),
                "version": self._version,
                "behind": bool(self._journal.pending),
            }

    def record(self, changes: Sequence[Change]) -> dict[str, Any]:
        """Keep changes, in order; those that were kept before (an answer got lost) are passed over.

        Raises `RefusedError` for a change that can't be taken, `OSError` where the journal can't be written; nothing of
        `changes` is kept then. A sheet that can't be written at the moment is no error: the journal holds the change.
        """
        with self._guard:
            self._look()
            before = self._version
            fresh = self._prepared(changes)
            if fresh:
                self._journal.append(fresh)
                self._known.update(change.id for change in fresh)
                self._version += len(fresh)
                for change in fresh:
                    for what, value in change.cells.items():
                        self._sheet.put(change.unit, what, value)
            self._save()
            return {"before": before, "version": self._version, "behind": bool(self._journal.pending)}

    def close(self) -> None:
        """Write what is not in the sheet yet, and close the journal."""
        with self._guard:
            self._save()
            self._journal.close()

    def _prepared(self, changes: Sequence[Change]) -> list[Change]:
        """Return the changes that are new, each with what its cells were before it."""
        fresh: dict[str, Change] = {}
        planned: dict[tuple[str, str], str] = {}
        for change in changes:
            if change.id in self._known or change.id in fresh:
                continue
            cells = {what: self._checked(change.unit, what, value) for what, value in change.cells.items()}
            places = [(change.unit, what) for what in cells]
            was = {place[1]: planned.get(place, self._sheet.cell(*place)) for place in places}
            planned.update(zip(places, cells.values(), strict=True))
            fresh[change.id] = change.model_copy(update={"cells": cells, "was": was})
        return list(fresh.values())

    def _checked(self, unit: str, what: str, value: str) -> str:
        """Return a value as the sheet takes it, or raise `RefusedError`."""
        if what not in _fillable(self.study.codebook) or not self._sheet.has(unit, what):
            raise RefusedError("unknown_place", f"{unit} {what}"[:200])
        if what == NOTE:
            if len(value) > MAX_NOTE:
                raise RefusedError("too_long", f"{len(value):,} > {MAX_NOTE:,}")
            return _plain(value)
        if value not in ("", *((_YES, _NO) if what == RECOMMENDATION else (_MARK,))):
            raise RefusedError("unknown_value", f"{what} = {value!r}"[:200])
        return value

    def _look(self) -> None:
        """Take in what another program has made of the sheet meanwhile; a sheet that is gone is written again."""
        seen = _signature(self.file)
        if seen is None or seen == self._seen:
            return
        try:
            self._sheet = read_sheet(self.file, self.study.codebook)
        except GlosaError as error:
            raise RefusedError("unreadable", f"{self.file.name}: {error.found}") from None
        self._seen = seen
        self._version += 1
        self._merge(self._journal.pending)

    def _merge(self, changes: Iterable[Change]) -> None:
        """Put kept changes into a sheet that may lack them, save where somebody has since changed the cell."""
        for change in changes:
            for what, value in change.cells.items():
                if self._sheet.has(change.unit, what) and self._sheet.cell(change.unit, what) == change.was.get(what):
                    self._sheet.put(change.unit, what, value)

    def _save(self) -> None:
        """Write the sheet beside its place and rename it; where that fails, the journal stays ahead of the sheet."""
        if not self._journal.pending and self.file.exists():
            return
        temporary = self.file.with_name(f".{self.file.name}.part")
        try:
            with temporary.open("wb") as out:
                out.write(self._sheet.to_bytes())
                out.flush()
                os.fsync(out.fileno())
            seen = _signature(temporary)
            temporary.replace(self.file)
            _sync_folder(self.file.parent)
        except OSError:
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)
            return
        self._seen = seen
        self._journal.settle()

    def _given(self, unit: str) -> Cells:
        return {what: self._sheet.cell(unit, what) for what in GIVEN if what in ("language", "before", "text", "after")}

    def _shown(self, unit: str) -> Cells:
        """Return the cells to fill in as the page writes them itself, whatever mark a person had used."""
        names = headings.mark_names(self.study.codebook)
        marks = {what: words.mark(normalize(self._sheet.cell(unit, what)), called) for what, called in names.items()}
        advises = marks.pop(RECOMMENDATION)
        if advises is None and all(mark is False for mark in marks.values()):
            advises = False
        recommendation = "" if advises is None else _YES if advises else _NO
        shown = {what: _MARK if mark else "" for what, mark in marks.items()}
        return {RECOMMENDATION: recommendation, **shown, NOTE: self._sheet.cell(unit, NOTE)}

    def _history(self) -> Iterator[dict[str, Any]]:
        """Yield the changes that can be undone, oldest first: the last ones, as far as the sheet still shows them."""
        undone = {undone for change in self._journal.changes for undone in change.undoes}
        now: dict[tuple[str, str], str] = {}
        kept: list[Change] = []
        for change in reversed(self._journal.changes):
            if change.undoes or change.id in undone:
                continue
            places = {what: (change.unit, what) for what in change.cells}
            if len(kept) == _UNDOABLE or not all(self._sheet.has(*place) for place in places.values()):
                break
            if any(now.get(place, self._sheet.cell(*place)) != change.cells[w] for w, place in places.items()):
                break
            now.update({place: change.was.get(what, "") for what, place in places.items()})
            kept.append(change)
        for change in reversed(kept):
            was = {what: self._as_shown(what, cell) for what, cell in change.was.items()}
            yield {"unit": change.unit, "cells": change.cells, "was": was, "ids": [change.id]}

    def _as_shown(self, what: str, cell: str) -> str:
        if what == NOTE:
            return cell
        mark = words.mark(normalize(cell), headings.mark_names(self.study.codebook)[what])
        yes, no = (_YES, _NO) if what == RECOMMENDATION else (_MARK, "")
        return "" if mark is None else yes if mark else no


def _beside(file: Path, suffix: str) -> Path:
    """Return the hidden file that goes with a sheet."""
    return file.with_name(f".{file.stem}{suffix}")


def _signature(file: Path) -> tuple[int, int, int] | None:
    """Return what changes when somebody writes a file, None where there is no file."""
    try:
        found = file.stat()
    except FileNotFoundError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


def _sync_folder(folder: Path) -> None:
    """Make a rename last through a power cut, where the system can."""
    if sys.platform == "win32":
        return
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _plain(text: str) -> str:
    r"""Return a note with `\n` line ends and without control characters."""
    return "".join(c if c >= " " or c in "\n\t" else " " for c in re.sub("\r\n?", "\n", text).replace("\x7f", " "))


def _interface_language(language: str) -> str:
    return language if language in LANGUAGES else LANGUAGES[0]


@cache
def strings(language: str) -> Mapping[str, str]:
    """Return the strings of the page in one of `LANGUAGES`."""
    file = resources.files("pipeline.coded") / "strings" / f"{language}.toml"
    found: Mapping[str, str] = tomllib.loads(file.read_text(encoding="utf-8"))
    return found


# ── one program per sheet ──────────────────────────────────────────────────────────────────────────────────────────


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


# ── the server ─────────────────────────────────────────────────────────────────────────────────────────────────────


@cache
def _page() -> tuple[bytes, str]:
    """Return the page, and the policy that lets it run its own script and style and nothing else."""
    text = (resources.files("pipeline.coded") / "ui.html").read_text(encoding="utf-8")
    allowed = {
        tag: " ".join(map(_digest, re.findall(f"<{tag}>(.*?)</{tag}>", text, re.S))) for tag in ("script", "style")
    }
    policy = (
        f"default-src 'none'; script-src {allowed['script']}; style-src {allowed['style']}; connect-src 'self'; "
        "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'"
    )
    return text.encode(), policy


def _digest(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


class Server(ThreadingHTTPServer):
    """Serves one desk on 127.0.0.1, under an address that holds a secret."""

    daemon_threads = True
    # Elsewhere this lets a restart take over the port at once; on Windows it would let two programs share it.
    allow_reuse_address = sys.platform != "win32"

    def __init__(self, desk: Desk, lock: Lock, port: int = 0, token: str = "") -> None:
        self.desk, self._lock = desk, lock
        self.token = token or secrets.token_urlsafe(24)
        super().__init__((HOST, port), _Handler)
        lock.sign(pid=os.getpid(), port=self.port, token=self.token, url=self.url)

    @property
    def port(self) -> int:
        """The port on which the server listens."""
        return int(self.server_address[1])

    @property
    def url(self) -> str:
        """The address of the page."""
        return f"http://{HOST}:{self.port}/{self.token}/"

    def server_bind(self) -> None:
        """Bind without asking a name server for this machine's name."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = HOST, self.port

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Pass over pages that went away; report the rest."""
        if not isinstance(sys.exception(), ConnectionError | TimeoutError):
            super().handle_error(request, client_address)

    def finish(self) -> None:
        """Stop listening, write what is open, give the lock back."""
        self.server_close()
        self.desk.close()
        self._lock.release()


class _Handler(BaseHTTPRequestHandler):
    """Answers three requests: the page, its state, and changes."""

    server: Server
    server_version, sys_version = "glosa", ""
    timeout = 30

    def do_GET(self) -> None:
        """Send the page or the state."""
        asked = self._asked()
        if asked == "":
            self._send(200, "text/html; charset=utf-8", _page()[0])
        elif asked == "state":
            self._answer(self.server.desk.state)
        elif asked is not None:
            self._send_json(404, {"error": "not_found"})

    def do_POST(self) -> None:
        """Take changes."""
        body = self._body()
        asked = self._asked()
        if asked is None:
            return
        origin = self.headers.get("Origin")
        if origin is not None and origin != f"http://{self.headers['Host']}":
            self._send_json(403, {"error": "forbidden"})
        elif asked != "changes":
            self._send_json(404, {"error": "not_found"})
        elif body is None:
            self._send_json(413, {"error": "bad_request", "detail": "Content-Length"})
        elif self.headers.get_content_type() != "application/json":
            self._send_json(415, {"error": "bad_request", "detail": "Content-Type"})
        else:
            self._answer(lambda: self.server.desk.record(_parsed(body)))

    def _body(self) -> bytes | None:
        """Read the body before anything is judged, so that a refusal is heard; None where its length isn't told."""
        length = self.headers.get("Content-Length", "")
        if not re.fullmatch("[0-9]{1,9}", length) or int(length) > _MAX_BODY:
            return None
        return self.rfile.read(int(length))

    def send_error(self, code: int, *_: Any) -> None:
        """Answer in a word where the standard library would send a page."""
        self._send_json(code, {"error": "bad_request"})

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002, RUF100
        """Stay silent: the command line prints what there is to say."""

    def _asked(self) -> str | None:
        """Return what is asked for below the secret; None, and a refusal sent, where host or secret are wrong."""
        hosts = self.headers.get_all("Host") or []
        known = {f"{name}:{self.server.port}" for name in (HOST, "localhost")}
        parts = self.path.split("?", 1)[0].split("/", 2)
        token = parts[1] if len(parts) == 3 else ""
        right = hmac.compare_digest(token.encode("utf-8", "replace"), self.server.token.encode())
        if len(hosts) == 1 and hosts[0] in known and right:
            return parts[2]
        self._send_json(403, {"error": "forbidden"})
        return None

    def _answer(self, ask: Callable[[], dict[str, Any]]) -> None:
        try:
            self._send_json(200, ask())
        except RefusedError as error:
            self._send_json(409, {"error": error.reason, "detail": error.detail})
        except OSError as error:
            self._send_json(500, {"error": "disk", "detail": error.strerror or str(error)})

    def _send_json(self, status: int, value: Mapping[str, Any]) -> None:
        self._send(
            status, "application/json; charset=utf-8", json.dumps(value, ensure_ascii=False).encode("utf-8", "replace")
        )

    def _send(self, status: int, kind: str, content: bytes) -> None:
        headers = {
            "Content-Type": kind,
            "Content-Length": str(len(content)),
            "Content-Security-Policy": _page()[1],
            "Cache-Control": "no-store",
            "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff",
            "X-Frame-Options": "DENY",
            "Cross-Origin-Opener-Policy": "same-origin",
            "Cross-Origin-Resource-Policy": "same-origin",
        }
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)


def _parsed(body: bytes) -> list[Change]:
    """Return the changes of a request `{"changes": […]}`; raise `RefusedError` where it says something else."""
    try:
        value = json.loads(body)
        # Half a surrogate pair is no text that a file could hold.
        whole = json.loads(json.dumps(value, ensure_ascii=False).encode("utf-8", "replace"))
        return _CHANGES.validate_python(whole["changes"])
    except ValidationError as error:
        raise RefusedError("bad_request", str(error.errors()[0]["loc"])) from None
    except (ValueError, TypeError, KeyError, RecursionError):
        raise RefusedError("bad_request", "JSON") from None


# ── for the command line ───────────────────────────────────────────────────────────────────────────────────────────


def find_sheet(study: Study, name: str = "") -> Path:
    """Return the sheet of this name (`round-1-ana`, or a path); with no name, the only one there is.

    Raises `GlosaError` that lists the sheets where there is none of this name, or several to choose from.
    """
    folder = rounds.folder(study) / "sheets"
    found = sorted(folder.glob("[!.]*.csv"))
    named = Path(name) if Path(name).suffix.lower() == ".csv" else Path(f"{name}.csv")
    chosen = [file for file in (named, folder / named.name) if name and file.is_file()] or ([] if name else found)
    if (name and chosen) or len(chosen) == 1:
        return chosen[0].resolve()
    there = ", ".join(file.stem for file in found) or "none yet; `glosa code sheet` writes them"
    what = f"{name} is no CSV sheet of this study." if name else f"{len(found)} sheets." if found else "no sheet."
    raise GlosaError(folder, what, f"the name of one sheet ({there}).", "Name one of them.")


def start(study: Study, name: str = "", *, language: str = "", port: int = 0) -> Server:
    """Open a sheet and listen; `serve_forever` answers, `finish` writes what is open and gives the sheet back.

    Args:
        study: whose sheet it is.
        name: of the sheet, as in `find_sheet`.
        language: of the page; where it is none of `LANGUAGES`, English. Empty: the study's first language.
        port: to listen on; 0 means the one this sheet had before, or else a free one.

    Raises `GlosaError` where another program has the sheet, where it can't be read, or where `port` is taken.
    """
    file = find_sheet(study, name)
    try:
        lock = Lock(_beside(file, ".lock"))
        try:
            return _listen(Desk(study, file, language), lock, port)
        except BaseException:
            lock.release()
            raise
    except OSError as error:
        raise GlosaError(
            file.parent, f"no lock or journal can be kept here ({error.strerror}).", "a folder that can be written.",
            "Check its permissions and the room on the disk.",
        ) from None  # fmt: skip


def run(
    study: Study,
    name: str = "",
    *,
    say: Callable[[str], None],
    language: str = "",
    port: int = 0,
    browser: bool = True,
) -> None:
    """Serve a sheet until Ctrl+C: `say` gets the lines to print; with `browser`, the page is opened. See `start`."""
    server = start(study, name, language=language, port=port)
    say(f"Coding {server.desk.file.name} in {server.url}\nEvery change is saved at once. Ctrl+C ends it.")
    if browser:
        import webbrowser

        threading.Thread(target=webbrowser.open, args=(server.url,), daemon=True).start()
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        pass
    finally:
        server.finish()
    say(f"Saved in {server.desk.file}\nNext:  glosa code import {server.desk.file}")


def _listen(desk: Desk, lock: Lock, port: int) -> Server:
    """Listen on the port that is asked for, or where the program before this one did, or on a free one."""
    before, token = lock.left.get("port"), lock.left.get("token")
    if isinstance(before, int) and 0 < before < 65_536 and isinstance(token, str) and _TOKEN.fullmatch(token):
        with contextlib.suppress(OSError):
            if port in (0, before):
                return Server(desk, lock, before, token)
    try:
        return Server(desk, lock, port)
    except (OSError, OverflowError) as error:
        raise GlosaError(
            f"--port {port}", f"this port can't be used ({error}).", "a free port from 1024 to 65535, or none.",
            "Leave --port out: a free one is found.",
        ) from None  # fmt: skip
