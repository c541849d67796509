"""The ways from the report to its other forms, which stand beside it in the same folder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pipeline.report.strings import Strings, spoken

Way = Mapping[str, Any]


def languages(found: Mapping[str, Any], t: Strings) -> list[Way]:
    """Return the languages of the report by their own names: `code`, `name`, `file`, and whether it is `this` page."""
    return [
        {
            "code": own.language,
            "name": t(f"explorer.own_{own.language}"),
            "file": f"theme_report{own.suffix}.html",
            "this": own.language == t.language,
        }
        for own in spoken(found["report_languages"])
    ]


def forms(t: Strings) -> list[Way]:
    """Return the other forms in the page's language: `key`, and `links` of (words, file)."""
    own = t.suffix
    return [
        {"key": "explorer", "links": _named([("explorer", f"explorer{own}.html")], t)},
        {
            "key": "packs",
            "links": _named(
                [
                    ("cards", f"packs/theme-cards{own}.docx"),
                    ("workbook", f"packs/workbook{own}.xlsx"),
                    ("list", f"packs/reading-list{own}.md"),
                ],
                t,
            ),
        },
        {
            "key": "report",
            "links": _named(
                [
                    ("pdf", f"theme_report{own}.pdf"),
                    ("markdown", f"theme_report{own}.md"),
                    ("numbers", "results.json"),
                ],
                t,
            ),
        },
    ]


def _named(files: Sequence[tuple[str, str]], t: Strings) -> list[tuple[str, str]]:
    return [(t(f"forms.{key}"), file) for key, file in files]
