"""Tag the cells of a PDF that name their row, which Typst can't do yet (its `pdf.header-cell` is an experiment)."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from typing import Any

from pipeline.report.blocks import Table


def with_row_headers(pdf: bytes, tables: Sequence[Table]) -> bytes:
    """Return a tagged PDF whose row headers are tagged as such, packed in object streams (half the size).

    Every header then says by its scope what it heads; the lists of headers that Typst gives each cell know the columns
    only, and are taken out where a table has row headers.

    Args:
        pdf: what Typst made.
        tables: those of the document, in order.
    """
    import pikepdf

    with pikepdf.open(io.BytesIO(pdf)) as file:
        tagged = _elements(file.Root.StructTreeRoot, "/Table")
        for element, table in zip(tagged, tables, strict=True):
            rows = (*table.head, *table.body)
            if any(cell.header == "row" for row in rows for cell in row):
                for row, cells in zip(_elements(element, "/TR"), rows, strict=True):
                    for tag, cell in zip(_elements(row, "/TD", "/TH"), cells, strict=False):
                        _name_scope(tag, cell.header == "row")
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
