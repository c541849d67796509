"""Variants of labelled pages, to train the judge of pages on more of what sites put around the same voices.

In a variant, furniture is exchanged for lines of `data/training/page-lines.jsonl` of the same place (above the voices,
between them, below), prompts for others of the same kind, some comments for short ones that look like furniture; parts
of the head are missing, and a voice may announce a list. The same seed makes the same variants.
"""

from __future__ import annotations

import json
import random
from collections import defaultdict
from dataclasses import dataclass, replace
from pathlib import Path

from pipeline.roles import COMMENT, NAVIGATION, PROMPT, TIP, Line

LINES = Path(__file__).resolve().parents[1] / "data" / "training" / "page-lines.jsonl"


@dataclass(frozen=True)
class Page:
    """A labelled page; a line without a label (part of a comment's own list) has None."""

    name: str
    lines: tuple[Line, ...]
    roles: tuple[str | None, ...]

    @property
    def voices(self) -> tuple[int, int]:
        """Places of the first and the last comment."""
        places = [i for i, role in enumerate(self.roles) if role == COMMENT]
        return (places[0], places[-1]) if places else (len(self.roles), -1)


def stock() -> dict[tuple[str, str], list[str]]:
    """Return the written lines by (language, kind)."""
    found: dict[tuple[str, str], list[str]] = defaultdict(list)
    for line in LINES.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        found[row["language"], row["kind"]].append(row["text"])
    return found


def variant(page: Page, rng: random.Random, lines: dict[tuple[str, str], list[str]]) -> Page:
    """Return the page with other furniture, prompts and short comments."""
    languages = sorted({language for language, _ in lines})
    own = page.name[:2] if page.name[:2] in languages else "en"
    language = own if rng.random() < 0.8 else rng.choice(languages)
    first, last = page.voices
    made: list[tuple[Line, str | None]] = []
    for i, (line, role) in enumerate(zip(page.lines, page.roles, strict=True)):
        place = "top" if i < first else "foot" if i > last else "meta"
        kind = _kind(page, i, place, line, made)
        chance = {"top": 0.85, "meta": 0.85, "foot": 0.85, "comment": 0.3}.get(kind, 0.6)
        text = rng.choice(lines[language, kind]) if kind and rng.random() < chance else line.text
        if kind == place and rng.random() < 0.25:
            made.append((replace(line, text=rng.choice(lines[language, place]), named=False), NAVIGATION))
        made.append((replace(line, text=text), role))
        if role == COMMENT and line.hint == "text" and place == "meta" and rng.random() < 0.08:
            made.append((replace(line, text=rng.choice(lines[language, place]), named=False), NAVIGATION))
    return _page(page.name, made)


def _kind(page: Page, i: int, place: str, line: Line, made: list[tuple[Line, str | None]]) -> str:
    """Return the kind of written line that may stand for a line of a page, or ""."""
    role, before = page.roles[i], {other for _, other in made}
    if line.hint not in {"text", "heading"} or (role != PROMPT and line.hint != "text"):
        return ""
    if role == PROMPT and i < page.voices[0]:
        follows = page.roles[i + 1] if i + 1 < len(page.roles) else None
        return (
            "closing" if TIP in before else "title" if PROMPT not in before else "lead" if follows == TIP else "intro"
        )
    return {NAVIGATION: place, COMMENT: "comment"}.get(role or "", "")


def thinned(page: Page, rng: random.Random) -> Page:
    """Return the page without a part of its head, and without some of its voices."""
    first, _ = page.voices
    head = [i for i in range(first) if page.roles[i] in {PROMPT, TIP}]
    prompts = [i for i in head if page.roles[i] == PROMPT]
    listed = [i for i in head if page.roles[i] == TIP]
    parts = (
        [i for i in prompts if listed and i > listed[0]], listed, [i for i in range(first) if i not in head],
        prompts[1:2], head[1:], head,
    )  # fmt: skip
    (gone,) = rng.choices([*parts, []], (25, 15, 15, 10, 12, 5, 18))
    voices = [i for i, role in enumerate(page.roles) if role == COMMENT]
    gone = [*gone, *rng.sample(voices, min(max(len(voices) - 1, 0), rng.randrange(6)))]
    unlisted = rng.random() < 0.05
    kept = [
        (replace(line, hint="text") if unlisted and line.hint == "bullet" else line, role)
        for i, (line, role) in enumerate(zip(page.lines, page.roles, strict=True))
        if i not in gone
    ]
    return _page(page.name, kept)


def signed(page: Page, rng: random.Random) -> Page:
    """Return the page with its author's name below the title, as if what follows were a contributor's."""
    first, _ = page.voices
    named = next((i for i in range(1, first) if page.roles[i] in {PROMPT, TIP}), first)
    end = rng.randrange(named, first) + 1 if named < first else first
    pairs = [
        (replace(line, voiced=True, named=i == named) if named <= i < end else line, role)
        for i, (line, role) in enumerate(zip(page.lines, page.roles, strict=True))
    ]
    return _page(page.name, pairs)


def with_list(page: Page, rng: random.Random, lines: dict[tuple[str, str], list[str]]) -> Page:
    """Return the page with a list that one of its first voices announces."""
    places = [i for i, role in enumerate(page.roles) if role == COMMENT][:4]
    language = page.name[:2] if (page.name[:2], "announcing") in lines else "en"
    if not places:
        return page
    i = rng.choice(places)
    tips = [line.text for line, role in zip(page.lines, page.roles, strict=True) if role == TIP]
    texts = tips or lines[language, "comment"]
    listed = [Line(rng.choice(texts), "bullet") for _ in range(rng.randrange(2, 5))]
    told = [(line, COMMENT) for line in (Line(rng.choice(lines[language, "announcing"])), *listed)]
    pairs = list(zip(page.lines, page.roles, strict=True))
    return _page(page.name, [*pairs[:i], *told, *pairs[i:]])


def _page(name: str, pairs: list[tuple[Line, str | None]]) -> Page:
    return Page(name, tuple(line for line, _ in pairs), tuple(role for _, role in pairs))
