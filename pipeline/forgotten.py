"""Who is to be forgotten: tombstones that name nobody, and what they know again in a capture.

`data/forgotten.toml` holds, for each contributor (or each passage that nobody signed), keyed hashes made with the
secret behind the pseudonyms: of the name and the ways it is written, and of texts that repeat theirs unsigned. Without
the key they say nothing; with it, `ingest` knows the person again in any capture, now or later, and drops what they
said. The words that are dropped are replaced by blocks of the same length, so that no other offset moves.
"""

from __future__ import annotations

import hashlib
import hmac
import itertools
import json
import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from pipeline.errors import GlosaError
from pipeline.study import Study
from pipeline.wording import fold

FILE = "data/forgotten.toml"
VOICE, PASSAGE = "voice", "passage"
BLANK = "\u2588"
RUN = 5
"""So many words in a row are taken for somebody's own."""
_WORD = re.compile(r"\w+")
_NOT_LINE_END = re.compile(r"[^\n]")
_HEADER = """\
# Contributors and passages that are no longer part of this study. Nobody is named here: the hashes are made with
# the study's voice key, and with it every run knows the same person again and drops what they said. Keep both.
"""
Span = tuple[int, int]
_Token = tuple[int, int, str]


class Tombstone(BaseModel):
    """One contributor, or one passage that nobody signed; every hash is keyed, `key` says with which key."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    date: str = Field(pattern=r"^\d{4}-\d\d-\d\d$")
    kind: Literal["voice", "passage"]
    key: str
    dropped: int = Field(default=0, ge=0)
    """How many passages were dropped on that day."""
    reason: str = ""
    voices: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    words_of_names: tuple[int, ...] = ()
    beginnings: tuple[str, ...] = ()
    """Of the first words of the names, so that few other words need be looked at twice."""
    copies: tuple[str, ...] = ()
    """Of comments: dropped where nobody has signed them."""
    texts: tuple[str, ...] = ()
    """Of passages of any role: dropped where nobody has signed them."""


class Memory:
    """Knows forgotten voices, texts and names again.

    Args:
        tombstones: what `data/forgotten.toml` holds.
        keys: the secrets there are, by their marks; see `keys_of`.
    """

    def __init__(self, tombstones: Iterable[Tombstone], keys: Mapping[str, bytes]) -> None:
        self.tombstones = tuple(tombstones)
        self._keys = {tombstone.key: keys[tombstone.key] for tombstone in self.tombstones}
        self._known = {
            what: frozenset(mark for tombstone in self.tombstones for mark in getattr(tombstone, what))
            for what in ("voices", "names", "beginnings", "copies", "texts")
        }
        self._lengths = sorted({n for t in self.tombstones for n in t.words_of_names}, reverse=True)

    def knows_voice(self, name: str | None) -> bool:
        """Whether a contributor's name, as captured, is that of a forgotten one."""
        return bool(name) and self._knows("voices", fold(name or ""))

    def knows_text(self, text: str, is_comment: bool) -> bool:
        """Whether a text that nobody signed is to be dropped."""
        folded = fold(text)
        return self._knows("texts", folded) or (is_comment and self._knows("copies", folded))

    def name_spans(self, text: str) -> list[Span]:
        """Return the words of a text that name somebody forgotten, one span per word.

        A single word must be written as a name is: with a capital, a digit or an underscore.
        """
        if not self._lengths:
            return []
        tokens = _tokens(text)
        begins = {word: self._knows("beginnings", word) for word in {word for _, _, word in tokens}}
        spans: list[Span] = []
        end = 0
        for place, (_, _, word) in enumerate(tokens):
            if place < end or not begins[word]:
                continue
            size = next((n for n in self._lengths if self._is_name(text, tokens[place : place + n], n)), 0)
            spans += [(start, stop) for start, stop, _ in tokens[place : place + size]]
            end = place + size
        return spans

    def _is_name(self, text: str, tokens: Sequence[_Token], length: int) -> bool:
        if len(tokens) < length:
            return False
        if length == 1:
            start, end, _ = tokens[0]
            if not (text[start].isupper() or re.search(r"[\d_]", text[start:end])):
                return False
        elif any(b[0] - a[1] > 3 for a, b in itertools.pairwise(tokens)):
            return False
        return self._knows("names", " ".join(word for _, _, word in tokens))

    def _knows(self, what: str, folded: str) -> bool:
        known = self._known[what]
        return bool(known and folded) and any(mark(key, what, folded) in known for key in self._keys.values())


def mark(key: bytes, what: str, folded: str) -> str:
    """Return the keyed hash of a folded name or text; `what` keeps names and texts apart."""
    return hmac.new(key, f"forgotten {what}\x1f{folded}".encode(), hashlib.sha256).hexdigest()[:32]


def mark_of_key(key: bytes) -> str:
    """Return a short mark by which a tombstone knows its key again."""
    return hashlib.sha256(b"glosa voice key\x1f" + key).hexdigest()[:8]


def keys_of(study: Study) -> dict[str, bytes]:
    """Return every secret of the study by its mark: its own, and the public one of an invented corpus."""
    files = (study.root / "voice.key", study.raw / ".public-voice-key")
    return {mark_of_key(key): key for key in (file.read_bytes() for file in files if file.is_file())}


def load(study: Study) -> Memory:
    """Return what the study must not remember; raise `GlosaError` where the file or the key to it is damaged."""
    file = study.root / FILE
    tombstones = read(file)
    keys = keys_of(study)
    lost = next((t for t in tombstones if t.key not in keys), None)
    if lost is not None:
        raise GlosaError(
            file, f"the tombstone of {lost.date} was made with a voice key that is not here (mark {lost.key}).",
            f"the study's first {study.root / 'voice.key'}; without it forgotten people can't be recognised.",
            "Put the old voice.key back. Where it is lost, forget the people again with the new key, then remove the "
            "old tombstones from the file.",
        )  # fmt: skip
    return Memory(tombstones, keys)


def read(file: Path) -> list[Tombstone]:
    """Return the tombstones of a file, none where there is no file; raise `GlosaError` where it is damaged."""
    if not file.is_file():
        return []
    try:
        value = tomllib.loads(file.read_text(encoding="utf-8"))
        return [Tombstone.model_validate(entry) for entry in value.get("forgotten", [])]
    except (OSError, ValueError, ValidationError) as error:
        raise GlosaError(
            file, f"it can't be read ({str(error).splitlines()[0][:120]}).", "tombstones as `glosa forget` writes.",
            "Put the file back as Glosa wrote it: without it, people who asked to be forgotten would come back.",
        ) from None  # fmt: skip


def dump(tombstones: Iterable[Tombstone]) -> bytes:
    """Return the content of `data/forgotten.toml`."""
    entries = []
    for tombstone in tombstones:
        rows = [f"{key} = {_toml(value)}" for key, value in tombstone.model_dump().items()]
        entries.append("\n".join(["[[forgotten]]", *rows]) + "\n")
    return "\n".join([_HEADER, *entries]).encode()


def is_blank(text: str) -> bool:
    """Whether all words of a text have been replaced by blocks, as `glosa forget --raw` leaves it in a capture."""
    return BLANK in text and not _WORD.search(text)


def blanked(text: str, spans: Iterable[Span]) -> str:
    """Return a text of the same length with blocks in these spans; line ends stay."""
    out, place = [], 0
    for start, end in sorted(spans):
        out += [text[place:start], _NOT_LINE_END.sub(BLANK, text[max(start, place) : max(end, place)])]
        place = max(end, place)
    return "".join([*out, text[place:]])


def runs(texts: Iterable[str]) -> frozenset[tuple[str, ...]]:
    """Return every run of five words in the texts, folded, by which their words are known again elsewhere."""
    found: set[tuple[str, ...]] = set()
    for text in texts:
        own = fold(text).split()
        found.update(tuple(own[i : i + RUN]) for i in range(len(own) - RUN + 1))
    return frozenset(found)


def run_spans(text: str, known: frozenset[tuple[str, ...]]) -> list[Span]:
    """Return where a text holds one of these runs of words."""
    if not known:
        return []
    tokens = [token for token in _tokens(text) if token[2]]
    folded, begins = [word for _, _, word in tokens], {run[0] for run in known}
    return [
        (tokens[i][0], tokens[i + RUN - 1][1])
        for i in range(len(tokens) - RUN + 1)
        if folded[i] in begins and tuple(folded[i : i + RUN]) in known
    ]


def _tokens(text: str) -> list[_Token]:
    """Return the words of a text: start, end, and the word folded."""
    known: dict[str, str] = {}
    found = []
    for match in _WORD.finditer(text):
        word = match.group()
        if word not in known:
            known[word] = fold(word)
        found.append((*match.span(), known[word]))
    return found


def _toml(value: Any) -> str:
    """Write a text, a number or a list as TOML; JSON's strings are TOML's, too."""
    if isinstance(value, tuple):
        return "[" + ", ".join(map(_toml, value)) + "]"
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
