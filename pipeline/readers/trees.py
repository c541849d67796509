"""JSON to lists of records: found at any depth, answers nested in a record flattened in the order of the document."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any, NamedTuple

from pipeline.readers.columns import Head, fold_name, is_known, known_names
from pipeline.readers.document import UnreadableError

MAX_KEYS = 200


class Record(NamedTuple):
    """An object's JSON pointer, and its plain values by key (`author/name` where objects nest)."""

    pointer: str
    values: dict[str, str]


class _Node(NamedTuple):
    value: Any
    pointer: str
    path: str
    """The pointer with `*` for every index: the same for the elements of one list, and of lists side by side."""
    record: str | None = None
    """Path of the record that this is a part of."""
    is_reply: bool = False
    is_element: bool = False


def parse(text: str) -> Any:
    """Return what a JSON text holds; raise `UnreadableError` where it is none, or nests too deep."""
    try:
        return json.loads(text)
    except RecursionError:
        raise UnreadableError("unreadable", "the JSON is nested too deep") from None
    except ValueError as error:
        raise UnreadableError("unreadable", f"no JSON: {error}") from None


def lists(root: Any) -> dict[str, list[Record]]:
    """Return the lists of objects (or of texts) by path, each with its records in the order of the document."""
    found: dict[str, list[Record]] = {}
    for node in _walk(_Node(root, "", "")):
        if isinstance(node.value, dict):
            found.setdefault(node.path, []).append(Record(node.pointer, dict(_values(node.value))))
        elif isinstance(node.value, str):
            found.setdefault(node.path, []).append(Record(node.pointer, {"text": node.value}))
    if not found and isinstance(root, dict):
        found[""] = [Record("/", dict(_values(root)))]
    return found


def heads(records: list[Record]) -> list[Head]:
    """Return the columns that records have between them, in the order in which they come.

    Exports may use ids as keys (`votes/u17`): of very many keys, those with a known name and the most frequent stay.
    """
    counts = Counter(name for record in records for name in record.values)
    names = list(counts)
    if len(names) > MAX_KEYS:
        last = {name: name.rsplit("/", 1)[-1] for name in names}
        kept = set(sorted(names, key=lambda name: (not is_known(last[name]), -counts[name]))[:MAX_KEYS])
        names = [name for name in names if name in kept]
    return [Head(name, fold_name(name.rsplit("/", 1)[-1]), name.count("/")) for name in names]


def shown(value: object) -> str:
    """Return a plain JSON value as text."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return f"{value:.15g}"
    return str(value)


def _walk(root: _Node) -> Iterator[_Node]:
    """Yield the elements of all lists, parents before children; a stack, since files may nest deeper than Python."""
    stack = [root]
    while stack:
        node = stack.pop()
        if node.is_element:
            yield node
        stack.extend(reversed(_children(node)))


def _children(node: _Node) -> list[_Node]:
    if isinstance(node.value, list):
        return _elements(node)
    if not isinstance(node.value, dict):
        return []
    record, is_reply = (node.path, False) if node.is_element else (node.record, node.is_reply)
    return [
        _Node(
            value,
            f"{node.pointer}/{_escaped(key)}",
            f"{node.path}/{_escaped(key)}",
            record,
            is_reply or (record is not None and fold_name(key) in known_names("replies")),
        )
        for key, value in node.value.items()
        if isinstance(value, dict | list) and not _is_rich_text(value)
    ]


def _elements(node: _Node) -> list[_Node]:
    """Return a list's elements: objects and lists; texts as well where they are no part of a record."""
    path = node.record if node.is_reply and node.record is not None else f"{node.path}/*"
    kinds = (dict, list) if node.record is not None else (dict, list, str)
    return [
        _Node(value, f"{node.pointer}/{i}", path, node.record, node.is_reply, is_element=not isinstance(value, list))
        for i, value in enumerate(node.value)
        if isinstance(value, kinds)
    ]


def _values(record: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield a record's plain values with their keys, those of objects inside it after them."""
    level = [("", record)]
    while level:
        deeper = []
        for prefix, part in level:
            for key, value in part.items():
                if isinstance(value, dict):
                    if fold_name(key) not in known_names("replies"):
                        deeper.append((f"{prefix}{_escaped(key)}/", value))
                elif not isinstance(value, list):
                    yield prefix + _escaped(key), shown(value)
                elif _is_rich_text(value):
                    yield prefix + _escaped(key), _joined(value)
        level = deeper


def _is_rich_text(value: object) -> bool:
    """Whether a list is one text in pieces, some of them plain (chat exports: `["See ", {"text": "this"}]`)."""
    if not isinstance(value, list) or not any(isinstance(piece, str) for piece in value):
        return False
    pieces = [piece for piece in value if not isinstance(piece, str)]
    return bool(pieces) and all(isinstance(piece, dict) and isinstance(piece.get("text"), str) for piece in pieces)


def _joined(pieces: list[Any]) -> str:
    return "".join(piece if isinstance(piece, str) else piece["text"] for piece in pieces)


def _escaped(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")
