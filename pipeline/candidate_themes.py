"""Candidate new themes: topics that the codebook doesn't know, written down as blocks for `codebook.toml`.

A block is a draft. Its definition is made of keywords and says so, and what belongs to the theme and what doesn't is
left to whoever takes it up. Sentences of the study stand in it only on demand: they would teach the coder what it is
then measured on, and what a codebook says may be published.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from pipeline.study import RESERVED_THEMES
from pipeline.wording import fold

_MAX_ID = 40


def block(
    topics: Sequence[Mapping[str, Any]],
    taken: Collection[str],
    drafts: Mapping[str, str],
    quotes: Mapping[str, Mapping[str, Sequence[str]]] | None = None,
) -> str:
    """Return TOML with one theme per topic, to be pasted at the end of `codebook.toml`; nothing for no topic.

    Args:
        topics: rows of `topic_results.build`.
        taken: ids that the codebook's themes have.
        drafts: per language of the report, the draft definition with `{keywords}` in it.
        quotes: where central units are to be examples, their words by topic id (as text) and language.
    """
    used = {*taken, *RESERVED_THEMES}
    blocks = []
    for topic in topics:
        theme_id = slug(topic, used)
        used.add(theme_id)
        blocks.append(_theme(topic, theme_id, drafts, (quotes or {}).get(str(topic["id"]), {})))
    return "\n".join(blocks)


def slug(topic: Mapping[str, Any], taken: Collection[str]) -> str:
    """Return an id for a topic that no theme has: the words of its label, without accents, in ASCII."""
    words = re.findall(r"[a-z0-9]+", fold(topic["label"]))
    base = "-".join(words)[:_MAX_ID].strip("-").lstrip("0123456789-") or f"topic-{topic['id']}"
    if base not in taken:
        return base
    return next(f"{base}-{i}" for i in range(2, len(taken) + 3) if f"{base}-{i}" not in taken)


def _theme(
    topic: Mapping[str, Any], theme_id: str, drafts: Mapping[str, str], quotes: Mapping[str, Sequence[str]]
) -> str:
    held = "" if topic["appears"] is None else f", {topic['steadiness']}"
    lines = [
        f"# Topic {topic['id']}: {topic['n_units']} units of {topic['n_voices']} voices, of which {topic['n_other']} "
        f"other and {topic['n_abstained']} abstained{held}.",
        *(f"# Central units, {code}: {', '.join(ids)}" for code, ids in topic["central"].items()),
        "[[themes]]",
        f"id = {_text(theme_id)}",
        "",
        "[themes.label]",
        *(f"{code} = {_text(_label(topic, code))}" for code in drafts),
        "",
        "[themes.definition]",
        *(f"{code} = {_text(draft.format(keywords=_keywords(topic, code)))}" for code, draft in drafts.items()),
        "",
        "[themes.include]",
        "",
        "[themes.exclude]",
        "",
        "[themes.examples]",
    ]
    for code, texts in sorted(quotes.items()):
        lines += [f"{_key(code)} = [", *(f"  {_text(text)}," for text in texts), "]"]
    return "\n".join(lines) + "\n"


def _label(topic: Mapping[str, Any], code: str) -> str:
    found: str = topic["labels"].get(code, {}).get("text") or topic["label"]
    return found


def _keywords(topic: Mapping[str, Any], code: str) -> str:
    """Return the keywords in a language, else in all."""
    keywords: Mapping[str, Sequence[str]] = topic["keywords"]
    return ", ".join(keywords.get(code) or [word for words in keywords.values() for word in words]) or topic["label"]


def _text(text: str) -> str:
    """Return a TOML string on one line; what could end it or do something to a terminal is escaped."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(c if c.isprintable() else f"\\U{ord(c):08x}" for c in escaped) + '"'


def _key(code: str) -> str:
    return code if re.fullmatch(r"[A-Za-z0-9_-]+", code) else _text(code)
