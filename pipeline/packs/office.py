"""Office files without traces: the same bytes at each run; a title and a language, no author or program."""

from __future__ import annotations

import io
import zipfile
from xml.sax.saxutils import escape

WRITTEN = (1980, 1, 1, 0, 0, 0)  # the first day a zip archive knows
_CREATED = "1980-01-01T00:00:00Z"
_CORE = """<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<cp:coreProperties xmlns:cp="http://schemas.openxmlformats.org/package/2006/metadata/core-properties" \
xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:dcterms="http://purl.org/dc/terms/" \
xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><dc:title>{title}</dc:title><dc:language>{language}</dc:language>\
<dcterms:created xsi:type="dcterms:W3CDTF">{created}</dcterms:created>\
<dcterms:modified xsi:type="dcterms:W3CDTF">{created}</dcterms:modified></cp:coreProperties>"""
_APP = """<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<Properties xmlns="http://schemas.openxmlformats.org/officeDocument/2006/extended-properties"/>"""


def cleaned(package: bytes, title: str, language: str) -> bytes:
    """Pack a DOCX or XLSX again, in the order of its parts, with one date and with properties that name nobody."""
    core = _CORE.format(title=escape(title), language=escape(language), created=_CREATED)
    own = {"docProps/core.xml": core.encode(), "docProps/app.xml": _APP.encode()}
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(package)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            member = zipfile.ZipInfo(name, WRITTEN)
            member.compress_type = zipfile.ZIP_DEFLATED
            new.writestr(member, own.get(name) or old.read(name))
    return out.getvalue()
