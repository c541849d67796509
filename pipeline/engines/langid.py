"""Language identification with py3langid, limited to the study's languages."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np


@cache
def _identifier(languages: tuple[str, ...]) -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    known = set(identifier.labels)
    identifier.set_languages([code for code in languages if code in known] or None)
    return identifier


def probabilities(texts: Sequence[str], languages: tuple[str, ...]) -> np.ndarray:
    """Return an array (texts × languages) of probabilities; a text without letters gets equal ones."""
    identifier = _identifier(languages)
    table = np.full((len(texts), len(languages)), 1.0 / len(languages))
    for row, text in zip(table, texts, strict=True):
        if any(char.isalpha() for char in text):
            ranked = dict(identifier.rank(text))
            row[:] = [ranked.get(code, 0.0) for code in languages]
    return table
