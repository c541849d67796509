"""Render the explorer: one file in which the units can be searched, filtered, read and taken along."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources
from typing import Any

import numpy as np

from pipeline import __version__
from pipeline.editions import Edition
from pipeline.report import explorer_data, page
from pipeline.report.explorer_data import Reading
from pipeline.report.strings import Strings, spoken

# What would end the script element, or is no text: lone surrogates can't be written as UTF-8.
_UNSAFE = re.compile("[<>&\u2028\u2029\ud800-\udfff]")


def make(found: Mapping[str, Any], readings: Sequence[Reading], edition: Edition, strings: Strings) -> dict[str, bytes]:
    """Return the page as a file by its name; the readings' vectors, where there are any, are `found["vectors"]`."""
    suffix = pages(found["report_languages"])[strings.language]
    html = render(found, readings, edition, strings.language, found.get("vectors"))
    return {f"explorer{suffix}.html": html.encode()}


def render(
    found: Mapping[str, Any],
    readings: Sequence[Reading],
    edition: Edition,
    language: str,
    vectors: np.ndarray | None = None,
) -> str:
    """Return the page.

    Args:
        found: what `pipeline.results.build` returns.
        readings: the units that the edition may show, in order (`pipeline.readings.build`).
        edition: the edition that the page belongs to.
        language: the page's language; English where Glosa has no strings for it.
        vectors: the readings' vectors (readings × d), for search by meaning.
    """
    t = Strings(language)
    script = _part("explorer.js")
    rendered: str = (
        page.environment()
        .get_template("explorer.html.j2")
        .render(
            t=t,
            title=found["study"]["title"],
            question=found["study"]["question"],
            edition=edition.name,
            licence=found["settings"]["report"]["licence"] if edition.policy == "verbatim" else "",
            version=__version__,
            citation=explorer_data.citation(found, edition, t).replace("{unit}", "[id]"),
            pages=pages(found["report_languages"]),
            k=found["settings"]["report"]["min_voices"],
            css=_part("explorer.css"),
            script=script,
            script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
            data=embedded(explorer_data.build(found, readings, edition, t, vectors)),
        )
    )
    return rendered + "\n"


def pages(languages: Sequence[str]) -> dict[str, str]:
    """Return the languages that the explorer is published in, each with what stands before `.html` in its name."""
    return {t.language: t.suffix for t in spoken(languages)}


def embedded(data: Any) -> str:
    """Return the data as JSON that can stand in a script element."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return _UNSAFE.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


@cache
def _part(name: str) -> str:
    return (resources.files("pipeline.report") / "templates" / name).read_text(encoding="utf-8")
