"""Sentences with spaCy: its tokenizer per language, and a rule-based component that sets the boundaries."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

from pipeline.languages import UNDETERMINED, Lexicon, lexicon
from pipeline.wording import trim

_OPEN = "\"'“‘«»„(\\[¿¡*_"
_CLOSE = "\"'”’“»«)\\]*_"
_UPPER = "A-ZÀ-ÖØ-ÞĀŁŃŚŠŽ"
_EMOJI = "\U0001f000-\U0001faff\u2600-\u27bf\u2b50\u2764\ufe0f\u200d\U0001f3fb-\U0001f3ff"

# A run of end marks, closing quotes, then white space or (a missing space) the start of another sentence.
_END = re.compile(
    rf"(?P<marks>[.!?…]+)(?P<close>(?:[ \xa0\u202f]?»)?[{_CLOSE}]*)"
    rf"(?:(?P<gap>[ \t\xa0]*)(?=[{_EMOJI}])|(?P<space>\s+)|(?=[{_OPEN}]*[{_UPPER}])|$)"
)
_NEWLINE = re.compile(rf"\n\s*(?=[{_OPEN}{_EMOJI}]*(?:[{_UPPER}\d]|[-•*–]\s))|\n\s*\n\s*")
_EMOJI_END = re.compile(rf"[{_EMOJI}]+\s+(?=[{_OPEN}]*[{_UPPER}])")
_ITEM = re.compile(r"(?:(?<=\s)|^)\(?(\d{1,2})[.)]\s+(?=\S)")
_INITIAL = re.compile(rf"(?<![^\s(.])(?![IYAOEÉÀ]\.)[{_UPPER}]\.(?=\s*[{_UPPER}])")
_ORDINAL = re.compile(r"(?<!\d[.,])\b\d{1,2}\.(?=\s+[^\W\d_])")
# Words of their own that are abbreviations only before a number: No. 5, Art. 3, Fig. 2.
_BEFORE_NUMBER = re.compile(r"\b(nos?|nr|art|fig|sec|cap|kap|abs|par|tab|vol|pp?|pág|núm)\.(?=\s*\d)", re.IGNORECASE)
_ORDINAL_DOT = frozenset({"de", "da", "nb", "fi", "cs"})
_SENTENCE_FINAL = frozenset({"etc.", "ecc.", "usw.", "a.m.", "p.m.", "cia.", "jr."})
_NAME = rf"(?:[{_UPPER}]\.|[{_UPPER}][\w'’-]*)"
_ATTRIBUTION = re.compile(
    rf"[\"”»“]\s*[–—-]\s*(?P<name>{_NAME}(?: (?:de|da|do|dos|von|van|di|la|del|{_NAME})){{1,4}})(?P<rest> +[^\W\d_])?"
)
_DASH_AFTER_QUOTE = re.compile(r"\s*[–—-]\s")
_MISSING_SPACE = rf"(?<=[^\W\d_]{{2}})[.!?…]+(?=[{_OPEN}]*[{_UPPER}][^\W\d_])"


def split(texts: Sequence[str], languages: Sequence[str]) -> Iterator[list[tuple[int, int]]]:
    """Yield, per text, the spans of its sentences: trimmed, in order, without overlap."""
    for text, language in zip(texts, languages, strict=True):
        doc = _pipeline(language)(text)
        yield _joined(text, [trim(text, s.start_char, s.end_char) for s in doc.sents])


def boundaries(text: str, words: Lexicon) -> set[int]:
    """Return the offsets at which a new sentence starts (the first is not listed)."""
    starts = _ends(text, words) | {m.end() for m in _NEWLINE.finditer(text)}
    starts |= {m.end() for m in _EMOJI_END.finditer(text)}
    items = _enumeration(text)
    starts = {s for s in starts if not any(item < s <= mark_end for item, mark_end in items)}
    starts |= {item for item, _ in items}
    for match in _ATTRIBUTION.finditer(text):
        starts = {s for s in starts if not match.start() < s < match.end("name")}
        starts |= _after_attribution(match, words)
    return {s for s in starts if 0 < s < len(text)}


def _ends(text: str, words: Lexicon) -> set[int]:
    """Return the starts that follow end marks, abbreviations and initials left out."""
    starts = set()
    protected = _protected(text, words)
    for match in _END.finditer(text):
        following = text[match.end() : match.end() + 1]
        if not following or (match["marks"] == "." and match.start() in protected):
            continue
        lower = following.islower()
        if lower and (match["close"] or match["marks"].startswith(("...", "…", ".."))):
            continue
        if match["close"] and _DASH_AFTER_QUOTE.match(text, match.end("close")):
            continue
        if match["gap"] is None:
            starts.add(match.end())
    return starts


def _protected(text: str, words: Lexicon) -> set[int]:
    """Return the offsets of dots that end no sentence: in abbreviations, after initials and ordinals."""
    dots = {m.end() - 1 for m in _INITIAL.finditer(text)} | {m.end(1) for m in _BEFORE_NUMBER.finditer(text)}
    if words.code in _ORDINAL_DOT:
        dots |= {m.end() - 1 for m in _ORDINAL.finditer(text)}
    pattern = _abbreviations(words)
    for match in pattern.finditer(text) if pattern else ():
        found = match[0].lower()
        last = match.end() - 1
        dots |= {match.start() + i for i, char in enumerate(found[:-1]) if char == "."}
        if not (found in _SENTENCE_FINAL and _starts_sentence(text, match.end())):
            dots.add(last)
    return dots


def _starts_sentence(text: str, place: int) -> bool:
    return bool(re.match(rf"\s*[{_OPEN}]*[{_UPPER}]", text[place : place + 4]))


@cache
def _abbreviations(words: Lexicon) -> re.Pattern[str] | None:
    listed = sorted((a for a in words.abbreviations if a.endswith(".")), key=lambda a: (-len(a), a))
    options = "|".join(re.escape(a).replace(r"\ ", r"\s?") for a in listed)
    return re.compile(rf"(?<![^\W_])(?:{options})", re.IGNORECASE) if listed else None


def _enumeration(text: str) -> list[tuple[int, int]]:
    """Return (start, end) of the marks of an enumeration 1. … 2. … inside one text."""
    marks = list(_ITEM.finditer(text))
    run: list[re.Match[str]] = []
    for mark in marks:
        if int(mark[1]) == len(run) + 1:
            run.append(mark)
    return [(m.start(), m.end()) for m in run] if len(run) > 1 else []


def _after_attribution(match: re.Match[str], words: Lexicon) -> set[int]:
    """After a quotation's author the next sentence may begin with no full stop between.

    It begins with the first word after the author's two that is a function word, else, where lower case
    follows, with the last capitalised word of three or more.
    """
    names = match["name"].split(" ")
    place = match.start("name") + len(names[0]) + 1
    for i, name in enumerate(names[1:], start=1):
        if i > 1 and name[0].isupper() and name.lower() in words.stop:
            return {place}
        place += len(name) + 1
    if match["rest"] is None:
        return set()
    if match["rest"].strip().islower() and len(names) >= 3:
        return {match.end("name") - len(names[-1])}
    return {match.end("name") + 1} if match["rest"].strip().isupper() else set()


def _joined(text: str, spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Join a span without letters or digits (an emoji, stray marks) to its neighbour."""
    joined: list[tuple[int, int]] = []
    for start, end in spans:
        if start == end:
            continue
        bare = not any(char.isalnum() for char in text[start:end])
        if joined and (bare or not any(char.isalnum() for char in text[slice(*joined[-1])])):
            joined[-1] = (joined[-1][0], end)
        else:
            joined.append((start, end))
    return joined


@cache
def _pipeline(language: str) -> Any:
    """Return spaCy's blank pipeline of the language with our boundaries in it."""
    import spacy
    from spacy.language import Language
    from spacy.tokens import Doc

    if not Language.has_factory("glosa_boundaries"):

        @Language.factory("glosa_boundaries")  # type: ignore[untyped-decorator]
        def make(nlp: Any, name: str) -> Any:  # noqa: ARG001
            def component(doc: Doc) -> Doc:
                starts = boundaries(doc.text, lexicon(nlp.meta["lang"] if nlp.lang != "xx" else language))
                pending = sorted(starts, reverse=True)
                for token in doc:
                    begins = token.i == 0
                    while pending and token.idx >= pending[-1]:
                        pending.pop()
                        begins = True
                    token.is_sent_start = begins
                return doc

            return component

    nlp = spacy.blank(language if language != UNDETERMINED and _has_spacy(language) else "xx")
    nlp.tokenizer.token_match = None
    nlp.tokenizer.url_match = None
    nlp.tokenizer.infix_finditer = spacy.util.compile_infix_regex(
        [*(nlp.Defaults.infixes or []), _MISSING_SPACE],
    ).finditer
    nlp.max_length = 100_000_000
    nlp.add_pipe("glosa_boundaries")
    return nlp


def _has_spacy(language: str) -> bool:
    from importlib.util import find_spec

    return find_spec(f"spacy.lang.{language}") is not None
