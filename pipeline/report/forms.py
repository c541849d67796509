"""The report in its other forms: one page in, the same content out as PDF and as Markdown."""

from __future__ import annotations

from pipeline.report import markdown, pdf
from pipeline.report.document import parse


def files(html: str, suffix: str = "") -> dict[str, bytes]:
    """Return the PDF and the Markdown of a page by file name.

    Args:
        html: the page, rendered.
        suffix: of the names in the page's language ("", ".es", …), which its figures have too.
    """
    document = parse(html)
    return {
        f"theme_report{suffix}.pdf": pdf.render(document),
        f"theme_report{suffix}.md": markdown.render(document, suffix).encode(),
    }
