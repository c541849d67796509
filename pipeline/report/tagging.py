"""Finish the tags of a PDF where Typst can't: cells that name their row, and the labels of list items."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from typing import Any

from pipeline.report.blocks import Table


def finished(pdf: bytes, tables: Sequence[Table]) -> bytes:
    """Return a tagged PDF whose row headers are tagged as such, packed in object streams (half the size).

    Typst has `pdf.header-cell` as an experiment only. Every header says here by its scope what it heads; the lists of
    headers that Typst gives each cell know the columns only, and are taken out where a table has row headers.

    Args:
        pdf: what Typst made.
        tables: those of the document, in order.
    """
    import pikepdf

    with pikepdf.open(io.BytesIO(pdf)) as file:
        root = file.Root.StructTreeRoot
        for element, table in zip(_elements(root, "/Table"), tables, strict=True):
            rows = (*table.head, *table.body)
            if any(cell.header == "row" for row in rows for cell in row):
                for row, cells in zip(_elements(element, "/TR"), rows, strict=True):
                    for tag, cell in zip(_elements(row, "/TD", "/TH"), cells, strict=False):
                        _name_scope(tag, cell.header == "row")
        for item in _elements(root, "/LI"):
            _tend_label(item, file.Root.Lang)
        packed = io.BytesIO()
        file.save(packed, deterministic_id=True, object_stream_mode=pikepdf.ObjectStreamMode.generate)
    return packed.getvalue()


def _elements(element: Any, *tags: str) -> Iterator[Any]:
    """Yield the structure elements with one of the tags below an element, in reading order, none inside another."""
    import pikepdf

    kids = element.get("/K", ())
    for kid in kids if isinstance(kids, pikepdf.Array) else [kids]:
        if isinstance(kid, pikepdf.Dictionary) and "/S" in kid:
            if str(kid.S) in tags:
                yield kid
            else:
                yield from _elements(kid, *tags)


def _tend_label(item: Any, language: Any) -> None:
    """Drop an item's label where it is empty, and keep it in its own language where the item's text is in another."""
    import pikepdf

    item.K = pikepdf.Array([kid for kid in item.K if kid.get("/S") != "/Lbl" or kid.get("/K")])
    for kid in item.K:
        if kid.get("/S") == "/Lbl" and "/Lang" in item:
            kid.Lang = kid.get("/Lang", language)


def _name_scope(cell: Any, is_row_header: bool) -> None:
    import pikepdf

    owned = [a for a in cell.get("/A", ()) if a.O == "/Table"]
    for attributes in owned:
        if "/Headers" in attributes:
            del attributes["/Headers"]
    if is_row_header:
        cell.S = pikepdf.Name.TH
        scope = pikepdf.Dictionary(O=pikepdf.Name.Table, Scope=pikepdf.Name.Row)
        cell.A = pikepdf.Array([scope, *(a for a in cell.get("/A", ()) if a.O != "/Table")])
