"""Give every table of a page a name and a frame in which it can be scrolled where it is wider than the page.

How wide a table is shows when it is written, not in the template; so this is done to the finished page.
"""

from __future__ import annotations

import html
import re

WIDE = 4  # columns from which a table can be wider than a phone, so that its frame must be reachable by keyboard

_PART = re.compile(
    r"<(?P<tag>h[2-4]|figcaption)\b[^>]*>(?P<name>.*?)</(?P=tag)>|<table(?P<rest>[^>]*)>(?P<table>.*?)</table>",
    re.DOTALL,
)
_HEAD = re.compile(r"<thead>\s*<tr>(.*?)</tr>", re.DOTALL)
_CELL = re.compile(r"<t[hd]\b")
_TAG = re.compile(r"<[^>]*>")


def framed(page: str) -> str:
    """Return a page whose tables are named after the heading or caption before them and stand in a frame.

    The frame of a wide one can be focused, and is then named as well.
    """
    name = ""

    def frame(found: re.Match[str]) -> str:
        nonlocal name
        if found["tag"]:
            name = html.escape(" ".join(html.unescape(_TAG.sub("", found["name"])).split()))
            return found.group()
        head = _HEAD.search(found["table"])
        wide = head is not None and len(_CELL.findall(head[1])) >= WIDE
        reach = f' tabindex="0" role="group" aria-label="{name}"' if wide else ""
        return f'<div class="scroll"{reach}><table aria-label="{name}"{found["rest"]}>{found["table"]}</table></div>'

    return _PART.sub(frame, page)
