"""Forgetting: a small study written by hand, in which Ana Pérez asks to be forgotten."""

from __future__ import annotations

import json
import re
from pathlib import Path

import openpyxl
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline import forget, forgotten, redaction, run, study
from pipeline.coded import striking
from pipeline.errors import GlosaError
from pipeline.forgotten import Memory, Tombstone
from pipeline.stages import STAGES
from pipeline.store import read_table
from pipeline.wording import fold
from tests.conftest import glosa, make_study

KEY = b"a secret"
DAY = "2026-05-03"
HERS = (
    "You should apologise to the girl before anybody else hears of it.",
    "Talk to your supervisor on the very same day, and write down what was said.",
    "Discúlpate con la chica mañana a primera hora, sin «peros» ni excusas.",
)
THEIRS = (
    "Ana Pérez is right, listen first and explain yourself afterwards.",
    "Agree with your mentee what may be told, and to whom, before you begin.",
    "Pregúntale qué necesita de ti ahora y respeta lo que conteste.",
    "Tell your supervisor everything, and do not hide your own part in it.",
)
PAGE = f"""<!doctype html><html><head><meta charset="utf-8"><title>What now?</title></head><body><h1>What now?</h1>
<div class="comment" data-by="Ana Pérez"><span class="author">Ana P&eacute;rez</span><p>{HERS[0]}</p></div>
<div class="comment"><span class="author">Rui Costa</span><p>{THEIRS[0]}</p></div>
<div class="comment"><span class="author">Ana Pérez</span><p>{HERS[1].replace(" your ", " <b>your</b> ")}</p></div>
</body></html>
"""
TABLE = f"""author,comment
Ana Pérez,"{HERS[2]}"
Lía Gómez,"{THEIRS[2]}"
,"{HERS[1]}"
Noor Haddad,"{THEIRS[3]}"
"""
CHAT = "".join(
    json.dumps({"author": who, "text": text}) + "\n"
    for who, text in (("Rui Costa", THEIRS[1]), ("ANA PEREZ", HERS[0] + " Now."))
)
SETTINGS = '[study]\nlanguages = ["en", "es", "pt"]\n[coding]\nprofile = "fast"\n'
CAPTURES: dict[str, str | bytes] = {"page.html": PAGE, "answers.csv": TABLE, "chat.jsonl": CHAT}


def ingested(loaded: study.Study) -> dict[str, pd.DataFrame]:
    """Run the first stage alone; return its tables."""
    run.prepare(loaded)
    run._run_stage(loaded, STAGES[0])
    return {n: read_table(loaded.processed / f"{n}.parquet", n) for n in ("sources", "passages", "rejects")}


def words_left(root: Path, *but: str) -> list[str]:
    """Return the files that hold five words in a row of hers, or her name, in any file that can be read as text."""
    runs, found = forgotten.runs(HERS), []
    for path in sorted(root.rglob("*")):
        name = path.relative_to(root).as_posix()
        if not path.is_file() or name.startswith(but or "\0"):
            continue
        text = path.read_bytes().decode("utf-8", "ignore")
        if path.suffix == ".parquet":
            text = pd.read_parquet(path).to_csv()
        if path.suffix == ".xlsx":
            book = openpyxl.load_workbook(path)
            text = "\n".join(str(cell.value) for sheet in book for row in sheet.iter_rows() for cell in row)
        plain = fold(re.sub(r"<[^>]*>", "", text))
        if forgotten.run_spans(plain, runs) or "ana perez" in plain:
            found.append(name)
    return found


@pytest.fixture
def small(tmp_path: Path) -> study.Study:
    return study.load(make_study(tmp_path / "study", CAPTURES, SETTINGS))


def test_ingest_drops_a_forgotten_voice_now_and_later_and_moves_nobody_else(small: study.Study) -> None:
    before = ingested(small)
    assert "Ana Pérez" in (small.state / "names.json").read_text(encoding="utf-8")
    (small.root / "data/coded").mkdir()
    coded = small.root / "data/coded/mine.csv"
    coded.write_text(f'text,coder,codes\n"{HERS[0]}",eva,dialogue\n"{THEIRS[3]}",eva,supervision\n', encoding="utf-8")
    plan = forget.plan(small, "Ana Perez", "", DAY, "asked by e-mail")
    assert (plan.passages, plan.copies, len(plan.raw)) == (5, 1, 3)
    forget.carry_out(plan)
    after = ingested(small)
    assert not words_left(small.root, "data/raw")
    assert HERS[0] not in coded.read_text(encoding="utf-8")
    assert THEIRS[3] in coded.read_text(encoding="utf-8")
    gone = after["rejects"][after["rejects"]["reason"] == "forgotten"]
    assert len(gone) == 5 and not any(gone["detail"])
    texts = after["sources"].set_index("source_id")["text"]
    kept = after["passages"]
    assert all(texts[p.source_id][p.start : p.end] == p.text for p in kept.itertuples())
    places = ["source_id", "start", "end", "role", "voice", "language"]
    same = before["passages"][~before["passages"]["text"].str.startswith(("Ana", *HERS))]
    assert same.merge(kept, on=["passage_id", "text", *places]).shape[0] == len(same)
    assert len(kept) == len(before["passages"]) - 5
    (small.raw / "later.csv").write_text(f"author,comment\nana  pérez,Be kind, always.\n,{HERS[1]}\n", encoding="utf-8")
    later = ingested(small)
    assert set(later["passages"]["passage_id"]) == set(kept["passage_id"])
    assert (later["rejects"]["reason"] == "forgotten").sum() == 7
    with pytest.raises(GlosaError, match="forgotten already"):
        forget.plan(small, "Ana Pérez", "", DAY)


def test_captures_are_redacted_and_give_the_same_tables(small: study.Study) -> None:
    ingested(small)
    plain = forget.plan(small, "Ana Pérez", "", DAY)
    forget.carry_out(plain)
    before = ingested(small)["passages"]
    plan = forget.plan(
        small, str(forget.ingest.pseudonym("Ana Pérez", small.voice_key.read_bytes())), "", DAY, raw=True
    )
    assert not plan.unredacted
    assert len(plan.redacted) == 3
    forget.carry_out(plan)
    assert not words_left(small.root)
    after = ingested(small)["passages"]
    columns = ["passage_id", "role", "voice", "language", "text"]
    assert (
        after[columns].sort_values("passage_id").values.tolist()
        == before[columns].sort_values("passage_id").values.tolist()
    )
    assert plan.redacted[small.raw / "chat.jsonl"].count(b"\n") == 2
    assert b"Rui Costa" in plan.redacted[small.raw / "page.html"]


def test_what_is_not_there_or_would_tell_is_refused(small: study.Study) -> None:
    ingested(small)
    passages = read_table(small.processed / "passages.parquet", "passages").set_index("text")["passage_id"]
    for voice, passage, reason, expected in (
        ("", "", "", "neither or both"),
        ("Ana Peres", "", "", "Did you mean Ana Pérez"),
        ("Ana Pérez", "", "Ana Pérez wrote to us", "names nobody"),
        ("Ana Pérez", "", f"said: {HERS[1]}", "names nobody"),
        ("", "p0", "", "no such passage"),
        ("", passages[THEIRS[3]], "", "somebody has signed it"),
    ):
        with pytest.raises(GlosaError, match=expected):
            forget.plan(small, voice, passage, DAY, reason)
    (small.raw / "chat.jsonl").rename(small.raw / "chat-with-ana-perez.jsonl")
    with pytest.raises(GlosaError, match="Rename the file"):
        forget.plan(small, "Ana Pérez", "", DAY)


def test_an_unsigned_passage_goes_with_its_copies_and_a_signed_one_like_it_is_reported(small: study.Study) -> None:
    passages = ingested(small)["passages"]
    unsigned = passages[(passages["text"] == HERS[1]) & passages["voice"].isna()]
    plan = forget.plan(small, "", unsigned["passage_id"].iloc[0], DAY)
    assert plan.passages == 1
    assert len(plan.others) == 1
    forget.carry_out(plan)
    left = ingested(small)["passages"]
    assert left["text"].tolist().count(HERS[1]) == 1
    assert left.loc[left["text"] == HERS[1], "voice"].notna().all()


def test_a_name_of_one_word_goes_from_the_capture_unless_others_would_lose_it(tmp_path: Path) -> None:
    rows = f'author,comment\nzoe87,"{HERS[0]}"\nRosa,"{HERS[1]}"\nRui,"{THEIRS[1]}"\nEva,"Rosa, rosa, {THEIRS[2]}"\n'
    small = study.load(make_study(tmp_path / "study", {"a.csv": rows}))
    run.prepare(small)
    for voice, done in (("zoe87", True), ("Rosa", False)):
        plan = forget.plan(small, voice, "", DAY, raw=True)
        assert bool(plan.redacted) is done
        assert bool(plan.unredacted) is not done
        forget.carry_out(plan)
    raw = (small.raw / "a.csv").read_text(encoding="utf-8")
    assert "zoe" not in raw
    assert f'Rosa,"{HERS[1]}"' in raw
    assert "what others said would change" in "".join(plan.unredacted.values())


def test_a_lost_key_stops_the_run(small: study.Study) -> None:
    ingested(small)
    forget.carry_out(forget.plan(small, "Ana Pérez", "", DAY))
    small.voice_key.write_text("another\n", encoding="utf-8")
    with pytest.raises(GlosaError, match=r"Put the old voice\.key back"):
        ingested(small)


def tombstone(*names: str) -> Tombstone:
    marks = tuple(forgotten.mark(KEY, "names", fold(name)) for name in names)
    lengths = tuple(sorted({len(fold(name).split()) for name in names}))
    begin = tuple(forgotten.mark(KEY, "beginnings", fold(name).split()[0]) for name in names)
    about = {"names": marks, "words_of_names": lengths, "beginnings": begin}
    return Tombstone(date=DAY, kind="voice", key="k", **about, reason='says "no" \\ \u007f')


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Thanks, ANA  PÉREZ!", "Thanks, ███  █████!"),
        ("Pérez was right; perez was not.", "█████ was right; perez was not."),
        ("banana Perezoso Ana", "banana Perezoso Ana"),
        ("Ana said what Pérez said", "Ana said what █████ said"),
    ],
)
def test_names_are_known_again_and_made_blocks(text: str, expected: str) -> None:
    memory = Memory([tombstone("Ana Pérez", "Pérez")], {"k": KEY})
    assert forgotten.blanked(text, memory.name_spans(text)) == expected


def test_tombstones_come_back_as_they_were(tmp_path: Path) -> None:
    stones = [tombstone("Ana Pérez"), tombstone("Rui")]
    file = tmp_path / "forgotten.toml"
    file.write_bytes(forgotten.dump(stones))
    assert forgotten.read(file) == stones
    assert "Pérez" not in file.read_text(encoding="utf-8")
    file.write_text("[[forgotten]]\nname = 3", encoding="utf-8")
    with pytest.raises(GlosaError, match="Put the file back"):
        forgotten.read(file)


@pytest.mark.parametrize(
    ("capture", "passage", "expected"),
    [
        ("Yes, Zoë’s way.\nNo.", "Yes, Zoë’s way.", "███, ███’█ ███.\nNo."),
        ("<p>Ask <b>S&oacute;l</b>,&nbsp;now</p>", "Ask Sól, now", "<p>███ <b>███</b>,&nbsp;███</p>"),
        (r'{"t": "a\nS\u00f3l \"x\" go"}', 'Sól "x" go', r'{"t": "a\n███ \"█\" ██"}'),
        ("a;'S\u0301o'\nSo\u0301", "So\u0301", "a;'S\u0301o'\n██"),
        ("Sold, sol, Sol", "Sol", "Sold, sol, ███"),
        ("_Go_ now. Go on now", "Go now", "_██_ ███. Go on now"),
    ],
)
def test_a_capture_is_redacted_and_its_marks_stay(capture: str, passage: str, expected: str) -> None:
    assert redaction.redacted(capture, [passage]) == expected


def test_rows_go_and_all_others_stay_byte_for_byte() -> None:
    a, b, c = "u" + "a" * 16, "u" + "b" * 16, "u" + "c" * 16
    struck = striking.Struck(frozenset({a}), frozenset({("f", "1", "2")}), frozenset({"be kind"}), {b: c}, str)
    rows = [
        "\ufeffunit_id;text;note\r\n", f'"{a}";"two\r\nlines";\r\n', f'{b};"He said ""no""";be kind\r\n',
        "u0000000000000000;'  odd ;\"quoted\"\r\n", ";Be kind.;\r\n", ";last;",
    ]  # fmt: skip
    done = striking.table("".join(rows).encode(), struck)
    assert done is not None
    assert (done.gone, done.changed) == (2, 1)
    assert done.content.decode() == "".join([rows[0], rows[2].replace(b, c), rows[3], rows[5]])
    assert striking.table(b"file,start,end\nf,1,2\nf,1,3\n", struck) == (b"file,start,end\nf,1,3\n", 1, 0)


SPANS = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)).map(sorted), max_size=5)


@given(st.text(max_size=60), SPANS)
def test_blocks_keep_every_offset(text: str, spans: list[tuple[int, int]]) -> None:
    inside = {i for a, b in spans for i in range(a, b)}
    expected = "".join("█" if i in inside and char != "\n" else char for i, char in enumerate(text))
    assert forgotten.blanked(text, spans) == expected


@pytest.mark.slow
def test_the_command_leaves_nothing_of_a_voice_anywhere(small: study.Study) -> None:
    root = small.root

    def call(*arguments: str) -> str:
        found = glosa(*arguments, "--study", str(root))
        assert found.returncode == 0, found.stdout + found.stderr
        return found.stdout

    call("run")
    call("code", "sheet", "--units", "30", "--coder", "eva", "--coder", "rui")
    sheet = root / "data/coded/sheets/round-1-eva.csv"
    rows = pd.read_csv(sheet, dtype="str", keep_default_na=False, encoding="utf-8-sig").assign(recommendation="yes")
    rows.to_csv(sheet, index=False, encoding="utf-8-sig")
    call("code", "import", str(sheet))
    hers, theirs = (rows.loc[rows["text"].isin(texts), "unit_id"].tolist() for texts in (HERS, THEIRS[1:]))
    changes = [{"id": f"c{i}", "unit": unit, "cells": {"note": "x"}} for i, unit in enumerate((hers[0], theirs[0]))]
    journal = sheet.with_name(".round-1-eva.journal.jsonl")
    journal.write_text("".join(json.dumps(c) + "\n" for c in (*changes, {"in_sheet": 1})), encoding="utf-8")
    call("duplicates", "--sheet")
    (root / "notes.md").write_text(f"Remember: {HERS[1]}\n", encoding="utf-8")
    assert len(words_left(root)) > 10

    said = call("forget", "ana perez", "--raw", "--yes", "--reason", "asked on 3 May")
    assert "notes.md holds words or the name" in said
    assert words_left(root) == ["notes.md"]
    assert "All laws hold" in call("check")
    assert "Nothing changed" in call("run")
    lines = [json.loads(line) for line in journal.read_text(encoding="utf-8").splitlines()]
    assert [line.get("unit", line.get("in_sheet")) for line in lines] == [theirs[0], 0]
    units = read_table(small.processed / "units.parquet", "units")
    coded = pd.read_csv(root / "data/coded/round-1-eva.csv", dtype="str")
    sample = pd.read_csv(root / "data/coded/samples/round-1.csv", dtype="str")
    assert set(theirs) - set(coded["unit_id"]) == set()
    assert set(coded["unit_id"]) == set(sample["unit_id"]) <= set(units["unit_id"])
    assert len(coded) == len(rows) - rows["text"].isin(HERS).sum() - rows["text"].str.startswith("Now").sum()

    (small.raw / "again.csv").write_text(TABLE, encoding="utf-8")
    call("run")
    assert words_left(root, "data/raw/again.csv") == ["notes.md"]
