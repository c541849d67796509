"""The sheet as a workbook: drop-downs where marks go, a header that stays, the codebook on a second sheet."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator, Sequence
from typing import Any

import pandas as pd

from pipeline.coded import headings, words
from pipeline.estimates import OTHER
from pipeline.study import Codebook, Theme

_WIDTHS = {
    "unit_id": 11, "file": 14, "start": 7, "end": 7, "language": 9, "before": 34, "text": 60, "after": 34,
    headings.RECOMMENDATION: 16, headings.NOTE: 34,
}  # fmt: skip
_CODEBOOK_WIDTHS = (18, 20, 48, 60, 60, 60)
_MARK_WIDTH = 15
_MAX_CELL = 32_000
_MAX_PROMPT = 250
# What XML 1.0 can't hold.
_UNLAWFUL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_WRITTEN = (1980, 1, 1, 0, 0, 0)
_NOBODY = (
    b'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
    b'<cp:coreProperties xmlns:cp="http://schemas.openxmlformats.org/package/2006/metadata/core-properties"/>'
)


def build(sheet: pd.DataFrame, codebook: Codebook, language: str) -> bytes:
    """Return the workbook of a sheet: the same bytes for the same sheet, without author, program or date.

    Args:
        sheet: one row per unit, with the columns of `sheets.columns`.
        codebook: the themes, for the second sheet and the hints on the columns.
        language: in which the codebook is shown, where it has it.
    """
    from openpyxl import Workbook

    book = Workbook()
    _fill(book.active, sheet)
    _drop_downs(book.active, list(sheet.columns), len(sheet), codebook, language)
    _codebook(book.create_sheet("codebook"), codebook, language)
    out = io.BytesIO()
    book.save(out)
    return _same_bytes(out.getvalue())


def _fill(page: Any, sheet: pd.DataFrame) -> None:
    from openpyxl.utils import get_column_letter

    page.title = "coding"
    _write(page, 1, sheet.columns, bold=True)
    for number, row in enumerate(sheet.itertuples(index=False), start=2):
        _write(page, number, row)
    for place, name in enumerate(sheet.columns, start=1):
        page.column_dimensions[get_column_letter(place)].width = _WIDTHS.get(name, _MARK_WIDTH)
    page.freeze_panes = "A2"


def _write(page: Any, number: int, row: Sequence[object], bold: bool = False) -> None:
    """Write a row of strings and whole numbers; no string is ever a formula."""
    from openpyxl.styles import Alignment, Font

    for place, value in enumerate(row, start=1):
        if value == "":
            continue
        cell = page.cell(number, place)
        if isinstance(value, str):
            cell.value = ""
            cell.value, cell.data_type = _lawful(value), "s"
        else:
            cell.value = int(str(value))
        cell.alignment = Alignment(wrap_text=True, vertical="top")
        cell.font = Font(bold=bold)


def _drop_downs(page: Any, columns: Sequence[str], n_rows: int, codebook: Codebook, language: str) -> None:
    """Offer yes and no for the recommendation and an x for each theme; anything else that is clear may be typed."""
    from openpyxl.utils import get_column_letter
    from openpyxl.worksheet.datavalidation import DataValidation

    yes_no = ",".join(words.YES_NO.get(language, words.YES_NO["en"]))
    hints = {headings.theme_column(theme.id): _hint(theme, language) for theme in codebook.themes}
    hints |= {headings.RECOMMENDATION: "", OTHER: _in(words.OTHER_DEFINITION, language)}
    for place, name in enumerate(columns, start=1):
        if name not in hints:
            continue
        choices = yes_no if name == headings.RECOMMENDATION else "x"
        rule = DataValidation(type="list", formula1=f'"{choices}"', allow_blank=True, showErrorMessage=False)
        if hints[name]:
            rule.showInputMessage, rule.promptTitle, rule.prompt = True, name[:32], hints[name][:_MAX_PROMPT]
        rule.add(f"{get_column_letter(place)}2:{get_column_letter(place)}{max(n_rows + 1, 2)}")
        page.add_data_validation(rule)


def _codebook(page: Any, codebook: Codebook, language: str) -> None:
    """Write how to fill in the sheet, then one row per theme."""
    from openpyxl.utils import get_column_letter

    instructions = _in(words.INSTRUCTIONS, language)
    for number, line in enumerate(instructions, start=1):
        page.cell(number, 1, line)
    first = len(instructions) + 2
    _write(page, first, _in(words.CODEBOOK_HEADINGS, language), bold=True)
    for number, row in enumerate(_themes(codebook, language), start=first + 1):
        _write(page, number, row)
    for place, width in enumerate(_CODEBOOK_WIDTHS, start=1):
        page.column_dimensions[get_column_letter(place)].width = width
    page.freeze_panes = f"A{first + 1}"


def _themes(codebook: Codebook, language: str) -> Iterator[tuple[str, ...]]:
    for theme in codebook.themes:
        lists = (_in(texts, language, ()) for texts in (theme.include, theme.exclude, theme.examples))
        shown = ("\n".join(f"• {text}" for text in texts) for texts in lists)
        yield headings.theme_column(theme.id), theme.text("label", language), theme.text("definition", language), *shown
    yield OTHER, OTHER, _in(words.OTHER_DEFINITION, language)


def _in(texts: Any, language: str, default: Any = "") -> Any:
    """Return what there is in a language, else in English, else in the first language there is."""
    return texts.get(language) or texts.get("en") or next(iter(texts.values()), default)


def _hint(theme: Theme, language: str) -> str:
    return _lawful(f"{theme.text('label', language)}: {theme.text('definition', language)}")


def _lawful(text: str) -> str:
    """Return text that a cell can hold."""
    bare = _UNLAWFUL.sub("", text)
    return bare if len(bare) <= _MAX_CELL else f"{bare[:_MAX_CELL]}…"


def _same_bytes(workbook: bytes) -> bytes:
    """Pack a workbook again with one date for all parts, and with core properties that name nobody."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(workbook)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            member = zipfile.ZipInfo(name, _WRITTEN)
            member.compress_type = zipfile.ZIP_DEFLATED
            new.writestr(member, _NOBODY if name == "docProps/core.xml" else old.read(name))
    return out.getvalue()
