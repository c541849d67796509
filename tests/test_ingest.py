from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline import roles
from pipeline.stages import ingest

KEY = b"secret"


@pytest.mark.parametrize(
    ("tag", "code"),
    [("pt-BR", "pt"), ("ES", "es"), ("français", "fr"), ("Inglés", "en"), ("", None), (None, None), ("??", None)],
)
def test_language_tags(tag: str | None, code: str | None) -> None:
    assert ingest.language_code(tag) == code


def test_a_clear_text_overrules_a_wrong_tag_and_a_tag_helps_an_unclear_one() -> None:
    (clear,) = ingest.identify(["You must apologise to your client at once."], ["es"], ("es", "en", "pt"))
    assert clear[0] == "en"
    unclear = "Concordo"
    (tagged,) = ingest.identify([unclear], ["pt"], ("es", "en", "pt"))
    (alone,) = ingest.identify([unclear], [None], ("es", "en", "pt"))
    assert tagged[0] == "pt"
    assert tagged[1] > alone[1]


def test_a_text_without_letters_has_no_language() -> None:
    assert ingest.identify(["12 · 5"], [None], ("es", "en"))[0][0] == "und"


def test_pseudonyms_are_keyed_and_stable() -> None:
    assert ingest.pseudonym("Ana  Roldán", KEY) == ingest.pseudonym("ana roldan", KEY)
    assert ingest.pseudonym("Ana", KEY) != ingest.pseudonym("Ana", b"another")
    assert ingest.pseudonym("…", KEY) is None
    assert "ana" not in str(ingest.pseudonym("Ana", KEY)).lower()


def read(folder: Path, order: random.Random | None = None) -> tuple[list[ingest.Source], list[dict[str, str]]]:
    files = sorted(folder.iterdir())
    if order:
        order.shuffle(files)
    return ingest.read_captures(files, folder)


def test_ids_depend_on_content_not_on_order_or_name(tmp_path: Path) -> None:
    for i, text in enumerate(["One voice.\nTwo voices.", "Two voices.\nThree.", "Four."]):
        (tmp_path / f"{i}.txt").write_text(text, encoding="utf-8")
    straight = ingest.passages_of(read(tmp_path)[0], ("en", "es"), KEY)
    shuffled = ingest.passages_of(read(tmp_path, random.Random(5))[0], ("en", "es"), KEY)
    assert straight.equals(shuffled)
    assert straight["passage_id"].is_unique
    for i in range(3):
        (tmp_path / f"{i}.txt").rename(tmp_path / f"z{2 - i}.txt")
    assert ingest.passages_of(read(tmp_path)[0], ("en", "es"), KEY).equals(straight)


def test_a_passage_keeps_its_id_when_its_capture_grows(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("One voice.\nTwo voices.", encoding="utf-8")
    before = set(ingest.passages_of(read(tmp_path)[0], ("en", "es"), KEY)["passage_id"])
    (tmp_path / "a.txt").write_text("A new one.\nOne voice.\nTwo voices.", encoding="utf-8")
    assert before < set(ingest.passages_of(read(tmp_path)[0], ("en", "es"), KEY)["passage_id"])


def test_the_same_bytes_twice_are_one_source(tmp_path: Path) -> None:
    for name in ("a.txt", "b.txt"):
        (tmp_path / name).write_text("Same.", encoding="utf-8")
    sources, rejects = read(tmp_path)
    assert [s.file for s in sources] == ["a.txt"]
    assert [(r["file"], r["reason"]) for r in rejects] == [("b.txt", "identical_file")]


def test_what_cannot_be_read_is_rejected_and_the_rest_goes_on(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("Fine.", encoding="utf-8")
    (tmp_path / "b.txt").write_bytes(b"")
    (tmp_path / "c.docx").write_bytes(b"no zip")
    (tmp_path / "d.what").write_bytes(b"x")
    sources, rejects = read(tmp_path)
    assert [s.file for s in sources] == ["a.txt"]
    assert {r["file"]: r["reason"] for r in rejects} == {
        "b.txt": "empty_file", "c.docx": "unreadable", "d.what": "unknown_suffix",
    }  # fmt: skip


LINES = st.builds(roles.Line, st.text(max_size=60), st.sampled_from(["text", "title", "bullet", "comment", "chrome"]))


@given(st.lists(LINES, max_size=12), st.booleans())
def test_every_block_gets_one_role(lines: list[roles.Line], is_page: bool) -> None:
    found = roles.assign(lines, is_page)
    assert len(found) == len(lines)
    assert set(found) <= {"prompt", "tip", "comment", "navigation"}


def test_a_bulleted_list_inside_a_marked_comment_stays_in_the_comment() -> None:
    assert roles.assign([roles.Line("How?", "title"), roles.Line("- first this\n- then that", "comment")], True) == [
        "prompt",
        "comment",
    ]
