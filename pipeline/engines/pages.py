"""The judge of pages (`roles.Judge`): the two trained regressions on lines, and the encoder that both read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from pipeline.engines import furniture, page_head
from pipeline.engines.encoder import Encoder
from pipeline.engines.recommender import read_json
from pipeline.roles import Line

Weights = dict[str, Any]


class Judge:
    """Judges lines by meaning, form and place; the encoder is loaded where there is a line to judge."""

    def __init__(self, load: Callable[[], Encoder], weights: tuple[Weights, Weights] | None = None) -> None:
        self._load = load
        self._furniture, self._head = weights or shipped()

    def furniture(self, lines: Sequence[Line], known: Sequence[bool]) -> Sequence[bool]:
        """Return which lines are furniture, from those which the lists know for it."""
        return furniture.guess(lines, known, self._load, self._furniture)

    def head(self, lines: Sequence[Line], furniture: Sequence[bool]) -> Sequence[str]:
        """Return the roles of the lines of the head, as far as it goes."""
        return page_head.roles(lines, furniture, self._load, self._head)


@cache
def shipped() -> tuple[Weights, Weights]:
    """Read the weights of both regressions."""
    return read_json("furniture.json"), read_json("page_head.json")
