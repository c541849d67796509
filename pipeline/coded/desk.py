"""One sheet on which one coder works: changes are taken, kept and put into the sheet; the page is told how it stands.

Every change is appended to the journal and synced to the disk, then the sheet is written anew (beside its place, then
renamed), and only then is it saved. What a killed program left in the journal alone is put into the sheet when it is
opened again.
"""

from __future__ import annotations

import contextlib
import os
import re
import sys
import threading
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from pipeline.coded import headings, words
from pipeline.coded.headings import GIVEN, NOTE, RECOMMENDATION, theme_column
from pipeline.coded.journal import Cells, Change, Journal, beside
from pipeline.coded.opened import fillable, read_sheet
from pipeline.errors import GlosaError
from pipeline.estimates import ALL
from pipeline.readers.document import normalize
from pipeline.study import Study

LANGUAGES = ("en", "es", "pt")
MAX_NOTE = 10_000
_UNDOABLE = 1_000
_YES, _NO, _MARK = "yes", "no", "x"


class RefusedError(Exception):
    """A change that can't be taken: `reason` is a key of the page's strings."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason, self.detail = reason, detail


class Desk:
    """One sheet on which one coder works: takes changes, keeps them, and tells the page how things stand."""

    def __init__(self, study: Study, file: Path, language: str = "") -> None:
        self.study, self.file = study, file
        self._language = _interface_language(language or study.languages[0])
        self._guard = threading.RLock()
        self._seen = _signature(file)
        self._sheet = read_sheet(file, study.codebook)
        self._journal = Journal(beside(file, ".journal.jsonl"))
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
        if what not in fillable(self.study.codebook) or not self._sheet.has(unit, what):
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
