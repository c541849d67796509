from __future__ import annotations

from typing import Any

import pytest

from pipeline.engines import sentences
from pipeline.quotations import Part, repeated
from tests.conftest import case_params


@pytest.mark.parametrize("case", case_params("quotes", lambda case: f"{case['language']}-{case['relation']}"))
def test_quotations_and_sentences_said_twice(case: dict[str, Any]) -> None:
    texts = {key: case[key] for key in ("a", "b") if case[key]}
    parts = [
        Part(f"{key}{start}", key, start, end, text[start:end])
        for key, text in texts.items()
        for start, end in next(iter(sentences.split([text], [case["language"]])))
    ]
    found = repeated(parts, texts)
    across = any(unit[0] != source[0] for unit, source in found.items())
    assert ("quotes" if across else "repeats_itself" if found else None) == case["relation"]
    assert not set(found) & set(found.values()), "what is repeated is counted where it first stands"
