"""The last look at what is about to be published: every page, chart, table and JSON file is searched again."""

from __future__ import annotations

import csv
import html
import io
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from pipeline.errors import GlosaError
from pipeline.privacy import Finder
from pipeline.study import Study

# Attributes that hold shapes and colours, and elements that hold rules: no words.
_MARKUP = re.compile(r"<!--.*?-->|<style.*?</style>|<[^>]+>", re.DOTALL | re.IGNORECASE)
_INLINE = re.compile(r"</?(?:span|b|i|em|strong|mark|tspan)\b", re.IGNORECASE)
_ATTRIBUTE = re.compile(r"([\w:-]+)\s*=\s*(?:\"([^\"]*)\"|'([^']*)')")
_SHAPES = frozenset({"d", "transform", "points", "style", "viewbox", "width", "height", "x", "y", "xmlns"})


class Leak(NamedTuple):
    """Something that was about to be published: in which artefact, where in it, what, and the words around it."""

    artefact: str
    place: str
    kind: str
    context: str


def find(artefacts: Mapping[str, bytes], finder: Finder, allowed: Iterable[str] = ()) -> Iterator[Leak]:
    """Yield what published files (by name; HTML, SVG, CSV, JSON) hold and must not.

    Args:
        artefacts: the files' bytes by name.
        finder: knows the contributors' names.
        allowed: texts that may stand there as they are, such as the contact address that study.toml gives.
    """
    masks = sorted({text for text in allowed if text}, key=lambda text: (-len(text), text))
    for name, content in artefacts.items():
        read = _READERS.get(name.rsplit(".", 1)[-1])
        for place, text in read(content.decode()) if read else ():
            bare = text
            for mask in masks:
                bare = bare.replace(mask, " ¶ ") if mask in bare else bare
            for span in finder.grave(bare):
                around = bare[max(span.start - 30, 0) : span.start] + f"[{span.kind}]" + bare[span.end : span.end + 30]
                yield Leak(name, place, span.kind, " ".join(around.split()))


def own_words(study: Study, described: Mapping[str, Any], finder: Finder) -> list[str]:
    """Return what may stand in a report though it looks like a leak: what study.toml states, and fingerprints."""
    prints = [described["settings"], described["code"], *described["inputs"].values()]
    cut = [digest[:size] for digest in prints for size in (12, 16)]
    return [text for text in study.settings.stated() if finder.grave(text)] + [text for text in cut if text.isdigit()]


def refuse(artefacts: Mapping[str, bytes], finder: Finder, allowed: Iterable[str]) -> None:
    """Raise `GlosaError` where something is about to be published that must not be."""
    leak = next(find(artefacts, finder, allowed), None)
    if leak:
        raise GlosaError(
            leak.artefact,
            f"{_LEAKS[leak.kind]} would be published ({leak.place}): “{leak.context}”.",
            "no contributor's name, e-mail address or phone number in anything under reports/. Nothing was written.",
            "Take it out of codebook.toml, or out of the file or column name it comes from, and run again; "
            "if it is in none of these, report it.",
        )


_LEAKS = {"name": "a contributor's full name", "email": "an e-mail address", "phone": "a phone number"}


def _markup(source: str) -> Iterator[tuple[str, str]]:
    """Yield the texts, comments and attributes of HTML or SVG with their places."""
    run, began, place = "", 0, 0
    for match in [*_MARKUP.finditer(source), None]:
        text = source[place : match.start() if match else len(source)]
        began = place if not run.strip() else began
        run += text
        place = match.end() if match else len(source)
        tag = match.group() if match else ""
        if tag and _INLINE.match(tag):
            yield from _attributes(source, tag, match.start() if match else 0)
            continue
        if run.strip():
            yield _line(source, began), html.unescape(run)
        run = ""
        if tag.startswith("<!--"):
            yield f"{_line(source, place)}, comment", html.unescape(tag[4:-3])
        elif tag and not tag.lower().startswith("<style"):
            yield from _attributes(source, tag, place)


def _attributes(source: str, tag: str, place: int) -> Iterator[tuple[str, str]]:
    for name, double, single in _ATTRIBUTE.findall(tag):
        if name.lower() not in _SHAPES:
            yield f"{_line(source, place)}, attribute {name}", html.unescape(double or single)


def _line(source: str, place: int) -> str:
    return f"line {source.count(chr(10), 0, place) + 1}"


def _csv_cells(source: str) -> Iterator[tuple[str, str]]:
    for number, row in enumerate(csv.reader(io.StringIO(source)), start=1):
        for column, cell in enumerate(row, start=1):
            if not re.fullmatch(r"-?[\d.]*(?:e-?\d+)?", cell):
                yield f"row {number}, column {column}", cell


def _json_texts(source: str) -> Iterator[tuple[str, str]]:
    def walk(value: Any, path: str) -> Iterator[tuple[str, str]]:
        if isinstance(value, dict):
            for key, inner in value.items():
                yield f"a key of {path or 'the top'}", key
                yield from walk(inner, f"{path}.{key}".lstrip("."))
        elif isinstance(value, list):
            for i, inner in enumerate(value):
                yield from walk(inner, f"{path}[{i}]")
        elif isinstance(value, str):
            yield path, value

    yield from walk(json.loads(source), "")


_READERS: Mapping[str, Callable[[str], Iterator[tuple[str, str]]]] = {
    "html": _markup,
    "svg": _markup,
    "csv": _csv_cells,
    "json": _json_texts,
}
