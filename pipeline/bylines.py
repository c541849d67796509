"""Which lines of a page name the contributor of what follows: "Ana Ruiz · 2d", "Dr Solène Auffray".

A line with a name and an age is a byline by itself. A bare name is one only where the page has more of them and
something longer follows each, since a heading or a short answer can look like a name.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from pipeline.languages import all_lexicons
from pipeline.wording import fold

_SEPARATOR = re.compile(r"\s*[·•|—–(\n]\s*|,\s+|\s{2,}|\s-\s")
_SENTENCE_END = re.compile(r"[.!?…:;][\"”»')\]]*$")
_INITIAL = re.compile(r"\s[A-ZÀ-ÖØ-Þ]\.$")
_TITLE = re.compile(
    r"(?:dra?|prof|profa|me|mr|mrs|ms|sr|sra|d|dª|ing|lic|mag|dott|dott\.ssa|avv|rev|fr)\.?", re.IGNORECASE
)
_PARTICLE = re.compile(r"(?:de|da|do|dos|das|del|della|di|van|von|der|den|la|le|el|y|e|af|bin|al|of|zu)")
_NAME = re.compile(r"(?:[A-ZÀ-ÖØ-Þ][\w'’-]*|[A-ZÀ-ÖØ-Þ]\.)")
_HANDLE = re.compile(r"@[\w.]{2,}|[a-z]\w*[\d_.]\w*", re.IGNORECASE)
_DECORATION = re.compile(r"[^\w\s@.,;:!?'’()«»“”\"„·•|/&—–-]+")
_AGE = re.compile(r"\d")
_MAX_LENGTH, _MAX_WORDS = 100, 4


@dataclass(frozen=True, slots=True)
class _Candidate:
    name: str
    is_sure: bool
    words: int


def find(texts: Sequence[str], furniture: Sequence[bool]) -> dict[int, str]:
    """Return, for every block that is a byline, the contributor's name.

    Args:
        texts: the blocks of a page, in order.
        furniture: which of them are page furniture for other reasons.
    """
    candidates = {
        i: found for i, text in enumerate(texts) if i and not furniture[i] and (found := _read(text)) is not None
    }
    last = len(texts) - 1
    followed = {
        i: found
        for i, found in candidates.items()
        if i < last
        and i + 1 not in candidates
        and not furniture[i + 1]
        and (found.is_sure or len(texts[i + 1]) > len(texts[i]))
    }
    several = sum(found.words > 1 or found.is_sure for found in followed.values()) > 1
    return {
        i: found.name
        for i, found in followed.items()
        if found.is_sure or (several and (found.words > 1 or len(followed) > 3))
    }


def _read(text: str) -> _Candidate | None:
    """Read a line as a name and what stands beside it, or None where it can't be one."""
    line = _DECORATION.sub("", text).strip("*_ \t")
    bare = _lead_in().sub("", line)
    if len(bare) > _MAX_LENGTH or (_SENTENCE_END.search(bare) and not _INITIAL.search(bare)):
        return None
    first, *rest = _SEPARATOR.split(bare)
    is_dated = any(map(_AGE.search, rest)) or (line.endswith(":") and bare != line)
    if _HANDLE.fullmatch(first):
        return _Candidate(first, is_dated or first.startswith("@"), 1)
    tokens = [token for token in first.split() if not _TITLE.fullmatch(token)]
    names = [token for token in tokens if not _PARTICLE.fullmatch(token)]
    if not 1 <= len(names) <= _MAX_WORDS or not all(map(_NAME.fullmatch, names)) or not fold(first):
        return None
    if not _NAME.fullmatch(tokens[0]) or (names[0].isupper() and len(names) == 1):
        return None
    return _Candidate(first, is_dated, len(names))


@cache
def _lead_in() -> re.Pattern[str]:
    """What stands around a name: "by …", "… wrote:", "… ha detto:"."""
    leads = sorted({lead for lexicon in all_lexicons() for lead in lexicon.bylines}, key=len, reverse=True)
    verbs = sorted({verb for lexicon in all_lexicons() for verb in lexicon.quoting}, key=len, reverse=True)
    by, wrote = ("|".join(map(re.escape, words)) for words in (leads, verbs))
    return re.compile(rf"^(?i:{by})\s+(?=[^\Wa-z])|\s+(?:\w{{1,3}}\s+)?(?:{wrote})\s*:$")
