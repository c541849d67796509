"""What each block of a source is: prompt, tip, comment or navigation.

Structure decides before wording. Records (a survey, a forum export) are comments by construction. On a page,
what the mark-up calls furniture is navigation; the head (title, question, intro, bulleted tips, closing
question, and its repetitions) is prompt and tip; below it voices are comments, until a list of links to
other articles begins. Word lists come from `pipeline/languages`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

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
_MAX_INTROS, _MAX_INTRO = 3, 400


@dataclass(frozen=True, slots=True)
class Line:
    """A block as the rules see it: its words, and the hint of its format (`readers.document.Hint`)."""

    text: str
    hint: str = "text"
    voiced: bool = False
    """Whether the page names who says it."""


Guess = Callable[[Sequence[Line], Sequence[bool]], Sequence[bool]]
"""From a page's lines, and which of them the lists know for furniture, to all that are."""


def assign(lines: Sequence[Line], is_page: bool, guess: Guess = lambda _, known: known) -> list[str]:
    """Return the role of every block of one source, in order; `guess` judges what no list knows."""
    if not is_page:
        return [COMMENT] * len(lines)
    marked = any(line.hint == "comment" for line in lines)
    furniture = guess(lines, furniture_of(lines))
    head = _head(lines, furniture)
    if not marked:
        furniture = _with_links(lines, furniture, head)
    assigned = [_role(line, furniture[i], i < head, marked) for i, line in enumerate(lines)]
    asked = {fold(line.text) for line, role in zip(lines[:head], assigned, strict=False) if role == PROMPT}
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


def _role(line: Line, is_furniture: bool, in_head: bool, marked: bool) -> str:
    """Return one block's role. `marked`: the format itself says which blocks are comments."""
    if line.hint == "comment" or line.voiced:
        return NAVIGATION if is_furniture and _is_short(line.text) else COMMENT
    if is_furniture:
        return NAVIGATION
    if line.hint in {"title", "heading"}:
        return PROMPT
    if line.hint == "bullet" and (in_head or marked):
        return TIP
    return PROMPT if in_head or marked else COMMENT


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
        if _GLUED.match(lines[i].text):
            start, glued = i, glued + 1
    return start if glued > 1 or (glued == 1 and start == len(lines) - 1 and last_is_title) else len(lines)


def _head(lines: Sequence[Line], furniture: Sequence[bool]) -> int:
    """Return how many blocks belong to the page's head.

    The head goes on as long as blocks are titles, lead-ins, bullets, furniture, or stand right before
    a bullet; each run of bullets may be followed by one closing question. A repeated head is head as well.
    """
    end = max(_repeated_head(lines, furniture), _before_first_list(lines, furniture))
    closing = end == 0 or not _is_question(lines[end - 1].text)
    listed = any(line.hint == "bullet" for line in lines[:end])
    for i in range(end, len(lines)):
        line = lines[i]
        if line.hint == "comment" or line.voiced:
            break
        before_bullet = i + 1 < len(lines) and lines[i + 1].hint == "bullet" and not (listed and _is_account(line.text))
        question = closing and (_is_question(line.text) or (listed and _is_invitation(line.text)))
        lead = _is_lead(line.text) and not (listed and _is_account(line.text))
        if line.hint in {"bullet", "title", "heading"} or before_bullet or lead:
            closing = True
            listed = listed or line.hint == "bullet"
        elif question or (i == 0 and _is_short(line.text)):
            closing = i == 0
        elif not furniture[i]:
            break
        if not furniture[i]:
            end = i + 1
    return end


def _before_first_list(lines: Sequence[Line], furniture: Sequence[bool]) -> int:
    """Return where a list begins that only a title and an intro stand before, or 0."""
    first = next((i for i, line in enumerate(lines) if line.hint == "bullet"), 0)
    before = [line for line, known in zip(lines[:first], furniture, strict=False) if not known]
    is_intro = all(line.hint != "comment" and not line.voiced and len(line.text) <= _MAX_INTRO for line in before)
    return first if 0 < len(before) <= _MAX_INTROS and is_intro else 0


def _repeated_head(lines: Sequence[Line], furniture: Sequence[bool]) -> int:
    """Return where a head that the capture holds twice in a row ends, or 0: its first line comes again."""
    folded = [fold(line.text) for line in lines]
    first = next((i for i, known in enumerate(furniture) if not known), len(lines))
    if first == len(lines):
        return 0
    again = next((i for i in range(first + 2, len(lines)) if folded[i] == folded[first]), len(lines))
    length = again - first
    return again + length if folded[first:again] == folded[again : again + length] else 0


def _is_question(text: str) -> bool:
    """A block that ends as a question and holds at most one statement before it."""
    stripped = text.rstrip("\"”»')] ")
    return stripped.endswith("?") and len(_SENTENCE_END.findall(text)) <= 2 and len(text) <= 300


def _is_invitation(text: str) -> bool:
    """A short block in which the page asks its readers to write."""
    folded = fold(text)
    return _is_short(text) and any(f" {phrase}" in f" {folded}" for phrase in _phrases("invitations"))


def _is_account(text: str) -> bool:
    """A block that says something before it announces a list: once the page has listed its tips, a comment."""
    return text.rstrip().endswith((":", "：")) and len(_SENTENCE_END.findall(text)) > 0


def _is_lead(text: str) -> bool:
    folded = fold(text)
    return text.rstrip().endswith(":") or any(folded.endswith(lead) for lead in _phrases("tip_leads"))


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
    if bool(_GLUED.match(text)) and len(text) <= _MAX_LINK:
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
