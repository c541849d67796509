"""The workbook: one sheet per table, each a real table with filters under a header that stays; no cell is a formula."""

from __future__ import annotations

import io
import math
import re
from collections.abc import Sequence
from typing import Any

from pipeline.packs import office, plain
from pipeline.packs.content import Pack
from pipeline.packs.tables import Cell, Column, Table
from pipeline.report.strings import Strings

MAX_CELL = 32_767  # characters Excel keeps in a cell
_MAX_SHEET, _MAX_HEADER = 31, 240
_NO_SHEET = re.compile(r"[\[\]:*?/\\]")
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
_OPTIONS = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
_STYLE = "Table Style Light 1"  # bands and rules in grey: no meaning by colour
_INK, _PAPER, _FILL = "#1A1A1A", "#E8EDF2", "#FFF8E1"
_A4 = 9
_READ_ME, _PAGE, _BUTTON = 110, 260, 3  # widths in characters: a column, what one page bears, a filter's button
_LINE, _HIGHEST = 13.5, 409.0  # points: a line of text, the highest row there is
_DENSITY = 1.08  # characters of running text per unit of width


def build(pack: Pack, tables: Sequence[Table], t: Strings) -> bytes:
    """Return the workbook; the same bytes for the same content."""
    import xlsxwriter

    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, _OPTIONS)
    sheet = _Sheets(book, t("packs.cut"))
    sheet.read_me(sheet_name(t("packs.sheet_read_me")), pack)
    for table in tables:
        sheet.add(table)
    book.close()
    return office.cleaned(out.getvalue(), pack.title, pack.language)


def sheet_name(title: str) -> str:
    """Return a title as Excel accepts it for a sheet."""
    return _NO_SHEET.sub(" ", title).strip(" '")[:_MAX_SHEET] or "–"


def _height(cells: Sequence[tuple[Cell, int]]) -> float:
    """Return how high a row must be; not every program fits rows to wrapped text by itself."""
    lines = [
        sum(max(math.ceil(len(part) / width / _DENSITY), 1) for part in text.split("\n"))
        for text, width in cells
        if isinstance(text, str)
    ]
    return min(max(lines, default=1) * _LINE + 2, _HIGHEST)


class _Sheets:
    """Writes sheets of one look."""

    def __init__(self, book: Any, cut_note: str) -> None:
        self.book, self.cut_note = book, cut_note
        look = {"text_wrap": True, "valign": "top", "font_name": "Calibri", "font_size": 10, "font_color": _INK}
        title = {**look, "bold": True, "font_size": 16}
        self.text, self.title = book.add_format(look), book.add_format(title)
        # Excel shows such a cell as text and keeps it text when somebody edits it.
        guard = {"quote_prefix": True}
        self.guarded = {self.text: book.add_format(look | guard), self.title: book.add_format(title | guard)}
        self.share = book.add_format({**look, "num_format": "0%", "align": "right"})
        self.to_fill = book.add_format({**look, "bg_color": _FILL})
        self.header = book.add_format({**look, "bold": True, "bg_color": _PAPER, "bottom": 1})

    def read_me(self, name: str, pack: Pack) -> None:
        sheet = self.book.add_worksheet(name)
        sheet.set_column(0, 0, _READ_ME)
        self._page(sheet)
        for number, text in enumerate((pack.title, pack.question, *pack.notes)):
            look = self.title if number == 0 else self.text
            sheet.set_row(number, 28 if number == 0 else _height([(text, _READ_ME)]))
            sheet.write_string(number, 0, self._fitting(text), self._guard(text, look))

    def add(self, table: Table) -> None:
        """Write a table; one without rows keeps an empty one, as a table must have one."""
        sheet = self.book.add_worksheet(sheet_name(table.title))
        last = max(len(table.rows), 1)
        for place, column in enumerate(table.columns):
            sheet.set_column(place, place, column.width)
        headings = [{"header": text, "header_format": self.header} for text in self._headers(table.columns)]
        box = (0, 0, last, len(table.columns) - 1)
        sheet.add_table(*box, {"name": f"glosa_{table.name}", "columns": headings, "style": _STYLE})
        sheet.set_row(0, _height([(column.heading, column.width - _BUTTON) for column in table.columns]))
        for number, row in enumerate(table.rows, start=1):
            sheet.set_row(number, _height([(v, c.width) for v, c in zip(row, table.columns, strict=True)]))
            for place, (value, column) in enumerate(zip(row, table.columns, strict=True)):
                self._write(sheet, number, place, value, column)
        for place, column in enumerate(table.columns):
            if column.hint:
                rule = {"validate": "any", "input_title": column.heading[:32], "input_message": column.hint[:255]}
                sheet.data_validation(1, place, last, place, rule)
        sheet.freeze_panes(1, 0)
        sheet.repeat_rows(0)
        sheet.repeat_columns(0)
        self._page(sheet, 1 + (sum(column.width for column in table.columns) > _PAGE))

    def _page(self, sheet: Any, n_wide: int = 1) -> None:
        sheet.set_paper(_A4)
        sheet.set_landscape()
        sheet.fit_to_pages(n_wide, 0)
        sheet.set_margins(left=0.5, right=0.5, top=0.6, bottom=0.6)
        sheet.set_footer("&C&P / &N")

    def _write(self, sheet: Any, row: int, place: int, value: Cell, column: Column) -> None:
        if isinstance(value, str):
            sheet.write_string(row, place, self._fitting(value), self._guard(value, self.text))
        elif value is not None:
            sheet.write_number(row, place, value, self.share if column.share else self.text)
        else:
            sheet.write_blank(row, place, None, self.to_fill if column.hint else self.text)

    def _guard(self, text: str, look: Any) -> Any:
        return self.guarded[look] if text.startswith(_FORMULA_STARTS) else look

    def _fitting(self, text: str) -> str:
        return plain.cut(text, MAX_CELL, self.cut_note)

    def _headers(self, columns: Sequence[Column]) -> list[str]:
        """Return headings that differ, as a table needs, and that no spreadsheet runs.

        Excel drops the look that guards a cell from the header of a table, so an apostrophe does it there.
        """
        texts: list[str] = []
        for column in columns:
            text = plain.cut(column.heading, _MAX_HEADER, "…")
            guarded = f"'{text}" if text.startswith(_FORMULA_STARTS) else text
            taken = {other.casefold() for other in texts}
            texts.append(f"{guarded} ({len(texts) + 1})" if guarded.casefold() in taken else guarded)
        return texts
