"""A plain A4 Word document: our own look on python-docx's template, without what the template leaves behind."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

_FONT = "Calibri"
_INK, _ACCENT, _SHADE, _RULE = "1A1A1A", "0B4F6C", "E8EDF2", "AEB8C2"
_SIZES = {"Title": 24, "Subtitle": 14, "Heading 1": 18, "Heading 2": 13, "Heading 3": 11, "Normal": 10.5}
_TAGS = {"en": "en-GB", "es": "es-ES", "pt": "pt-BR", "und": "x-none"}
# Parts of the template that say nothing about this document.
_LEFTOVERS = ("/customXml", "/thumbnail")


class Paper:
    """Builds a document; every run carries its language.

    Args:
        language: the document's, an ISO 639-1 code; quotations name their own.
        title: stands in the document's properties.
    """

    def __init__(self, language: str, title: str) -> None:
        import docx

        self.language, self.title = language, title
        self.document: Any = docx.Document()
        self._n_bookmarks = 0
        self._drop_leftovers()
        self._page()
        self._styles()
        # Looking a style up by name reads all of them each time.
        self._style_ids = {style.name: style.style_id for style in self.document.styles}
        self._footer()

    def paragraph(self, text: str, style: str = "Normal") -> Any:
        """Add a paragraph in the document's language."""
        return self.runs([(text, "", False)], style)

    def runs(self, runs: Sequence[tuple[str, str, bool]], style: str = "Normal") -> Any:
        """Add a paragraph of runs: text, language ("" for the document's), whether bold."""
        paragraph = self._styled(self.document.add_paragraph(), style)
        for text, language, bold in runs:
            self._run(paragraph, text, language, bold)
        return paragraph

    def heading(self, text: str, level: int, anchor: str = "", new_page: bool = False) -> None:
        """Add a heading that links may lead to."""
        paragraph = self.paragraph(text, f"Heading {level}")
        paragraph.paragraph_format.page_break_before = new_page
        if anchor:
            self._n_bookmarks += 1
            start = _element("w:bookmarkStart", id=str(self._n_bookmarks), name=anchor)
            paragraph._p.insert(1, start)
            paragraph._p.append(_element("w:bookmarkEnd", id=str(self._n_bookmarks)))

    def link(self, text: str, anchor: str) -> None:
        """Add a line that leads to a heading of this document."""
        paragraph = self._styled(self.document.add_paragraph(), "Contents")
        link = _element("w:hyperlink", anchor=anchor)
        run = self._run(paragraph, text, "", False)
        run.underline = True
        link.append(run._r)
        paragraph._p.append(link)

    def table(self, headings: Sequence[str], rows: Sequence[Sequence[str]], widths: Sequence[float]) -> None:
        """Add a table with a header that each page repeats; widths in centimetres; nothing where there are no rows."""
        from docx.shared import Cm

        if not rows:
            return
        table = self.document.add_table(rows=0, cols=len(headings))
        table.autofit = False
        # Word reads a table's properties in the schema's order only: borders stand before the layout.
        table._tbl.tblPr.xpath("./w:tblLayout")[0].addprevious(_rules())
        for number, row in enumerate([headings, *rows]):
            added = table.add_row()
            for cell, text, width in zip(added.cells, row, widths, strict=True):
                cell.width = Cm(width)
                self._run(self._styled(cell.paragraphs[0], "Cell"), text, "", number == 0)
                if number == 0:
                    cell._tc.get_or_add_tcPr().append(_element("w:shd", val="clear", color="auto", fill=_SHADE))
            properties = added._tr.get_or_add_trPr()
            properties.append(_element("w:cantSplit"))
            if number == 0:
                properties.append(_element("w:tblHeader"))
        for column, width in zip(table.columns, widths, strict=True):
            column.width = Cm(width)
        self._styled(self.document.add_paragraph(), "After table")

    def _styled(self, paragraph: Any, style: str) -> Any:
        paragraph._p.style = self._style_ids[style]
        return paragraph

    def _run(self, paragraph: Any, text: str, language: str, bold: bool) -> Any:
        run = paragraph.add_run(text)
        run.bold = bold or None
        run._r.get_or_add_rPr().append(_language(language or self.language))
        return run

    def _drop_leftovers(self) -> None:
        for owner in (self.document.part, self.document.part.package):
            for key, relation in list(owner.rels.items()):
                if relation.reltype.endswith(_LEFTOVERS):
                    del owner.rels[key]

    def _page(self) -> None:
        from docx.shared import Cm

        section = self.document.sections[0]
        section.page_width, section.page_height = Cm(21.0), Cm(29.7)
        section.left_margin = section.right_margin = Cm(2.0)
        section.top_margin = section.bottom_margin = Cm(2.0)

    def _styles(self) -> None:
        from docx.enum.style import WD_STYLE_TYPE
        from docx.shared import Pt, RGBColor

        styles = self.document.styles
        for name, base, size in (("Cell", "Normal", 9.5), ("Small", "Normal", 8.5), ("Draft", "Normal", 10.5)):
            styles.add_style(name, WD_STYLE_TYPE.PARAGRAPH).base_style = styles[base]
            styles[name].font.size = Pt(size)
        for name in ("Contents", "After table"):
            styles.add_style(name, WD_STYLE_TYPE.PARAGRAPH).base_style = styles["Normal"]
        for name, size in _SIZES.items():
            style = styles[name]
            colour = _ACCENT if name in {"Title", "Heading 1", "Heading 2"} else _INK
            style.font.size, style.font.color.rgb = Pt(size), RGBColor.from_string(colour)
            fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
            for key in list(fonts.attrib):
                del fonts.attrib[key]
            style.font.name = _FONT
            fonts.set(_name("w:cs"), _FONT)
            fonts.set(_name("w:eastAsia"), _FONT)
        for border in styles["Title"].element.xpath(".//w:pBdr"):
            border.getparent().remove(border)
        styles["Normal"].paragraph_format.space_after = Pt(5)
        styles["Draft"].font.bold = True
        for name in ("Cell", "Contents"):
            styles[name].paragraph_format.space_before = styles[name].paragraph_format.space_after = Pt(2)
        styles["After table"].paragraph_format.space_after = Pt(0)
        for old in styles.element.xpath(".//w:docDefaults//w:lang"):
            old.getparent().replace(old, _language(self.language))

    def _footer(self) -> None:
        from docx.enum.text import WD_ALIGN_PARAGRAPH

        paragraph = self.document.sections[0].footer.paragraphs[0]
        paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
        run = self._run(paragraph, "", "", False)
        for kind, text in (("begin", ""), ("", "PAGE"), ("end", "")):
            part = _element("w:fldChar", fldCharType=kind) if kind else _element("w:instrText")
            part.text = text or None
            run._r.append(part)


def _language(code: str) -> Any:
    return _element("w:lang", val=_TAGS.get(code, code), eastAsia=_TAGS.get(code, code))


def _rules() -> Any:
    """Return a table's rules: fine lines between rows, none between columns."""
    borders = _element("w:tblBorders")
    for side in ("top", "bottom", "insideH"):
        borders.append(_element(f"w:{side}", val="single", sz="4", space="0", color=_RULE))
    return borders


def _element(tag: str, **attributes: str) -> Any:
    from docx.oxml import OxmlElement

    element = OxmlElement(tag)
    for key, value in attributes.items():
        element.set(_name(f"w:{key}"), value)
    return element


def _name(tag: str) -> str:
    from docx.oxml.ns import qn

    name: str = qn(tag)
    return name
