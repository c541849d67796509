"""Tables of records: CSV, TSV, XLSX and JSONL. One record's text is one block."""

from __future__ import annotations

import csv
import io
import json
import re
import unicodedata
from collections.abc import Mapping, Sequence
from pathlib import PurePath
from types import MappingProxyType
from typing import Any

from pipeline.readers.decoding import decode
from pipeline.readers.document import Builder, Document, SetAside, UnreadableError

# Names under which exports in several languages keep a field, folded (see `_fold`); matched whole, then as
# a part of the header.
FIELD_NAMES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "text": (
            "text",
            "texto",
            "comment",
            "comentario",
            "comentário",
            "commentaire",
            "kommentar",
            "commento",
            "answer",
            "respuesta",
            "resposta",
            "reponse",
            "antwort",
            "risposta",
            "response",
            "content",
            "contenido",
            "conteudo",
            "body",
            "message",
            "mensaje",
            "mensagem",
            "opinion",
            "testo",
            "texte",
            "post",
            "verbatim",
            "cuerpo",
        ),
        "voice": (
            "author",
            "autor",
            "autora",
            "auteur",
            "autore",
            "name",
            "nombre",
            "nome",
            "nom",
            "user",
            "username",
            "usuario",
            "participant",
            "participante",
            "pessoa",
            "persona",
            "respondent",
            "voice",
            "contributor",
            "verfasser",
        ),
        "language": (
            "language",
            "lang",
            "idioma",
            "lengua",
            "lingua",
            "língua",
            "langue",
            "sprache",
            "locale",
        ),
    }
)
_NULLS = frozenset({"", "nan", "null", "none", "n/a", "na", "-", "--", "s/r", "#n/a"})
_MAX_CELL = 10_000_000


def read_delimited(content: bytes, path: PurePath) -> list[Document]:
    """Read a CSV or TSV export; the separator is found from the header and the first lines."""
    decoded, encoding = decode(content)
    csv.field_size_limit(_MAX_CELL)
    rows = list(csv.reader(io.StringIO(decoded), delimiter=_separator(decoded, path)))
    return [_document(rows, path.suffix[1:].lower(), encoding, "")]


def read_workbook(content: bytes, path: PurePath) -> list[Document]:
    """Read every sheet of an XLSX workbook that holds anything."""
    import python_calamine

    try:
        book = python_calamine.load_workbook(io.BytesIO(content))
        sheets = [(name, book.get_sheet_by_name(name).to_python()) for name in book.sheet_names]
    except Exception as error:  # the parser's own errors have no common base
        raise UnreadableError("unreadable", f"no workbook: {error}") from None
    used = [(name, [[_cell(value) for value in row] for row in rows]) for name, rows in sheets if rows]
    if not used:
        raise UnreadableError("empty_file", "the workbook has no filled sheet")
    return [_document(rows, path.suffix[1:].lower(), "utf-8", name) for name, rows in used]


def read_jsonl(content: bytes, _: PurePath) -> list[Document]:
    """Read one JSON object per line; `{"text": "…"}` is enough."""
    decoded, encoding = decode(content)
    builder = Builder()
    set_aside: list[SetAside] = []
    fields: dict[str, str] | None = None
    for number, line in enumerate(decoded.split("\n"), start=1):
        if not line.strip():
            continue
        locator = f"line {number}"
        record = _json_object(line)
        if record is None:
            set_aside.append(SetAside(locator, "bad_record", "not a JSON object"))
            continue
        if fields is None or fields["text"] not in record:
            fields = _fields(list(record)) or fields
        if fields is None or fields["text"] not in record:
            set_aside.append(SetAside(locator, "no_text_column", f"keys: {', '.join(map(str, record))[:200]}"))
            continue
        _add(builder, set_aside, {role: _cell(record.get(key)) for role, key in fields.items()}, locator)
    if not builder.blocks and not set_aside:
        raise UnreadableError("empty_file", "no record")
    return [Document("jsonl", encoding, "", builder.text, builder.blocks, tuple(set_aside), is_page=False)]


def _document(rows: Sequence[Sequence[str]], kind: str, encoding: str, part: str) -> Document:
    header_row = next((i for i, row in enumerate(rows) if sum(bool(cell.strip()) for cell in row)), None)
    if header_row is None:
        raise UnreadableError("empty_file", "no filled row")
    header = [cell.strip() for cell in rows[header_row]]
    named = [name for name in header if name]
    fields = _fields(header) or ({"text": named[0]} if len(named) == 1 else None)
    if fields is None:
        raise UnreadableError(
            "no_text_column", f"columns: {', '.join(header)[:200]}; expected one such as text or comment"
        )
    places = {role: header.index(name) for role, name in fields.items()}
    builder = Builder()
    set_aside: list[SetAside] = []
    for number, row in enumerate(rows[header_row + 1 :], start=1):
        if not any(cell.strip() for cell in row):
            continue
        values = {role: row[place] if place < len(row) else "" for role, place in places.items()}
        _add(builder, set_aside, values, f"record {number}")
    return Document(kind, encoding, part, builder.text, builder.blocks, tuple(set_aside), part, is_page=False)


def _add(builder: Builder, set_aside: list[SetAside], values: Mapping[str, str], locator: str) -> None:
    """Add one record's text, or set it aside where there is none."""
    text = values["text"].strip()
    if text.lower() in _NULLS:
        set_aside.append(SetAside(locator, "empty_cell", f"the text is {text!r}" if text else "the text is empty"))
        return
    voice, tag = values.get("voice", "").strip(), values.get("language", "").strip()
    builder.add(values["text"], locator, "comment", voice or None, tag or None)


def _fields(header: Sequence[str]) -> dict[str, str] | None:
    """Return which header plays which role, or None where none can be the text."""
    folded = {name: _fold(name) for name in header if name}
    found: dict[str, str] = {}
    for role, names in FIELD_NAMES.items():
        whole = [name for name, key in folded.items() if key in names]
        partial = [name for name, key in folded.items() if set(key.split()) & set(names)]
        chosen = next((name for name in (*whole, *partial) if name not in found.values()), None)
        if chosen:
            found[role] = chosen
    return found if "text" in found else None


def _fold(name: str) -> str:
    stripped = "".join(c for c in unicodedata.normalize("NFKD", name.casefold()) if not unicodedata.combining(c))
    return re.sub(r"[^a-z0-9]+", " ", stripped).strip()


def _separator(text: str, path: PurePath) -> str:
    if path.suffix.lower() == ".tsv":
        return "\t"
    header = next((line for line in text.split("\n") if line.strip()), "")
    return max(",;\t|", key=header.count)


def _json_object(line: str) -> dict[str, Any] | None:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value)
