"""What a file that is about to be published says: its texts with their places, one reader per kind of file.

Everything that carries words is read: what is shown, what is read aloud (alternative texts), and what only the file
holds (comments, properties, data for a script).
"""

from __future__ import annotations

import csv
import html
import io
import json
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from pipeline import pdf_texts
from pipeline.pdf_texts import SEAM

# Attributes that hold shapes and colours, and elements that hold rules: no words.
_MARKUP = re.compile(
    r"<!--.*?-->|<style.*?</style>|<script.*?</script>|<!\[CDATA\[.*?\]\]>|<[^>]+>", re.DOTALL | re.IGNORECASE
)
_INLINE = re.compile(
    r"</?(?:a|abbr|b|bdi|bdo|cite|code|dfn|em|i|kbd|mark|q|s|small|span|strong|sub|sup|time|tspan|u|wbr)\b",
    re.IGNORECASE,
)
_MOVED = re.compile(r"\s(?:x|y|dx|dy)\s*=", re.IGNORECASE)
_ATTRIBUTE = re.compile(r"([\w:-]+)\s*=\s*(?:\"([^\"]*)\"|'([^']*)')")
_SHAPES = frozenset(
    {"d", "transform", "points", "style", "viewbox", "width", "height", "x", "y", "xmlns", "class", "id"}
)
_NUMBER = re.compile(r"-?[\d.]*(?:e-?\d+)?")
_DATA = re.compile(r"(?:data:[\w/+.;=-]+,)?[\w+/=%-]{200,}")  # a picture or vectors as text
_ESCAPED = re.compile(r"\\u([0-9a-fA-F]{4})|\\x([0-9a-fA-F]{2})|\\[nrt]")
_BACKSLASH = re.compile(r"\\([!-/:-@\[-`{-~])")
_DIVIDED = re.compile(r"[-\u2010\u00ad]\n")


class Text(NamedTuple):
    """Some words of a file: where they stand, and in which stream; those of a stream can be read one after another."""

    place: str
    text: str
    stream: str = ""


def texts(name: str, content: bytes) -> Iterator[Text]:
    """Yield what a file holds in words; raise `ValueError` for a kind of file that nobody can look into."""
    suffix = name.rsplit(".", 1)[-1].lower()
    if suffix not in _READERS:
        raise ValueError(f"{name}: there is no reader for .{suffix}, so nobody would see what it gives away.")
    for found in _READERS[suffix](content):
        if found.text.strip() and not _DATA.fullmatch(found.text):
            yield found


def _markup(content: bytes) -> Iterator[Text]:
    """Yield the texts, comments and attributes of HTML, SVG or XML."""
    source, run, began, place = content.decode(), "", 0, 0
    lines = _Lines(source)
    for match in [*_MARKUP.finditer(source), None]:
        end = match.start() if match else len(source)
        began = began if run.strip() else place
        run += source[place:end]
        place = match.end() if match else end
        tag = match.group() if match else ""
        if _INLINE.match(tag) and not _MOVED.search(tag):
            run += SEAM
            yield from _attributes(tag, lines(end))
            continue
        if run.strip(SEAM).strip():
            yield Text(lines(began), html.unescape(run), "text")
        run = ""
        lowered = tag[:8].lower()
        if tag.startswith("<!--"):
            yield Text(f"{lines(end)}, comment", html.unescape(tag[4:-3]), "comments")
        elif lowered.startswith("<script"):
            yield from _script(tag, lines(end))
        elif tag.startswith("<![CDATA["):
            yield Text(lines(end), tag[9:-3], "text")
        elif tag and not lowered.startswith("<style"):
            yield from _attributes(tag, lines(end))


class _Lines:
    """Tells line numbers of ascending places without counting from the top each time."""

    def __init__(self, source: str) -> None:
        self._source, self._place, self._line = source, 0, 1

    def __call__(self, place: int) -> str:
        if place >= self._place:
            self._line += self._source.count("\n", self._place, place)
            self._place = place
            return f"line {self._line}"
        return f"line {self._source.count(chr(10), 0, place) + 1}"


def _attributes(tag: str, place: str) -> Iterator[Text]:
    for name, double, single in _ATTRIBUTE.findall(tag):
        if name.lower() not in _SHAPES:
            yield Text(f"{place}, attribute {name}", html.unescape(double or single), "attributes")


def _script(tag: str, place: str) -> Iterator[Text]:
    """Yield the strings of JSON in a page, or a script as it stands."""
    body = tag[tag.index(">") + 1 : tag.rindex("<")]
    try:
        found = list(_json(body.encode()))
    except ValueError:
        yield Text(f"{place}, script", _ESCAPED.sub(_unescaped, body), "script")
    else:
        yield from (Text(f"{place}, script, {text.place}", text.text, f"script {text.stream}") for text in found)


def _unescaped(match: re.Match[str]) -> str:
    code = match[1] or match[2]
    return chr(int(code, 16)) if code else " "


def _csv(content: bytes) -> Iterator[Text]:
    rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))
    cells = [(i, j, cell) for i, row in enumerate(rows, start=1) for j, cell in enumerate(row, start=1)]
    yield from _grid((f"row {i}, column {j}", str(j), cell) for i, j, cell in cells)


def _grid(cells: Iterator[tuple[str, str, str]]) -> Iterator[Text]:
    """Yield the cells (place, column, text) of a table row by row, then column by column; numbers are no words."""
    words = [cell for cell in cells if not _NUMBER.fullmatch(cell[2])]
    yield from (Text(place, text, "rows") for place, _, text in words)
    yield from (Text(place, text, f"column {column}") for place, column, text in words)


def _json(content: bytes) -> Iterator[Text]:
    def walk(value: Any, path: str) -> Iterator[Text]:
        if isinstance(value, dict):
            for key, inner in value.items():
                yield Text(f"a key of {path or 'the top'}", key, "keys")
                yield from walk(inner, f"{path}.{key}".lstrip("."))
        elif isinstance(value, list):
            for i, inner in enumerate(value):
                yield from walk(inner, f"{path}[{i}]")
        elif isinstance(value, str):
            yield Text(path or "the top", value, "values")

    yield from walk(json.loads(content), "")


def _json_lines(content: bytes) -> Iterator[Text]:
    for number, line in enumerate(content.decode().splitlines(), start=1):
        yield from (Text(f"line {number}, {t.place}", t.text, t.stream) for t in _json(line.encode()) if line.strip())


def _plain(content: bytes) -> Iterator[Text]:
    """Yield the lines of a text."""
    for number, line in enumerate(content.decode("utf-8-sig").splitlines(), start=1):
        yield Text(f"line {number}", line, "text")


def _markdown(content: bytes) -> Iterator[Text]:
    """Yield the lines of Markdown as they are read, without backslashes and entities."""
    for place, line, stream in _plain(content):
        yield Text(place, html.unescape(_BACKSLASH.sub(r"\1", line)), stream)


def _pdf(content: bytes) -> Iterator[Text]:
    """Yield the pages' texts, then every string that the file holds beside them."""
    for number, (shown, said) in enumerate(pdf_texts.pages(content), start=1):
        yield Text(f"page {number}", _DIVIDED.sub(SEAM, shown), "text")
        yield Text(f"page {number}, in place of what it shows", said, "said")
    for place, text in pdf_texts.strings(content):
        if place == "metadata":
            yield from (Text(f"metadata, {t.place}", t.text, "metadata") for t in _markup(text.encode()))
        else:
            yield Text(place, text, "strings")


def _office(content: bytes) -> Iterator[Text]:
    """Yield what a workbook or a document of Office Open XML holds: cells, paragraphs, properties, hidden parts."""
    with zipfile.ZipFile(io.BytesIO(content)) as package:
        parts = {name: package.read(name) for name in package.namelist()}
    strings = list(_flushed(parts.get("xl/sharedStrings.xml", b""), "si"))
    for name, part in parts.items():
        if name.startswith("xl/worksheets/sheet"):
            yield from (Text(f"{name}, {t.place}", t.text, f"{name}, {t.stream}") for t in _grid(_cells(part, strings)))
        if name.endswith((".xml", ".rels", ".vml")):
            shown, attributes = _xml(part, "p" if name.startswith("word/") else "si")
            yield from (Text(name, text, name) for text in shown)
            yield from (Text(f"{name}, attribute", text, "attributes") for text in attributes)
        elif name.rsplit(".", 1)[-1].lower() in _READERS:
            yield from (Text(f"{name}, {t.place}", t.text, f"{name}, {t.stream}") for t in texts(name, part))


@lru_cache(maxsize=64)
def _xml(part: bytes, end: str) -> tuple[list[str], list[str]]:
    """Return texts and attributes of a part; most parts of a document are those of the one before."""
    return list(_flushed(part, end)), list(_xml_attributes(part))


def _local(element: Any) -> str:
    return str(element.tag).rpartition("}")[2]


def _flushed(part: bytes, end: str) -> Iterator[str]:
    """Yield the texts of XML: the runs of a paragraph or shared string as one, all others element by element."""
    if not part:
        return
    run, depth = "", 0
    for event, element in _events(part):
        local = _local(element)
        if event == "start":
            depth += local == end
        elif local in {"br", "tab", "cr"}:
            run += " "
        elif local == end:
            depth -= 1
            yield run
            run = ""
        elif element.text and depth:
            run += element.text
        elif element.text:
            yield element.text


def _cells(part: bytes, strings: list[str]) -> Iterator[tuple[str, str, str]]:
    """Yield (place, column, text) of a worksheet's cells, row by row."""
    for _, element in _events(part, ("end",)):
        if _local(element) == "c":
            place, value = element.get("r", ""), "".join(t for t in element.itertext() if t)
            text = strings[int(value)] if element.get("t") == "s" and value.isdigit() else value
            yield f"cell {place}", place.rstrip("0123456789"), text


def _xml_attributes(part: bytes) -> Iterator[str]:
    for _, element in _events(part, ("end",)):
        for value in element.attrib.values():
            if re.search(r"[^\W\d_]{2}", value) and re.search(r"[\s@:]", value):
                yield value


def _events(part: bytes, kinds: tuple[str, ...] = ("start", "end")) -> Iterator[tuple[str, Any]]:
    from lxml import etree

    events: Iterator[tuple[str, Any]] = etree.iterparse(io.BytesIO(part), events=kinds, resolve_entities=False)
    return events


def _png(content: bytes) -> Iterator[Text]:
    """Yield what a picture says of itself; what it shows stands in its SVG."""
    place = 8
    while place + 8 <= len(content):
        size, kind = int.from_bytes(content[place : place + 4], "big"), content[place + 4 : place + 8]
        data = content[place + 8 : place + 8 + size]
        place += 12 + size
        if kind in {b"tEXt", b"zTXt", b"iTXt", b"eXIf"}:
            keyword, _, rest = data.partition(b"\0")
            packed = kind == b"zTXt" or (kind == b"iTXt" and rest[:1] == b"\1")
            body = rest[1:] if kind == b"zTXt" else rest.split(b"\0", 3)[-1] if kind == b"iTXt" else rest
            body = zlib.decompress(body.lstrip(b"\0")) if packed else body
            yield Text(f"metadata {kind.decode()}", f"{_decoded(keyword)} {_decoded(body)}")


def _decoded(raw: bytes) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def _package(content: bytes) -> Iterator[Text]:
    """Yield what the files of a package hold."""
    with zipfile.ZipFile(io.BytesIO(content)) as package:
        for name in package.namelist():
            yield Text(name, name)
            if not name.endswith("/"):
                inner = texts(name, package.read(name))
                yield from (Text(f"{name}, {t.place}", t.text, f"{name}, {t.stream}") for t in inner)


_READERS: Mapping[str, Callable[[bytes], Iterator[Text]]] = {
    **dict.fromkeys(("html", "svg", "xml", "qde", "qdc"), _markup),
    **dict.fromkeys(("txt", "toml", "bib"), _plain),
    "md": _markdown,
    **dict.fromkeys(("xlsx", "docx"), _office),
    **dict.fromkeys(("zip", "qdpx"), _package),
    "csv": _csv,
    "json": _json,
    "jsonld": _json,
    "jsonl": _json_lines,
    "pdf": _pdf,
    "png": _png,
}
