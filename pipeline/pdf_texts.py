"""The words of a PDF: what its pages show, and what it says beside that (titles, alternative texts, links, metadata).

A report of 25 pages takes a third of a second; the reader of captures needs six times as long, and both find the same
words. It understands what programs write that put their spaces into the text and say which character a glyph stands
for, as those do that make our reports.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

# Where two pieces of text meet that may be one word or two: runs on a line, tags, a word divided at the end of a line.
SEAM = "\u2060"
_OPERATORS = "q Q cm BT ET Tf Td TD Tm T* Tj TJ ' \" BDC"
_SECTION = re.compile(rb"begin(bfchar|bfrange)(.*?)end\1", re.DOTALL)
_HEX = re.compile(rb"<([0-9A-Fa-f\s]*)>|(\[)|(\])")
_SAME_LINE = 1.0  # points
Matrix = tuple[float, float, float, float, float, float]
_UNIT: Matrix = (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)


def pages(content: bytes) -> Iterator[tuple[str, str]]:
    """Yield what each page shows, and what is said in place of it; then the same of forms that are drawn on pages.

    Runs of glyphs on one line meet in a seam.
    """
    import pikepdf

    with pikepdf.open(io.BytesIO(content)) as pdf:
        for page in pdf.pages:
            yield _shown(page, page.get("/Resources", {}))
        for found in pdf.objects:
            if isinstance(found, pikepdf.Stream) and found.get("/Subtype") == "/Form":
                yield _shown(found, found.get("/Resources", {}))


def strings(content: bytes) -> Iterator[tuple[str, str]]:
    """Yield every string that stands in an object of the file, with its place; and its XML metadata as `metadata`."""
    import pikepdf

    with pikepdf.open(io.BytesIO(content)) as pdf:
        yield from _strings(pdf.trailer, "trailer", direct=False)
        for number, found in enumerate(pdf.objects, start=1):
            yield from _strings(found, f"object {number}", direct=False)
            if isinstance(found, pikepdf.Stream) and found.get("/Type") == "/Metadata":
                yield "metadata", found.read_bytes().decode("utf-8", "replace")


def _strings(value: Any, place: str, direct: bool = True) -> Iterator[tuple[str, str]]:
    """Yield the strings of an object itself; others it points to are objects of their own."""
    import pikepdf

    if direct and isinstance(value, pikepdf.Object) and value.is_indirect:
        return
    if isinstance(value, pikepdf.String):
        yield place, str(value)
    elif isinstance(value, pikepdf.Stream | pikepdf.Dictionary):
        for name in value.keys():  # noqa: SIM118
            yield from _strings(value[name], f"{place.partition(',')[0]}, {name}")
    elif isinstance(value, pikepdf.Array):
        for inner in value:
            yield from _strings(inner, place)


def _shown(drawn: Any, resources: Any) -> tuple[str, str]:
    """Return what a page or form shows, in the order in which it is drawn, and what is read aloud in place of it."""
    import pikepdf

    fonts = {name: _Font(font) for name, font in dict(resources.get("/Font", {})).items()}
    out: list[str] = []
    said: list[str] = []
    font, stack, matrix, text, line = _Font(None), [], _UNIT, _UNIT, None
    marked = False  # whether other content began since something was shown, as a table's next cell does
    for instruction in pikepdf.parse_content_stream(drawn, _OPERATORS):
        operands, op = list(instruction.operands), str(instruction.operator)
        if op == "q":
            stack.append((matrix, font))
        elif op == "Q":
            matrix, font = stack.pop() if stack else (_UNIT, font)
        elif op == "cm":
            matrix = _times(operands, matrix)
        elif op == "BT":
            text = _UNIT
        elif op == "Tm":
            text = _times(operands, _UNIT)
        elif op in {"Td", "TD"}:
            text = _times((1, 0, 0, 1, *operands), text)
        elif op == "Tf":
            font = fonts.get(str(operands[0]), font)
        elif op == "BDC":
            said += _said(operands)
            marked = True
        if op in {"T*", "'", '"'}:
            line = None
        if op in {"Tj", "TJ", "'", '"'}:
            place = _times(text, matrix)[5]
            shown = font.read(operands[-1])
            beside = line is not None and abs(place - line) < _SAME_LINE
            out.append(_between(out[-1], shown, marked) if beside else "\n")
            out.append(shown)
            line, marked = place, False
    return "".join(out), "\n".join(said)


def _between(before: str, after: str, marked: bool) -> str:
    """Return what stands between two runs on a line: counts in two cells of a table are no one number."""
    return " | " if marked and before[-1:].isdigit() and after[:1].isdigit() else SEAM


def _said(operands: Sequence[Any]) -> list[str]:
    """Return the texts that a piece of marked content gives for what it shows."""
    import pikepdf

    about: Any = operands[1] if len(operands) > 1 and isinstance(operands[1], pikepdf.Dictionary) else {}
    return [str(about[key]) for key in ("/ActualText", "/Alt", "/E") if key in about]


def _times(inner: Any, outer: Matrix) -> Matrix:
    """Return the matrix that applies `inner` first, then `outer`."""
    a, b, c, d, e, f = (float(n) for n in inner)
    g, h, i, j, k, m = outer
    return a * g + b * i, a * h + b * j, c * g + d * i, c * h + d * j, e * g + f * i + k, e * h + f * j + m


class _Font:
    """Tells which characters the codes of a font stand for."""

    def __init__(self, font: Any) -> None:
        self._width = 2 if font is not None and font.get("/Subtype") == "/Type0" else 1
        has_map = font is not None and "/ToUnicode" in font
        self._known: Mapping[int, str] = dict(_characters(font.ToUnicode.read_bytes())) if has_map else {}

    def read(self, shown: Any) -> str:
        """Return the text of a string, or of an array of strings and shifts."""
        import pikepdf

        parts = shown if isinstance(shown, pikepdf.Array) else [shown]
        return "".join(self._decoded(bytes(part)) for part in parts if isinstance(part, pikepdf.String))

    def _decoded(self, raw: bytes) -> str:
        if self._width == 1 and not self._known:
            return raw.decode("cp1252", "replace")
        codes = (int.from_bytes(raw[i : i + self._width], "big") for i in range(0, len(raw), self._width))
        return "".join(self._known.get(code, "") for code in codes)


def _characters(cmap: bytes) -> Iterator[tuple[int, str]]:
    """Yield (code, characters) of a ToUnicode map."""
    for kind, body in _SECTION.findall(cmap):
        values = [
            bracket or closing or bytes.fromhex(digits.decode()) for digits, bracket, closing in _HEX.findall(body)
        ]
        at = 0
        while at + 1 < len(values):
            first = int.from_bytes(values[at], "big")
            if kind == b"bfchar":
                yield first, values[at + 1].decode("utf-16-be", "replace")
                at += 2
                continue
            last = int.from_bytes(values[at + 1], "big")
            if values[at + 2] == b"[":
                listed = values[at + 3 : at + 4 + last - first]
                yield from ((first + i, v.decode("utf-16-be", "replace")) for i, v in enumerate(listed))
                at += 5 + last - first
            else:
                start = int.from_bytes(values[at + 2], "big")
                size = len(values[at + 2])
                yield from (
                    (first + i, (start + i).to_bytes(size, "big").decode("utf-16-be", "replace"))
                    for i in range(last - first + 1)
                )
                at += 3
