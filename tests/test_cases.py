"""The labelled cases: roles, languages, repetitions and sentences, each known failure a strict xfail."""

from __future__ import annotations

from pathlib import PurePath
from typing import Any

import pytest

from benchmarks.captures import HALVES, captures
from pipeline import readers, roles
from pipeline.engines import encoder, pages, sentences
from pipeline.repetitions import find_repetitions, wording
from pipeline.stages.ingest import identify, lines_of
from pipeline.study import DeduplicateSection
from tests.builders import blocks
from tests.conftest import case_params, cases

ROLE_LINES = [
    {**line, "page": page["name"], "place": i, "lines": [other["text"] for other in page["lines"]]}
    for page in cases("roles")
    for i, line in enumerate(page["lines"])
]
JUDGE = pages.Judge(encoder.embedded)
LANGUAGES = ("es", "en", "pt", "fr", "de", "it")


def assigned_roles(lines: list[str]) -> list[str]:
    (document,) = readers.read("\n".join(lines).encode(), PurePath("page.txt"))
    return roles.assign(lines_of(document), document.is_page, JUDGE)


@pytest.mark.parametrize(
    "line",
    [
        pytest.param(
            line,
            id=f"{line['page']}-{line['place']}",
            marks=[pytest.mark.xfail(reason=line["known_failure"], strict=True)] if "known_failure" in line else [],
        )
        for line in ROLE_LINES
    ],
)
def test_role(line: dict[str, Any]) -> None:
    assert assigned_roles(line["lines"])[line["place"]] == line["role"]


@pytest.mark.parametrize("case", case_params("languages", lambda case: case["language"]))
def test_language_of_a_text_alone_on_its_page(case: dict[str, Any]) -> None:
    ((language, score),) = identify([case["text"]], [None], LANGUAGES)
    assert language == case["language"]
    assert 0.6 <= score <= 1


@pytest.mark.parametrize("case", case_params("duplicates", lambda case: f"{case['language']}-{case['kind']}"))
def test_repetition(case: dict[str, Any]) -> None:
    pair = [wording(key, case[key], case[f"voice_{key}"], case["language"]) for key in ("a", "b")]
    links = find_repetitions(pair, DeduplicateSection())
    assert [link.kind for link in links] == ([case["kind"]] if case["kind"] else [])


@pytest.mark.parametrize("case", case_params("sentences", lambda case: case["language"]))
def test_sentences(case: dict[str, Any]) -> None:
    (spans,) = sentences.split([case["text"]], [case["language"]])
    assert [case["text"][start:end] for start, end in spans] == case["sentences"]


def test_labelled_captures_cover_every_format_and_language() -> None:
    both = [capture for half in HALVES for capture in captures(half)]
    labelled = [block for capture in both for block in blocks(capture)]
    assert {capture["format"] for capture in both} == {suffix[1:] for suffix in readers.READERS} - {
        "htm",
        "mht",
        "tab",
        "ndjson",
        "markdown",
    }
    assert {"es", "en", "pt", "fr", "de", "it"} <= {block["language"] for block in labelled}
    assert sum("negative" in block for block in labelled) >= 80
    assert sum(block["role"] in {"tip", "comment"} for block in labelled) >= 300
