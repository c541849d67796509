"""Which unit a row is about: by its id, by its place in a source, or by its words."""

from __future__ import annotations

from collections.abc import Collection

import pandas as pd

from pipeline.readers.document import normalize
from pipeline.wording import fold, trim


class UnknownUnitError(LookupError):
    """A row that is about no unit, or about more than one; says why, and which column to look at."""

    def __init__(self, column: str, what: str) -> None:
        super().__init__(what)
        self.column, self.what = column, what


class Units:
    """The units of a finished run, found by id, by place and by words."""

    def __init__(self, units: pd.DataFrame, sources: pd.DataFrame) -> None:
        self._text: dict[str, str] = dict(zip(units["unit_id"], units["text"], strict=True))
        self._sources: dict[str, list[str]] = {}
        for name, text in zip(sources["file"], sources["text"], strict=True):
            self._sources.setdefault(name, []).append(text)
        self._at: dict[tuple[int, int], list[str]] = {}
        self._exact: dict[str, list[str]] = {}
        self._folded: dict[str, list[str]] = {}
        for unit in units.itertuples():
            self._at.setdefault((unit.start, unit.end), []).append(unit.unit_id)
            self._exact.setdefault(_bare(unit.text), []).append(unit.unit_id)
            self._folded.setdefault(fold(unit.text), []).append(unit.unit_id)

    def __contains__(self, unit_id: str) -> bool:
        return unit_id in self._text

    def with_words(self, text: str) -> list[str]:
        """Return the units with this text, letter by letter; else those with the same words."""
        folded = fold(text)
        return self._exact.get(_bare(text)) or (self._folded.get(folded, []) if folded else [])

    def at(self, file: str, start: str, end: str) -> list[str]:
        """Return the units at a place, given as in the tables (code points in the text of a source)."""
        try:
            first, last = int(float(start)), int(float(end))
        except (ValueError, OverflowError):
            return []
        found: list[str] = []
        for text in self._sources.get(file) or self._sources.get(file.lstrip("'"), []):
            place = trim(text, first, last) if 0 <= first < last <= len(text) else (0, 0)
            found += [unit for unit in self._at.get(place, []) if self._text[unit] == text[slice(*place)]]
        return sorted(set(found))

    def find(self, unit_id: str, place: tuple[str, str, str], text: str, among: Collection[str] = ()) -> str:
        """Return the unit of a row; where words fit several, the only one of `among` that they fit.

        Raises `UnknownUnitError`. An id that is known decides, unless the words are another unit's, as they are
        where one column of a sheet was sorted without the others.
        """
        same = self.with_words(text) if text else []
        if unit_id in self:
            if same and unit_id not in same and fold(text) != fold(self._text[unit_id]):
                raise UnknownUnitError("text", f"these are the words of {same[0]}, but the row's unit_id is {unit_id}")
            return unit_id
        here = self.at(*place) if all(place) else []
        for found in (here, [unit for unit in here if unit in same], [unit for unit in same if unit in among], same):
            if len(found) == 1:
                return found[0]
        if same:
            raise UnknownUnitError("text", f"{len(same)} units have these words; the row needs a unit_id")
        named = f"{unit_id!r} is no unit of this study" if unit_id else "the row has no unit_id"
        raise UnknownUnitError(
            "unit_id", f"{named}, and {'its words are' if text else 'there are no words that are'} no unit's"
        )

    def is_edited(self, unit_id: str, text: str) -> bool:
        """Whether a row's words are no longer those of its unit."""
        return bool(text) and fold(text) != fold(self._text[unit_id])


def _bare(text: str) -> str:
    """Return a text as it is compared letter by letter: NFC, single spaces, without a guard against formulas."""
    return " ".join(normalize(text).split()).lstrip("'")
