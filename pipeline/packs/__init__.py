"""Packs for curriculum designers: theme cards, a workbook, tables and a reading list, from the report's numbers.

`content` says it all once as plain values; the writers beside it lay it out as DOCX, Markdown, XLSX and CSV.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pipeline.packs import content, document, markdown, tables, workbook
from pipeline.report.strings import Strings

_FOLDER = "packs"
_AS_CSV = ("units", "actions", "outcomes")


def make(
    found: Mapping[str, Any], readings: Sequence[Mapping[str, Any]], edition: Any, strings: Strings
) -> dict[str, bytes]:
    """Return the packs as files of the edition's folder, the language before the ending; a maker of `publish`."""
    made = build(found, readings, edition, strings)
    paths = {name: name.partition(".") for name in made}
    return {f"{_FOLDER}/{stem}{strings.suffix}{dot}{ending}": made[name] for name, (stem, dot, ending) in paths.items()}


def build(
    found: Mapping[str, Any],
    readings: Sequence[Mapping[str, Any]],
    edition: Any,
    strings: Strings,
) -> dict[str, bytes]:
    """Return the packs by file name; the same bytes whatever the order of `readings`.

    Args:
        found: what `pipeline.results.build` returns, with the codebook's words in the language of the packs.
        readings: one dict per eligible unit, as the edition may show it.
        edition: `name` ("public" or "restricted") and `policy` ("none", "paraphrase" or "verbatim").
        strings: the interface strings in the language of the packs.
    """
    pack = content.build(found, readings, edition, strings)
    sheets = tables.build(pack, strings)
    files = {f"{table.name}.csv": tables.csv(table) for table in sheets if table.name in _AS_CSV}
    return {
        "theme-cards.docx": document.build(pack, strings),
        "theme-cards.md": markdown.theme_cards(pack, strings),
        "reading-list.md": markdown.reading_list(pack, strings),
        "workbook.xlsx": workbook.build(pack, sheets, strings),
        **files,
    }
