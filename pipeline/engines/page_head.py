"""How far the head of a page goes: title, intro, tips and closing question, before the first voice.

A three-way logistic regression says of every line of running text near the top how likely it is a prompt, a tip or a
comment, from its sentence vector, its form and its place. The head ends where the whole of what stands above reads
most like prompts and tips, and the whole of what stands below most like comments. Bullets aren't judged: a list
belongs to the line above it. Trained on labelled pages and variants of them (`make train-pages`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from pipeline.engines.encoder import Encoder
from pipeline.engines.furniture import FORM_WEIGHT, SENTENCE_END
from pipeline.roles import COMMENT, PROMPT, TIP, Line, is_comments_heading

CLASSES = (PROMPT, TIP, COMMENT)
MAX_LINES = 40
_FAR = 8
_LEAST = 0.01  # no line is surer than this, so that none decides alone
FORM = (
    "length", "long", "sentences", "sentence_end", "question_end", "question", "colon", "exclamation", "heading",
    "first", "second", "third", "place", "bullet_next", "bullet_second", "bullet_third", "bullet_near", "below_list",
    "below_last_list", "right_below_list", "second_below_list", "far_below_list", "page_has_list", "furniture_next",
    "furniture_before", "below_comments_heading", "share_of_furniture", "next_is_heading", "after_heading",
    "after_colon", "after_question", "voices_below", "voiced", "named", "next_length", "length_before", "comes_again",
    "heading_soon", "heading_above",
)  # fmt: skip


def outline(lines: Sequence[Line], furniture: Sequence[bool]) -> list[int]:
    """Return the places of the first lines that aren't furniture, at most `MAX_LINES`, and as far as the second name.

    The first name may be that of the article's author.
    """
    named = [i for i, line in enumerate(lines) if line.named]
    stop = named[1] if len(named) > 1 else len(lines)
    return [i for i in range(stop) if not furniture[i]][:MAX_LINES]


def form(lines: Sequence[Line], own: Sequence[int], place: int) -> list[float]:
    """Return the numbers named in `FORM` for the line at `own[place]`; `own` is the page's outline."""
    nothing = Line("")
    i = own[place]
    line = lines[i]
    text, bare = line.text, line.text.rstrip()
    after = lines[own[place + 1]] if place + 1 < len(own) else nothing
    before = lines[own[place - 1]] if place else nothing
    lists = [k for k, j in enumerate(own) if lines[j].hint == "bullet"]
    coming = next((k - place for k in lists if k > place), _FAR)
    gone = next((place - k for k in reversed(lists) if k < place), 0)
    headings = [j for j in own if lines[j].hint in {"title", "heading"}]
    taken = set(own)
    above = [j for j in range(i) if j not in taken]
    return [
        len(text) / 150, len(text) > 300, text.count(". ") / 3, bool(SENTENCE_END.search(text)), bare.endswith("?"),
        "?" in text, bare.endswith((":", "：")), "!" in text, line.hint in {"title", "heading"},
        place == 0, place == 1, place == 2, min(place, 10) / 5, coming == 1, coming == 2, coming == 3,
        min(coming, _FAR) / _FAR, gone > 0, gone > 0 and coming >= _FAR, gone == 1, gone == 2, min(gone, 10) / 10,
        bool(lists), place + 1 < len(own) and own[place + 1] - i > 1, place > 0 and i - own[place - 1] > 1,
        any(is_comments_heading(lines[j].text) for j in above), len(above) / max(i, 1),
        after.hint in {"title", "heading"}, before.hint in {"title", "heading"},
        before.text.rstrip().endswith((":", "：")), before.text.rstrip().endswith("?"),
        any(other.voiced for other in lines[i + 1 :]), line.voiced, line.named,
        len(after.text) / 150, len(before.text) / 150, sum(lines[j].text == text for j in own) > 1,
        any(0 < j - i < 6 for j in headings), any(j < i for j in headings),
    ]  # fmt: skip


def design(lines: Sequence[Line], own: Sequence[int], encoder: Encoder) -> tuple[list[int], np.ndarray]:
    """Return the judged places of an outline, and the regression's input for each."""
    judged = [place for place, i in enumerate(own) if lines[i].hint != "bullet"]
    vectors = encoder.encode([lines[own[place]].text for place in judged]).astype(np.float64)
    forms = np.array([form(lines, own, place) for place in judged], dtype=np.float64)
    return [own[place] for place in judged], np.hstack([vectors, FORM_WEIGHT * forms])


def end(logs: np.ndarray, margin: float) -> int:
    """Return how many of the judged lines belong to the head, from their log probabilities (lines × `CLASSES`).

    `margin` is how much likelier than a comment a line must be, on the scale of logarithms.
    """
    head = np.logaddexp(logs[:, 0], logs[:, 1]) - margin
    return int(np.argmax([head[:k].sum() + logs[k:, 2].sum() for k in range(len(logs) + 1)]))


def roles(
    lines: Sequence[Line], furniture: Sequence[bool], load: Callable[[], Encoder], weights: dict[str, Any]
) -> list[str]:
    """Return the roles of the lines of a page's head, furniture included (as prompts); the encoder is loaded for it."""
    own = outline(lines, furniture)
    if not any(lines[i].hint != "bullet" for i in own):
        return _with_lists(lines[: own[-1] + 1 if own else 0], {})
    encoder = load()
    if encoder.key != weights["model"]:
        return []
    judged, x = design(lines, own, encoder)
    logits = x @ np.asarray(weights["weights"]).T + weights["intercepts"]
    logs = np.log(np.maximum(np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True), _LEAST))
    k = max(end(np.round(logs, 6), weights["margin"]), _before_comments(lines, furniture, judged))
    stop = judged[k] if k < len(judged) else own[-1] + 1
    found = {i: TIP for i, row in zip(judged, logs, strict=True) if row[1] > row[0] and lines[i].hint == "text"}
    return _with_lists(lines[:stop], found)


def _before_comments(lines: Sequence[Line], furniture: Sequence[bool], judged: Sequence[int]) -> int:
    """Return how many of the judged lines stand above a heading for comments, or 0 where it may be another thing.

    More must follow such a heading than stands above it; it may else be a link to more of what has been shown.
    """
    place = next((i for i, line in enumerate(lines) if i and is_comments_heading(line.text)), 0)
    above = sum(i < place for i in judged)
    below = sum(not known for known in furniture[place + 1 :])
    return above if below > above else 0


def _with_lists(lines: Sequence[Line], found: dict[int, str]) -> list[str]:
    """Return roles of a head: what is listed is a tip, unless a heading for comments stands right above."""
    roles: list[str] = []
    listed = TIP
    for i, line in enumerate(lines):
        if line.hint != "bullet":
            listed = COMMENT if is_comments_heading(line.text) else TIP
        roles.append(listed if line.hint == "bullet" else found.get(i, PROMPT))
    return roles
