"""Cues: wordings by which a unit is found that recommends an action, or argues against it.

The syntax stands at the head of `en.toml`. A cue is matched against the unit's words without accents, case and
punctuation; marks that part clauses are kept as a bar, which no cue but `&` crosses.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import cache

from pipeline.languages import lexicon
from pipeline.wording import fold

Cue = tuple[re.Pattern[str], ...]
GAP = 4  # words that `…` stands for, at most
REACH = 3  # words between a negator and the cue that it turns, at most
_CLAUSE = re.compile(r"[,;:.!?…()«»“”\"\n]+|\s[–—-]\s")
_CONTRACTED = re.compile(r"(?<=n)['’](?=t\b)", re.IGNORECASE)


def clauses(text: str) -> str:
    """Return the words of a unit, folded, one space between them and a bar between clauses."""
    return " | ".join(filter(None, (fold(part) for part in _CLAUSE.split(_CONTRACTED.sub("", text)))))


def compiled(cue: str) -> Cue:
    """Return the patterns of a cue, all of which must be found."""
    return tuple(re.compile(rf"(?<!\w){_phrase(part)}(?!\w)") for part in cue.split(" & "))


def stance(folded: str, cues: Iterable[Cue], language: str, kept: str = "") -> bool | None:
    """Return whether a unit recommends an action: True, False where it argues against it, None where it says neither.

    Args:
        folded: what `clauses` returns.
        cues: the action's.
        language: whose negators turn a cue.
        kept: pattern of the words that keep the sense after a negator.
    """
    against = False
    for cue in cues:
        found = [list(pattern.finditer(folded)) for pattern in cue]
        if not all(found):
            continue
        if any(not _negated(folded[: match.start()], language, kept) for match in found[0]):
            return True
        against = True
    return False if against else None


def any_of(words: Sequence[str]) -> str:
    """Return a pattern that matches one of the words; a trailing `*` stands for any ending."""
    return "|".join(_word(word) for word in words)


def _phrase(part: str) -> str:
    """Return the pattern of a part without `&`: words in order, a gap where `…` stands."""
    steps: list[str] = []
    for token in part.split():
        steps.append(rf"(?:\w+ ){{0,{GAP}}}" if token == "…" else f"(?:{any_of(token.split('|'))}) ")
    return "".join(steps).removesuffix(" ")


def _word(word: str) -> str:
    plain = fold(word.replace("_", " "))
    return plain + (r"\w*" if word.endswith("*") else "")


def _negated(before: str, language: str, kept: str) -> bool:
    """Tell whether a negator stands shortly before, and no word after it that keeps the sense."""
    match = _negator(language).search(before)
    return bool(match) and not (kept and re.search(rf"\b(?:{kept})\b", match[1] if match else ""))


@cache
def _negator(language: str) -> re.Pattern[str]:
    words = {fold(_CONTRACTED.sub("", word)) for word in lexicon(language).negators}
    listed = "|".join(sorted(words, key=lambda word: (-len(word), word)))
    return re.compile(rf"\b(?:{listed})((?: \w+){{0,{REACH}}} )$") if listed else re.compile(r"(?!)")
