"""The page that leads to both editions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pipeline.report import page, ways
from pipeline.report.strings import Strings


def make(found: Mapping[str, Any], spoken: Sequence[Strings]) -> bytes:
    """Return `reports/index.html`: what the two editions are, and the way to their reports in every language."""
    t = spoken[0]
    reports = [{"t": s, "name": s(f"explorer.own_{s.language}"), "forms": ways.forms(s)} for s in spoken]
    html: str = (
        page.environment()
        .get_template("index.html.j2")
        .render(title=found["study"]["title"], own=found["study"]["languages"][0], t=t, reports=reports)
    )
    return (html + "\n").encode()
