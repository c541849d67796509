"""Which short lines of a page are furniture that no list knows: a logistic regression on meaning and form.

Lists of buttons and counters (`pipeline/languages`) never hold all that sites put around a comment. This regression
reads a line's sentence vector and its form and place; it was trained on labelled captures (`make train-furniture`),
with the threshold at which, leaving one capture out at a time, no more than one comment in two hundred was lost.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import numpy as np

from pipeline.engines.encoder import Encoder
from pipeline.engines.recommender import read_json
from pipeline.roles import Line

MAX_LENGTH = 100
FORM_WEIGHT = 0.5
_SEPARATORS = re.compile(r"\s[·•|/>»→–—-]\s|\s{2,}")
_SENTENCE_END = re.compile(r"[.!?…][\"”»')\]]*$")
FORM = (
    "length", "words", "sentence_end", "question", "digits", "separators", "colon", "comma", "capitals", "lower_first",
    "brackets", "arrow", "first", "early", "late", "last", "longer_next", "longer_before", "after_bullet",
)  # fmt: skip


def is_candidate(line: Line) -> bool:
    """Only short lines of running text are judged; what the format itself calls something is left at that."""
    return line.hint == "text" and len(line.text) <= MAX_LENGTH and "\n" not in line.text


def form(lines: Sequence[Line], i: int) -> list[float]:
    """Return the numbers named in `FORM` for a line among its page's lines."""
    text, n = lines[i].text, len(lines)
    words = text.split()
    after = len(lines[i + 1].text) if i + 1 < n else 0
    before = len(lines[i - 1].text) if i else 0
    return [
        len(text) / 50, len(words) / 8, float(bool(_SENTENCE_END.search(text))), float(text.rstrip().endswith("?")),
        float(any(map(str.isdigit, text))), float(len(_SEPARATORS.findall(text))), float(":" in text),
        float("," in text), sum(word[:1].isupper() for word in words) / max(len(words), 1), float(text[:1].islower()),
        float("(" in text), float(any(mark in text for mark in "→»›★©")), float(i == 0), float(i < 3),
        float(i >= n - 6), float(i == n - 1), float(after > 2 * len(text)), float(before > 2 * len(text)),
        float(i > 0 and lines[i - 1].hint == "bullet"),
    ]  # fmt: skip


def design(lines: Sequence[Line], places: Sequence[int], encoder: Encoder) -> np.ndarray:
    """Return the regression's input: for each place the line's vector, then its form."""
    vectors = encoder.encode([lines[i].text for i in places]).astype(np.float64)
    return np.hstack([vectors, FORM_WEIGHT * np.array([form(lines, i) for i in places])])


def guess(lines: Sequence[Line], known: Sequence[bool], load: Callable[[], Encoder]) -> list[bool]:
    """Tell for every line of a page whether it is furniture: known already, or by the trained regression.

    The encoder is loaded where there is a line to judge.
    """
    places = [i for i, line in enumerate(lines) if not known[i] and is_candidate(line)]
    found = list(known)
    head = _head()
    if places and (encoder := load()).key == head["model"]:
        logits = design(lines, places, encoder) @ np.asarray(head["weights"]) + head["intercept"]
        for i, logit in zip(places, logits.tolist(), strict=True):
            found[i] = round(1 / (1 + np.exp(-logit)), 4) >= head["threshold"]
    return found


@cache
def _head() -> dict[str, Any]:
    return read_json("furniture.json")
