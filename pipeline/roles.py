"""What each block of a source is: prompt, tip, comment or navigation.

Structure decides before wording. Records (a survey, a forum export) are comments by construction. On a page,
what the mark-up calls furniture is navigation; the head (title, question, intro, bulleted tips, closing
question, and its repetitions) is prompt and tip; below it voices are comments, until a list of links to
other articles begins. Word lists come from `pipeline/languages`; what they don't know is left to a `Judge`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import takewhile
from typing import Protocol

from pipeline.languages import all_lexicons
from pipeline.wording import fold

PROMPT, TIP, COMMENT, NAVIGATION = "prompt", "tip", "comment", "navigation"

_GLUED = re.compile(r"^[^\s.!?¿¡,;:]+(?: [^\s.!?¿¡,;:]+){0,6}?[a-zà-ÿ)](?=[A-ZÀ-ÖØ-Þ¿¡][\w¿¡']*[\s,])")
_COUNTS = re.compile(r"[\d.,:%+/#()\s·•|…★☆👍❤-]+")
_PARTS = re.compile(r"[?!.|·•]+|\s{2,}|[^\w\s'’,;:()/&-]+")
_CRUMBS = re.compile(r"\S\s+[»›]\s+\S")
_SENTENCE_END = re.compile(r"[.!?…]+[\"”»')\]]*(?=\s|$)")
_MAX_LINK = 220
_MAX_FURNITURE_WORDS = 12
_MAX_DATE_WORDS = 6
_MAX_COUNTED = 60


@dataclass(frozen=True, slots=True)
class Line:
    """A block as the rules see it: its words, and the hint of its format (`readers.document.Hint`)."""

    text: str
    hint: str = "text"
    voiced: bool = False
    """Whether the page names who says it."""
    named: bool = False
    """Whether that name stands right above it."""


class Judge(Protocol):
    """Judges what no list knows of a page."""

    def furniture(self, lines: Sequence[Line], known: Sequence[bool]) -> Sequence[bool]:
        """Return which lines are furniture, from those which the lists know for it."""
        ...

    def head(self, lines: Sequence[Line], furniture: Sequence[bool]) -> Sequence[str]:
        """Return the roles of the lines of the head, as far as it goes; furniture among them counts for nothing."""
        ...


def assign(lines: Sequence[Line], is_page: bool, judge: Judge | None = None) -> list[str]:
    """Return the role of every block of one source, in order; without a `judge`, by lists and marks alone."""
    if not is_page:
        return [COMMENT] * len(lines)
    marked = any(line.hint == "comment" for line in lines)
    known = furniture_of(lines)
    furniture = judge.furniture(lines, known) if judge else known
    head = [] if marked else _head(lines, furniture, judge)
    if not marked:
        furniture = _with_links(lines, furniture, len(head))
    assigned = [_role(line, furniture[i], head[i] if i < len(head) else None, marked) for i, line in enumerate(lines)]
    asked = {fold(line.text) for line, role in zip(lines[: len(head)], assigned, strict=False) if role == PROMPT}
    return [
        PROMPT if role == COMMENT and not line.voiced and _is_asked(line, asked) else role
        for line, role in zip(lines, assigned, strict=True)
    ]


def furniture_of(lines: Sequence[Line]) -> list[bool]:
    """Return which blocks are page furniture by their mark-up or their own words."""
    return [_is_furniture(line) for line in lines]


def _is_asked(line: Line, asked: set[str]) -> bool:
    """The page asking again further down: a prompt of its head, or an invitation to write."""
    if line.hint == "comment":
        return False
    folded = fold(line.text)
    return (folded in asked and folded.count(" ") > 2) or _is_invitation(line.text)


def _role(line: Line, is_furniture: bool, in_head: str | None, marked: bool) -> str:
    """Return one block's role: `in_head` is what it is in the head; `marked`, the format says what is a comment."""
    if line.hint == "comment" or (line.voiced and not in_head):
        return NAVIGATION if is_furniture and _is_short(line.text) else COMMENT
    if is_furniture:
        return NAVIGATION
    if line.hint in {"title", "heading"}:
        return PROMPT
    if marked:
        return TIP if line.hint == "bullet" else PROMPT
    return in_head or COMMENT


def _with_links(lines: Sequence[Line], furniture: Sequence[bool], head: int) -> list[bool]:
    """Return which blocks are furniture once lists of links to other articles are counted in.

    A list begins with a known heading and goes on while blocks look like titles; or it is what the page ends
    with, where categories are glued to the titles. Half-known lines right before such an end belong to it.
    """
    found = list(furniture)
    in_links = False
    for i in range(head, len(lines)):
        text = lines[i].text
        in_links = _is_related_heading(text) or (in_links and _looks_like_link(text))
        found[i] = found[i] or in_links
    tail = _glued_tail(lines, head)
    found[tail:] = [True] * (len(lines) - tail)
    before = tail - 1
    while tail < len(lines) and before >= head and (found[before] or _is_half_known(lines[before].text)):
        found[before] = True
        before -= 1
    return found


def _glued_tail(lines: Sequence[Line], head: int) -> int:
    """Return where the list of links that ends the page begins: titles with a glued category.

    One such title is enough where it is no sentence: product names in comments are glued as well ("WhatsApp").
    """
    start, glued = len(lines), 0
    if not lines:
        return 0
    last_is_title = not lines[-1].text.rstrip().endswith((".", "!", "…"))
    for i in range(len(lines) - 1, head - 1, -1):
        if not _looks_like_link(lines[i].text):
            break
        if is_glued(lines[i].text):
            start, glued = i, glued + 1
    return start if glued > 1 or (glued == 1 and start == len(lines) - 1 and last_is_title) else len(lines)


def _head(lines: Sequence[Line], furniture: Sequence[bool], judge: Judge | None) -> list[str]:
    """Return the roles of the blocks of the page's head; a repeated head is head as well."""
    if judge is None:
        head = takewhile(lambda line: line.hint in {"title", "heading", "bullet"}, lines)
        return [TIP if line.hint == "bullet" else PROMPT for line in head]
    found = list(judge.head(lines, furniture))
    again = lines[len(found) : _repeated_head(lines, furniture)]
    return found + [TIP if line.hint == "bullet" else PROMPT for line in again]


def _repeated_head(lines: Sequence[Line], furniture: Sequence[bool]) -> int:
    """Return where a head that the capture holds twice in a row ends, or 0: its first line comes again."""
    folded = [fold(line.text) for line in lines]
    first = next((i for i, known in enumerate(furniture) if not known), len(lines))
    if first == len(lines):
        return 0
    again = next((i for i in range(first + 2, len(lines)) if folded[i] == folded[first]), len(lines))
    length = again - first
    return again + length if folded[first:again] == folded[again : again + length] else 0


def _is_invitation(text: str) -> bool:
    """A short block in which the page asks its readers to write."""
    folded = fold(text)
    return _is_short(text) and any(f" {phrase}" in f" {folded}" for phrase in _phrases("invitations"))


def _is_furniture(line: Line) -> bool:
    if line.hint == "chrome":
        return True
    bare = _without_dates(fold(_COUNTS.sub(" ", line.text)))
    if not bare or _is_banner(line.text, bare):
        return True
    if len(bare.split()) > _MAX_FURNITURE_WORDS:
        return False
    parts = [part for piece in _PARTS.split(line.text) if (part := fold(_COUNTS.sub(" ", piece)))]
    return _is_known(bare) or all(map(_is_known, parts)) or _is_made_of_furniture(line)


def _is_banner(text: str, folded: str) -> bool:
    """A cookie or login banner, a breadcrumb trail, a copyright line."""
    crumbs = len(_CRUMBS.findall(text)) and not _SENTENCE_END.search(text)
    return bool(crumbs) or text.startswith("©") or any(folded.startswith(phrase) for phrase in _phrases("banners"))


def is_comments_heading(text: str) -> bool:
    """Tell whether a line is one that sites put above the comments, whatever number stands beside it."""
    return fold(_COUNTS.sub(" ", text)) in _phrases("comment_headings")


def is_glued(text: str) -> bool:
    """Tell whether a category is glued to what follows ("CareerHow to leave"), as in lists of links."""
    return bool(_GLUED.match(text))


def vocabulary(text: str) -> tuple[int, int, int]:
    """Return how many of a line's words page furniture uses, how many are no stop words, and how many there are."""
    folded = fold(text).split()
    content = [word for word in folded if word not in _stop_words()]
    return sum(word in _furniture_words() for word in content), len(content), len(folded)


def _is_known(folded: str) -> bool:
    return any(folded in _phrases(kind) for kind in ("furniture", "related", "comment_headings"))


def _is_made_of_furniture(line: Line) -> bool:
    """A line that is no sentence, and whose words are those of page furniture ("31 views · 9 likes").

    Beside a number half of them are enough ("4.2 of 5 stars (61 ratings)").
    """
    if line.hint == "bullet" or _SENTENCE_END.search(line.text):
        return False
    dates = _phrases("months")
    content = [word for word in fold(_COUNTS.sub(" ", line.text)).split() if word not in _stop_words() | dates]
    known = sum(word in _furniture_words() for word in content)
    counted = any(char.isdigit() for char in line.text) and len(line.text) <= _MAX_COUNTED
    return 0 < known == len(content) <= 6 if not counted or len(content) > 6 else known >= max(1, 0.5 * len(content))


def _is_related_heading(text: str) -> bool:
    return fold(text) in _phrases("related")


def _looks_like_link(text: str) -> bool:
    """A title of another article: one sentence, not long; its category may be glued to it."""
    if is_glued(text) and len(text) <= _MAX_LINK:
        return True
    return len(text) <= _MAX_LINK and len(_SENTENCE_END.findall(text)) <= 1


def _is_half_known(text: str) -> bool:
    """A short line most of whose words are those of page furniture: a counter, a heading of links."""
    words = fold(_COUNTS.sub(" ", text)).split()
    known = sum(word in _furniture_words() for word in words)
    return len(words) <= _MAX_FURNITURE_WORDS and len(text) <= 100 and known >= 0.6 * len(words)


@cache
def _stop_words() -> frozenset[str]:
    return frozenset(fold(word) for lexicon in all_lexicons() for word in lexicon.stop)


@cache
def _furniture_words() -> frozenset[str]:
    return frozenset(word for kind in ("furniture", "related") for phrase in _phrases(kind) for word in phrase.split())


def _is_short(text: str) -> bool:
    return len(text) <= 200 and len(_SENTENCE_END.findall(text)) <= 2


def _without_dates(folded: str) -> str:
    """Take month names off a line of few words, and the prepositions that stood between them and the numbers."""
    words = folded.split()
    if len(words) > _MAX_DATE_WORDS or not any(word in _phrases("months") for word in words):
        return folded
    return " ".join(word for word in words if word not in _phrases("months") and word not in _stop_words())


@cache
def _phrases(kind: str) -> frozenset[str]:
    return frozenset(
        folded
        for lexicon in all_lexicons()
        for phrase in getattr(lexicon, kind)
        if (folded := fold(_COUNTS.sub(" ", phrase)))
    )
