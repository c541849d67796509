"""Cues: wordings by which a unit is found that recommends an action, or argues against it.

The syntax stands at the head of `en.toml`. A cue is matched against the unit's words without accents, case and
punctuation; marks that part clauses are kept as a bar, which no cue but `&` crosses.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pipeline.languages import lexicon
from pipeline.wording import fold

Cue = tuple[re.Pattern[str], ...]
GAP = 4  # words that `…` stands for, at most
REACH = 2  # words between a negator and the cue that it turns, at most
EARLY = 2  # words before what forbids, within its clause, at most: "I would not …", "por favor no …"
LONGEST = 2_000  # characters of a unit that are looked at: a unit is a sentence
_CLAUSE = re.compile(r"[,;:.!?…()«»“”\"\n]+|\s[–—-]\s")
_CONTRACTED = re.compile(r"(?<=n)['’](?=t\b)", re.IGNORECASE)


def clauses(text: str) -> str:
    """Return the words of a unit, folded, one space between them and a bar between clauses."""
    return " | ".join(filter(None, (fold(part) for part in _CLAUSE.split(_CONTRACTED.sub("", text[:LONGEST])))))


def compiled(cue: str) -> Cue:
    """Return the patterns of a cue, all of which must be found."""
    return tuple(re.compile(rf"(?<!\w){_phrase(part)}(?!\w)") for part in cue.split(" & "))


@dataclass(frozen=True)
class Negation:
    """How a language turns a cue: patterns of what stands before it in its clause, up to the cue itself."""

    forbids: re.Pattern[str]
    kept: re.Pattern[str]
    negates: re.Pattern[str]

    def turns(self, before: str) -> bool | None:
        """Return what is left of a cue: True as it is, False forbidden, None neither."""
        if self.kept.search(before):
            return True
        if self.forbids.search(before):
            return False
        return None if self.negates.search(before) else True


def negation(
    language: str, forbids: Sequence[str] = (), without: Sequence[str] = (), kept: Sequence[str] = ()
) -> Negation:
    """Return how a language turns a cue: the words are those of `[negation]` in its file, besides its negators."""
    reach = rf"(?: \w+){{0,{REACH}}} $"
    negators = [_CONTRACTED.sub("", word) for word in sorted(lexicon(language).negators)]
    after = rf"(?:{any_of([*forbids, *negators])})(?: \w+)? (?:{any_of(kept)}){reach}" if kept and negators else ""
    lacking = rf"(?:{any_of(without)}){reach}" if without else ""
    return Negation(
        forbids=_search(rf"^(?:\w+ ){{0,{EARLY}}}(?:{any_of(forbids)}){reach}" if forbids else ""),
        kept=_search("|".join(filter(None, (after, lacking)))),
        negates=_search(rf"(?:{any_of(negators)}){reach}" if negators else ""),
    )


def stance(folded: str, cues: Iterable[Cue], turned: Negation) -> bool | None:
    """Return whether a unit recommends an action: True, False where it argues against it, None where it says neither.

    Args:
        folded: what `clauses` returns.
        cues: the action's.
        turned: how the unit's language turns a cue.
    """
    against = False
    for cue in cues:
        found = [list(pattern.finditer(folded)) for pattern in cue]
        if not all(found):
            continue
        says = {turned.turns(_before(folded, match.start())) for match in found[0]}
        if True in says:
            return True
        against |= False in says
    return False if against else None


def _before(folded: str, start: int) -> str:
    """Return what stands before a place in its clause."""
    return folded[folded.rfind("| ", 0, start) + 1 : start].lstrip()


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


def _search(pattern: str) -> re.Pattern[str]:
    """Return a pattern that begins at a word; none given, one that is found nowhere."""
    return re.compile(rf"(?<!\w)(?:{pattern})") if pattern else re.compile(r"(?!)")
