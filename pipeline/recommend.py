"""What tells a recommendation from narration, verdict or greeting beside its meaning: cue words and form.

Cue lists are data (`pipeline/languages/*.toml`, section `cues`); `engines/recommender.py` weighs the features.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache

from pipeline.languages import Lexicon, all_lexicons, lexicon

CUE_KINDS = ("obligation", "imperative", "conduct", "works", "narration", "verdict")
FEATURES = (
    *CUE_KINDS,
    "imperative_first",
    "imperative_clause",
    "question",
    "exclamation",
    "negator",
    "digits",
    "short",
    "long",
)
_CLAUSE = re.compile(r"[,;:.!?…–—-]\s+|\s(?:and|but|then|y|e|pero|luego|mas|depois|et|und|ma)\s")
_LEADING = re.compile(r"^(?:\(?\d{1,2}[.)]\s+|[^\w]+)+")


def features(text: str, language: str) -> list[float]:
    """Return one number, 0 or 1, per name in `FEATURES`; an unknown language is read with all cue lists."""
    words = lexicon(language)
    known = bool(words.cues)
    lowered = _LEADING.sub("", text.lower().replace("’", "'"))
    tokens = re.findall(r"\w+", lowered)
    hits = {kind: bool(_cues(language if known else "", kind).search(lowered)) for kind in CUE_KINDS}
    first = _cues(language if known else "", "imperative")
    values = {
        **hits,
        "imperative_first": bool(first.match(lowered)),
        "imperative_clause": any(first.match(clause) for clause in _CLAUSE.split(lowered)[1:]),
        "question": "?" in text[-4:],
        "exclamation": "!" in text,
        "negator": bool(_negators(language if known else "").search(lowered)),
        "digits": any(char.isdigit() for char in text),
        "short": len(tokens) <= 4,
        "long": len(tokens) >= 20,
    }
    return [float(values[name]) for name in FEATURES]


def table(texts: Sequence[str], languages: Sequence[str]) -> list[list[float]]:
    """Return the features of several texts."""
    return [features(text, language) for text, language in zip(texts, languages, strict=True)]


@cache
def _cues(language: str, kind: str) -> re.Pattern[str]:
    sources: Sequence[Lexicon] = (lexicon(language),) if language else all_lexicons()
    return _any_of({cue for source in sources for cue in source.cues.get(kind, ())})


@cache
def _negators(language: str) -> re.Pattern[str]:
    sources: Sequence[Lexicon] = (lexicon(language),) if language else all_lexicons()
    return _any_of({word for source in sources for word in source.negators})


def _any_of(phrases: set[str]) -> re.Pattern[str]:
    """Match any of the phrases at a word's start; a trailing `*` stands for any ending."""
    longest_first = sorted(phrases, key=lambda phrase: (-len(phrase), phrase))
    options = "|".join(
        re.escape(phrase.rstrip("*")) + (r"\w*" if phrase.endswith("*") else r"(?!\w)" if phrase[-1:].isalnum() else "")
        for phrase in longest_first
    )
    return re.compile(rf"(?<!\w)(?:{options})") if options else re.compile(r"(?!)")
