"""How long steps show that they move: a bar when a person watches, plain lines when not."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")

_SECONDS_BETWEEN_LINES = 5.0


def track(items: Iterable[T], label: str, total: int) -> Iterator[T]:
    """Yield the items and show how many of `total` are done; nothing is shown for a step under a second."""
    started = shown = time.monotonic()
    bar = sys.stderr.isatty()
    for done, item in enumerate(items):
        now = time.monotonic()
        if now - started > 1 and now - shown > (0.2 if bar else _SECONDS_BETWEEN_LINES):
            shown = now
            line = f"{label}: {done:,} of {total:,} ({done / max(total, 1):.0%})"
            sys.stderr.write(f"\r{_bar(done, total)} {line}\x1b[K" if bar else f"{line}\n")
            sys.stderr.flush()
        yield item
    if bar and shown > started:
        sys.stderr.write("\r\x1b[K")
        sys.stderr.flush()


def say(lines: Iterable[str]) -> None:
    """Tell the person who watches."""
    for line in lines:
        sys.stderr.write(f"{line}\n")


def _bar(done: int, total: int, width: int = 24) -> str:
    filled = int(width * done / max(total, 1))
    return "━" * filled + "╌" * (width - filled)
