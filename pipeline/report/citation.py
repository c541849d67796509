"""How a report is to be cited, in words and as BibTeX."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from pipeline import __version__
from pipeline.editions import Edition
from pipeline.report.strings import Strings

_SHORT = 12  # characters of a fingerprint
_SPECIAL = re.compile(r"[\\{}&%$#_~^]")
_ESCAPED = {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"}


def words(found: Mapping[str, Any], edition: Edition, t: Strings) -> str:
    """Return the citation as a sentence; the study's researchers stand first where it names them."""
    researchers = _line(found["settings"]["team"]["researchers"])
    who = f"{researchers.rstrip('.')}. " if researchers else ""
    return who + t("cite.text", title=_line(found["study"]["title"]), **_made(found, edition, t))


def bibtex(found: Mapping[str, Any], edition: Edition, t: Strings) -> tuple[str, ...]:
    """Return the lines of a BibTeX entry; it holds no year, since a report doesn't know when it was made."""
    made = _made(found, edition, t)
    fields = {
        "title": _line(found["study"]["title"]),
        "author": _line(found["settings"]["team"]["researchers"]),
        "note": t("cite.note", **made),
    }
    lines = [f"  {key} = {{{{{_tex(value)}}}}}," for key, value in fields.items() if value]
    return (f"@misc{{glosa-{made['settings']},", *lines, "}")


def _made(found: Mapping[str, Any], edition: Edition, t: Strings) -> dict[str, str]:
    run = found["run"]
    return {
        "edition": t(f"explorer.edition_{edition.name}"),
        "version": __version__,
        "settings": run["settings"][:_SHORT],
        "code": run["code"][:_SHORT],
    }


def _line(text: str) -> str:
    return " ".join(text.split())


def _tex(text: str) -> str:
    return _SPECIAL.sub(lambda found: _ESCAPED.get(found.group(), f"\\{found.group()}"), text)
