"""Which short lines of a page are furniture that no list knows: a logistic regression on meaning and form.

Lists of buttons and counters (`pipeline/languages`) never hold all that sites put around a comment. This regression
reads a line's sentence vector and its form and place among its neighbours; it was trained on labelled pages and
variants of them (`make train-pages`), with the least threshold at which no comment was lost on pages left out.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from pipeline.engines.encoder import Encoder
from pipeline.roles import Line, is_glued, vocabulary
from pipeline.wording import fold

MAX_LENGTH = 120
FORM_WEIGHT = 0.5
SENTENCE_END = re.compile(r"[.!?…][\"”»')\]]*$")
_SEPARATORS = re.compile(r"\s[·•|/>»→–—-]\s|\s{2,}|;")
_ADDRESS = re.compile(r"\S@\S|www\.|https?:")
_MARKS = frozenset("→»›★©↑«<>|")
_LONG, _MAX_RUN, _MAX_ALIKE = 120, 5, 3
FORM = (
    "length", "words", "sentence_end", "question", "digits", "separators", "colon", "comma", "capitals", "lower_first",
    "brackets", "marks", "first", "early", "late", "last", "longer_next", "longer_before", "after_bullet",
    "before_bullet", "after_heading", "below_last_long", "above_first_long", "run_before", "run_after", "below_name",
    "later_of_voice", "without_voice", "after_known", "before_known", "alike", "known_words", "content_words",
    "colon_end", "cut_short", "address", "digit_first", "in_brackets", "exclamation", "share_of_digits", "glued",
    "two_words",
)  # fmt: skip


def is_candidate(line: Line) -> bool:
    """Only short lines of running text are judged; what the format itself calls something is left at that."""
    return line.hint == "text" and len(line.text) <= MAX_LENGTH and "\n" not in line.text


@dataclass(frozen=True)
class Surroundings:
    """What the form of a line takes from its page; counted once a page."""

    lines: Sequence[Line]
    known: Sequence[bool]

    @cached_property
    def long(self) -> tuple[int, int]:
        """Places of the first and the last long line."""
        places = [i for i, line in enumerate(self.lines) if len(line.text) > _LONG]
        return (places[0], places[-1]) if places else (len(self.lines), -1)

    @cached_property
    def shapes(self) -> Counter[str]:
        """How often each short line comes, whatever its numbers."""
        return Counter(_shape(line.text) for line in self.lines if len(line.text) <= MAX_LENGTH)

    @cached_property
    def has_voices(self) -> bool:
        """Whether the page names who says what."""
        return any(line.voiced for line in self.lines)

    def run(self, i: int, step: int) -> int:
        """Return how many short lines stand in a row above (step -1) or below (step 1) a line."""
        count, k = 0, i + step
        while 0 <= k < len(self.lines) and count < _MAX_RUN and is_candidate(self.lines[k]):
            count, k = count + 1, k + step
        return count


def form(page: Surroundings, i: int) -> list[float]:
    """Return the numbers named in `FORM` for a line of a page."""
    lines, nothing = page.lines, Line("")
    line, n = lines[i], len(lines)
    text, bare, words = line.text, line.text.rstrip(), line.text.split()
    after, before = lines[i + 1] if i + 1 < n else nothing, lines[i - 1] if i else nothing
    known, content, folded = vocabulary(text)
    return [
        len(text) / 50, len(words) / 8, bool(SENTENCE_END.search(text)), bare.endswith("?"),
        any(map(str.isdigit, text)), len(_SEPARATORS.findall(text)), ":" in text, "," in text,
        sum(word[:1].isupper() for word in words) / max(len(words), 1), text[:1].islower(), "(" in text,
        not _MARKS.isdisjoint(text), i == 0, i < 3, i >= n - 6, i == n - 1, len(after.text) > 2 * len(text),
        len(before.text) > 2 * len(text), before.hint == "bullet", after.hint == "bullet", before.hint == "heading",
        i > page.long[1], i < page.long[0], page.run(i, -1) / _MAX_RUN, page.run(i, 1) / _MAX_RUN, line.named,
        line.voiced and not line.named, page.has_voices and not line.voiced and i > page.long[0],
        i > 0 and page.known[i - 1], i + 1 < n and page.known[i + 1],
        min(page.shapes[_shape(text)] - 1, _MAX_ALIKE) / _MAX_ALIKE, known / max(content, 1), content / max(folded, 1),
        bare.endswith(":"), bare.endswith(("…", "...")), bool(_ADDRESS.search(text)), bool(re.match(r"\W*\d", text)),
        bare[:1] in "[(" and bare[-1:] in "])", "!" in text, 3 * sum(map(str.isdigit, text)) / max(len(text), 1),
        is_glued(text), len(words) <= 2,
    ]  # fmt: skip


def _shape(text: str) -> str:
    return re.sub(r"\d+", "#", fold(text))


def design(lines: Sequence[Line], known: Sequence[bool], places: Sequence[int], encoder: Encoder) -> np.ndarray:
    """Return the regression's input: for each place the line's vector, then its form."""
    page = Surroundings(lines, known)
    vectors = encoder.encode([lines[i].text for i in places]).astype(np.float64)
    return np.hstack([vectors, FORM_WEIGHT * np.array([form(page, i) for i in places], dtype=np.float64)])


def guess(
    lines: Sequence[Line], known: Sequence[bool], load: Callable[[], Encoder], weights: dict[str, Any]
) -> list[bool]:
    """Tell for every line of a page whether it is furniture: known already, or by the trained regression.

    The encoder is loaded where there is a line to judge.
    """
    places = [i for i, line in enumerate(lines) if not known[i] and is_candidate(line)]
    found = list(known)
    if places and (encoder := load()).key == weights["model"]:
        logits = design(lines, known, places, encoder) @ np.asarray(weights["weights"]) + weights["intercept"]
        for i, logit in zip(places, logits.tolist(), strict=True):
            found[i] = round(1 / (1 + np.exp(-logit)), 4) >= weights["threshold"]
    return found
