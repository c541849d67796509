"""The page for coding: what it keeps when things break, what it refuses, and how a browser takes it."""

from __future__ import annotations

import csv
import errno
import http.client
import io
import json
import os
import re
import shutil
import signal
import string
import subprocess
import sys
import threading
import tomllib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline import study
from pipeline.coded import desk as desks
from pipeline.coded import drawing, imports, journal, sheets, ui
from pipeline.errors import GlosaError
from tests.conftest import ROOT, make_study

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
HOSTILE = "<img src=x onerror=alert(1)><script>alert(2)</script> {{7*7}} \u202eevil\u202c javascript:alert(3)"
TEXTS = (
    ("en", "The bus was late.", "Ring her tonight and own up, plainly.", "Rain fell."),
    ("es", "", "Hablen los dos con calma.", "Luego comimos."),
    ("pt", "Era domingo.", "Leve o caso à supervisão.", ""),
    ("und", "", "Gray, mostly.", ""),
    ("en", "", "=SUM(A1) is what she wrote.", ""),
    ("de", "", 'Schreib es auf, "Wort" für Wort,\nund lies es vor.', ""),
)
HTML = (ROOT / "pipeline" / "coded" / "ui.html").read_text(encoding="utf-8")
SERVE = (
    "import sys; from pathlib import Path; from pipeline import study; from pipeline.coded import ui\n"
    "ui.run(study.load(Path(sys.argv[1])), sys.argv[2], say=lambda line: print(line, flush=True), browser=False)"
)


# ── a study with one sheet ─────────────────────────────────────────────────────────────────────────────────────────


def make(folder: Path, texts: Sequence[tuple[str, str, str, str]] = TEXTS, settings: str = "") -> study.Study:
    loaded = study.load(make_study(folder, {}, settings))
    names = sheets.columns(loaded.codebook)
    rows = [[f"u{i:03d}", "a.txt", i * 50, i * 50 + 40, *map(_guarded, text)] for i, text in enumerate(texts)]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerows([names, *(row + [""] * (len(names) - len(row)) for row in rows)])
    file = sheet_of(loaded)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(b"\xef\xbb\xbf" + out.getvalue().encode())
    return loaded


def _guarded(text: str) -> str:
    return f"'{text}" if text.startswith(("=", "+", "-", "@")) else text


def sheet_of(loaded: study.Study) -> Path:
    return loaded.root / "data" / "coded" / "sheets" / "round-1-ana.csv"


def journal_of(loaded: study.Study) -> Path:
    return sheet_of(loaded).with_name(".round-1-ana.journal.jsonl")


def rows_of(loaded: study.Study) -> dict[str, dict[str, str]]:
    text = sheet_of(loaded).read_bytes().decode("utf-8-sig")
    return {row["unit_id"]: row for row in csv.DictReader(io.StringIO(text, newline=""))}


def marks_of(loaded: study.Study, unit: str) -> dict[str, str]:
    names = ("recommendation", *loaded.codebook.ids, "other", "note")
    return {name: cell for name in names if (cell := rows_of(loaded)[unit][name])}


def journaled(loaded: study.Study) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in journal_of(loaded).read_text("utf-8").splitlines()]
    return [line for line in lines if "id" in line]


def change(name: str, unit: str = "u000", *, undoes: Sequence[str] = (), **cells: str) -> journal.Change:
    return journal.Change(id=name, unit=unit, cells=cells, undoes=list(undoes))


@pytest.fixture
def one(tmp_path: Path) -> study.Study:
    return make(tmp_path)


def desk_of(loaded: study.Study) -> desks.Desk:
    return desks.Desk(loaded, sheet_of(loaded))


# ── what is written ────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_change_is_in_the_journal_and_in_the_sheet_which_stays_as_it_was_otherwise(one: study.Study) -> None:
    before = sheet_of(one).read_bytes()
    desk = desk_of(one)
    assert sheet_of(one).read_bytes() == before
    answer = desk.record([change("s-1", empathy="x", recommendation="yes"), change("s-2", "u003", recommendation="no")])
    assert answer == {"before": 0, "version": 2, "behind": False}
    assert marks_of(one, "u000") == {"recommendation": "yes", "empathy": "x"}
    assert marks_of(one, "u003") == {"recommendation": "no"}
    assert [line["id"] for line in journaled(one)] == ["s-1", "s-2"]
    after = sheet_of(one).read_bytes()
    assert after.startswith(b"\xef\xbb\xbfunit_id,")
    assert not list(sheet_of(one).parent.glob("*.part"))
    desk.record([change("s-3", empathy="", recommendation=""), change("s-4", "u003", recommendation="")])
    assert sheet_of(one).read_bytes() == before
    desk.close()


def test_the_journal_is_synced_before_the_sheet_is_written(one: study.Study, monkeypatch: pytest.MonkeyPatch) -> None:
    desk, done = desk_of(one), []
    sync, rename = os.fsync, Path.replace
    monkeypatch.setattr(
        os, "fsync", lambda handle: (done.append(Path(f"/proc/self/fd/{handle}").readlink()), sync(handle))
    )
    monkeypatch.setattr(Path, "replace", lambda self, to: (done.append(f"rename to {to}"), rename(self, to))[1])
    desk.record([change("s-1", other="x")])
    assert [Path(name).name for name in done] == [
        ".round-1-ana.journal.jsonl", ".round-1-ana.csv.part", "round-1-ana.csv", "sheets",
    ]  # fmt: skip


def test_import_takes_what_the_page_writes(tmp_path: Path) -> None:
    from tests.test_coded import build

    loaded = build(tmp_path)
    drawing.sheet(loaded, ("ana",), 6, "round-1", 0.5)
    desk = desks.Desk(loaded, ui.find_sheet(loaded))
    units = [unit["id"] for unit in desk.state()["units"]]
    desk.record([change("s-1", units[0], recommendation="yes", empathy="x", dialogue="x", note="=1+1; sí")])
    desk.record(
        [change("s-2", units[1], recommendation="no"), change("s-3", units[2], recommendation="yes", other="x")]
    )
    desk.close()
    done = imports.import_sheet(loaded, sheet_of(loaded))
    assert (done.coded, done.sheet) == (3, ("round-1", "ana"))
    text = done.file.read_text("utf-8-sig")
    codes = {row["unit_id"]: row["codes"] for row in csv.DictReader(io.StringIO(text, newline=""))}
    assert codes == {units[0]: "empathy|dialogue", units[1]: "", units[2]: "other"}


@settings(max_examples=40)
@given(st.text(max_size=40))
def test_any_note_comes_back(tmp_path_factory: pytest.TempPathFactory, note: str) -> None:
    loaded = make(tmp_path_factory.mktemp("note"))
    desk = desk_of(loaded)
    desk.record([change("s-1", note=note)])
    again = desk_of(loaded)
    shown = again.state()["units"][0]["cells"]["note"]
    assert shown == desk.state()["units"][0]["cells"]["note"]
    assert shown == desks._plain(note)
    assert not rows_of(loaded)["u000"]["note"].startswith(("=", "+", "-", "@", "\t"))


@pytest.mark.parametrize("note", ["=1+1", "'=1+1", "''-a", "'quoted'", "-", 'a "b", c;\nd', "𝕏 é"])
def test_a_note_that_looks_like_a_formula_is_guarded_and_comes_back(one: study.Study, note: str) -> None:
    desk_of(one).record([change("s-1", note=note)])
    assert desk_of(one).state()["units"][0]["cells"]["note"] == note


def test_what_the_page_shows_of_a_sheet(one: study.Study) -> None:
    state = desk_of(one).state()
    assert state["units"][4]["text"] == "=SUM(A1) is what she wrote."
    assert state["units"][5]["text"].count("\n") == 1
    assert [unit["language"] for unit in state["units"]] == ["en", "es", "pt", "und", "en", "de"]
    assert set(state["units"][0]) == {"id", "language", "before", "text", "after", "cells"}
    assert [theme["column"] for theme in state["themes"]] == list(one.codebook.ids)
    json.dumps(state)


def test_marks_and_names_of_other_hands_are_understood(tmp_path: Path) -> None:
    loaded = make(tmp_path)
    lines = sheet_of(loaded).read_text("utf-8-sig").split("\n")
    lines[0] = lines[0].replace("empathy", "Empatía").replace("note", "Nota")
    lines[1] = lines[1][: -len(",,,,,,,")] + "sí,,TRUE,1,no,0,,año"
    lines[2] = lines[2][: -len(",,,,,,,")] + ",no,no,no,no,no,no,"
    sheet_of(loaded).write_bytes("\r\n".join(line.replace(",", ";") for line in lines[:3]).encode("cp1252"))
    desk = desk_of(loaded)
    first, second = (unit["cells"] for unit in desk.state()["units"])
    assert {name for name, cell in first.items() if cell} == {"recommendation", "prevention", "empathy", "note"}
    assert (first["recommendation"], first["note"]) == ("yes", "año")
    assert second["recommendation"] == "no"
    desk.record([change("s-1", dialogue="x")])
    content = sheet_of(loaded).read_bytes()
    assert content.startswith(b"\xef\xbb\xbf")
    assert content.decode("utf-8-sig").split("\r\n")[1].endswith(";sí;;TRUE;1;x;0;;año")


# ── nothing is lost ────────────────────────────────────────────────────────────────────────────────────────────────

THEMES = ("accountability", "prevention", "empathy", "dialogue", "supervision", "other")
one_cell = st.one_of(
    st.tuples(st.sampled_from(THEMES), st.sampled_from(["", "x"])),
    st.tuples(st.just("recommendation"), st.sampled_from(["", "yes", "no"])),
    st.tuples(st.just("note"), st.sampled_from(["", "a", "=b", "c\nd"])),
)
many_changes = st.lists(st.tuples(st.sampled_from(["u000", "u001", "u005"]), one_cell), min_size=1, max_size=12)


def _shown(loaded: study.Study) -> dict[str, dict[str, str]]:
    return {unit["id"]: unit["cells"] for unit in desk_of(loaded).state()["units"]}


@settings(max_examples=25)
@given(many_changes, st.data())
def test_a_crash_between_any_two_writes_loses_nothing(
    tmp_path_factory: pytest.TempPathFactory, wanted: list[tuple[str, tuple[str, str]]], data: st.DataObject
) -> None:
    """The sheet of any earlier moment, the marks in the journal only those of that moment, a torn line at the end."""
    loaded = make(tmp_path_factory.mktemp("crash"))
    desk, moments = desk_of(loaded), [(sheet_of(loaded).read_bytes(), 0)]
    for i, (unit, (what, value)) in enumerate(wanted):
        desk.record([change(f"s-{i}", unit, **{what: value})])
        moments.append((sheet_of(loaded).read_bytes(), i + 1))
    expected, done = _shown(loaded), data.draw(st.integers(0, len(wanted)))
    lines = journal_of(loaded).read_bytes().splitlines(keepends=True)
    kept = [line for line in lines if b"in_sheet" not in line or json.loads(line)["in_sheet"] <= done]
    torn = data.draw(st.sampled_from([b"", b'{"id":"s-99","un', b"\xff\x00", b"[1]\n"]))
    for sheet in (moments[done][0], moments[-1][0]):
        sheet_of(loaded).write_bytes(sheet)
        journal_of(loaded).write_bytes(b"".join(kept) + torn)
        assert _shown(loaded) == expected
        assert sheet_of(loaded).read_bytes() == moments[-1][0]
    desk_of(loaded).record([change("t-1", "u003", other="x")])
    assert _shown(loaded)["u003"]["other"] == "x"
    assert len(journaled_safely(loaded)) == len(wanted) + 1


def journaled_safely(loaded: study.Study) -> list[dict[str, Any]]:
    found = []
    for line in journal_of(loaded).read_bytes().splitlines():
        try:
            value = json.loads(line)
        except ValueError:
            continue
        found += [value] if isinstance(value, dict) and "id" in value else []
    return found


def test_an_answer_that_got_lost_does_no_harm(one: study.Study) -> None:
    desk = desk_of(one)
    batch = [change("s-1", empathy="x"), change("s-2", empathy=""), change("s-3", empathy="x")]
    desk.record(batch)
    desk.record([change("s-4", empathy="")])
    desk.record(batch)
    desk_of(one).record([*batch, change("s-5", dialogue="x"), change("s-5", dialogue="")])
    assert [line["id"] for line in journaled(one)] == ["s-1", "s-2", "s-3", "s-4", "s-5"]
    assert marks_of(one, "u000") == {"dialogue": "x"}


def test_a_full_disk_keeps_neither_half_a_line_nor_a_change(one: study.Study, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = desk_of(one)
    desk.record([change("s-1", empathy="x")])
    before = journal_of(one).read_bytes()
    real = os.write
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", lambda handle, view: real(handle, view[:10]) if len(view) > 40 else _full())
        with pytest.raises(OSError, match="No space"):
            desk.record([change("s-2", dialogue="x")])
    assert journal_of(one).read_bytes() == before
    assert desk.state()["units"][0]["cells"]["dialogue"] == ""
    desk.record([change("s-2", dialogue="x")])
    assert marks_of(one, "u000") == {"empathy": "x", "dialogue": "x"}


def _full() -> int:
    raise OSError(28, "No space left on device")


def test_a_sheet_that_cannot_be_written_is_caught_up_later(one: study.Study, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on Windows, while a spreadsheet has it open."""
    before = sheet_of(one).read_bytes()
    desk = desk_of(one)
    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", lambda self, to: (_ for _ in ()).throw(PermissionError(13, "in use")))
        assert desk.record([change("s-1", empathy="x"), change("s-2", "u001", other="x")])["behind"]
        assert desk.state()["behind"]
    assert sheet_of(one).read_bytes() == before
    killed = journal_of(one).read_bytes()
    assert not desk.record([])["behind"]
    assert marks_of(one, "u000") == {"empathy": "x"}
    sheet_of(one).write_bytes(before)
    journal_of(one).write_bytes(killed)
    desk_of(one)
    assert (marks_of(one, "u000"), marks_of(one, "u001")) == ({"empathy": "x"}, {"other": "x"})


def test_another_programs_work_on_the_sheet_is_kept(one: study.Study) -> None:
    desk = desk_of(one)
    desk.record([change("s-1", empathy="x")])
    edited = sheet_of(one).read_text("utf-8-sig").replace("Rain fell.,,,,x,", "Rain fell.,yes,1,,x,")
    sheet_of(one).write_text(edited, encoding="utf-8")
    assert desk.state()["units"][0]["cells"]["accountability"] == "x"
    answer = desk.record([change("s-2", dialogue="x")])
    assert answer["version"] > answer["before"]
    assert marks_of(one, "u000") == {"recommendation": "yes", "accountability": "1", "empathy": "x", "dialogue": "x"}


def test_a_later_edit_by_hand_wins_over_what_only_the_journal_has(one: study.Study) -> None:
    desk = desk_of(one)
    desk.record([change("s-1", empathy="x", recommendation="yes")])
    lines = journal_of(one).read_bytes().splitlines(keepends=True)
    journal_of(one).write_bytes(b"".join(line for line in lines if b"in_sheet" not in line))
    sheet_of(one).write_text(sheet_of(one).read_text("utf-8-sig").replace("Rain fell.,yes,,,x,", "Rain fell.,no,,,,"))
    assert _shown(one)["u000"]["recommendation"] == "no"


def test_a_sheet_that_was_spoilt_meanwhile_stops_saving_and_is_never_overwritten(one: study.Study) -> None:
    desk = desk_of(one)
    good = sheet_of(one).read_text("utf-8-sig")
    spoilt = good.replace("Rain fell.,,", "Rain fell.,perhaps,")
    sheet_of(one).write_text(spoilt, encoding="utf-8")
    with pytest.raises(desks.RefusedError, match=r"unreadable.*row 2, column recommendation: 'perhaps'"):
        desk.record([change("s-1", empathy="x")])
    assert sheet_of(one).read_text("utf-8") == spoilt
    sheet_of(one).write_text(good, encoding="utf-8")
    desk.record([change("s-1", empathy="x")])
    assert marks_of(one, "u000") == {"empathy": "x"}


def test_a_sheet_that_was_deleted_meanwhile_is_written_again(one: study.Study) -> None:
    desk = desk_of(one)
    desk.record([change("s-1", empathy="x")])
    sheet_of(one).unlink()
    desk.record([change("s-2", dialogue="x")])
    assert marks_of(one, "u000") == {"empathy": "x", "dialogue": "x"}


def test_what_can_be_undone_survives_a_restart(one: study.Study) -> None:
    desk = desk_of(one)
    desk.record([change("s-1", empathy="x", recommendation="yes"), change("s-2", dialogue="x")])
    desk.record([change("s-3", dialogue="", undoes=["s-2"]), change("s-4", "u001", recommendation="no")])
    history = desk_of(one).state()["history"]
    assert [entry["ids"] for entry in history] == [["s-1"], ["s-4"]]
    assert history[0]["was"] == {"empathy": "", "recommendation": ""}
    sheet_of(one).write_text(sheet_of(one).read_text("utf-8-sig").replace("comimos.,no", "comimos.,yes"))
    assert desk_of(one).state()["history"] == []


# ── what is refused ────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("unit", "cells"),
    [
        ("u999", {"empathy": "x"}), ("u000", {"text": "new"}), ("u000", {"unit_id": "u1"}), ("u000", {"nope": "x"}),
        ("u000", {"empathy": "<b>"}), ("u000", {"empathy": "yes"}), ("u000", {"recommendation": "x"}),
        ("u000", {"note": "a" * 10_001}), ("u000", {"empathy": "x", "start": "3"}),
    ],
)  # fmt: skip
def test_a_change_of_anything_else_is_refused_with_all_that_came_with_it(
    one: study.Study, unit: str, cells: dict[str, str]
) -> None:
    desk, before = desk_of(one), sheet_of(one).read_bytes()
    with pytest.raises(desks.RefusedError):
        desk.record([change("s-1", dialogue="x"), change("s-2", unit, **cells)])
    assert sheet_of(one).read_bytes() == before
    assert journaled(one) == []
    assert desk.state()["units"][0]["cells"]["dialogue"] == ""


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("Rain fell.,,", "Rain fell.,maybe,", "row 2, column recommendation: 'maybe'"),
        ("u001", "u000", "row 3, column unit_id: the unit stands in row 2 as well"),
        ("u001", "", "row 3, column unit_id: no unit_id"),
        ("empathy", "sympathy", "no column is called empathy"),
        (",note", ",", "no column is called note"),
    ],
)
def test_a_sheet_that_is_not_clear_is_refused_with_the_place(one: study.Study, old: str, new: str, says: str) -> None:
    text = sheet_of(one).read_text("utf-8-sig")
    sheet_of(one).write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(GlosaError, match=re.escape(says)):
        ui.start(one)


def test_an_empty_or_binary_sheet_is_refused(one: study.Study) -> None:
    for content in (b"", b"PK\x03\x04" + bytes(range(256)) * 4, b"a\n"):
        sheet_of(one).write_bytes(content)
        with pytest.raises(GlosaError):
            ui.start(one)


def test_a_sheet_is_found_by_name_or_as_the_only_one(one: study.Study) -> None:
    file = sheet_of(one).resolve()
    assert {ui.find_sheet(one, name) for name in ("", "round-1-ana", "round-1-ana.csv", str(file))} == {file}
    for wrong in ("round-1-bea", "../../../codebook", "/etc/passwd"):
        with pytest.raises(GlosaError, match="round-1-ana"):
            ui.find_sheet(one, wrong)
    shutil.copy(file, file.with_name("round-1-bea.csv"))
    with pytest.raises(GlosaError, match="2 sheets"):
        ui.find_sheet(one)
    shutil.rmtree(file.parent)
    with pytest.raises(GlosaError, match="glosa code sheet"):
        ui.find_sheet(one)


def test_strings_have_the_same_keys_and_placeholders_and_all_are_used() -> None:
    catalogues = {code: desks.strings(code) for code in desks.LANGUAGES}
    files = {file.stem for file in (ROOT / "pipeline" / "coded" / "strings").glob("*.toml")}
    assert files == set(desks.LANGUAGES)
    shapes = [{key: _places(text) for key, text in texts.items()} for texts in catalogues.values()]
    assert shapes[0] == shapes[1] == shapes[2]
    words = set(re.findall(r"\w+", HTML))
    made = {f"status_{s}" for s in ("coded", "open", "unfinished", "contradiction")}
    keys = {key for key in catalogues["en"] if key not in words and key not in made}
    assert {key.removeprefix("help_") for key in keys} <= words
    assert {name for name in re.findall(r'data-s="(\w+)"|\bt\("(\w+)"', HTML) for name in name if name} <= set(
        shapes[0]
    )


def _places(text: str) -> list[str]:
    return sorted(name for _, name, _, _ in string.Formatter().parse(text) if name)


def test_the_page_is_self_contained_and_never_reads_text_as_markup() -> None:
    for banned in ("http:", "https:", "innerHTML", "outerHTML", "insertAdjacent", "document.write", "eval(", "@import"):
        assert banned not in HTML.replace("http-equiv", ""), banned
    assert not re.search(r'\s(?:src|on\w+)="|style="', HTML)
    assert re.findall(r'href="([^"]*)"', HTML) == ["data:,"]


# ── the server, without a browser ──────────────────────────────────────────────────────────────────────────────────


@contextmanager
def serving(loaded: study.Study, **options: Any) -> Iterator[ui.Server]:
    server = ui.start(loaded, **options)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.finish()


def ask(
    url: str, what: str = "", body: Any = None, method: str = "", headers: dict[str, str | None] | None = None
) -> tuple[int, dict[str, str], bytes]:
    """Send one request with full control over it; a header that is None is left out."""
    _, _, place, token, _ = url.split("/")
    sent: dict[str, str | None] = {"Host": place}
    content = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
    if body is not None:
        sent |= {"Content-Type": "application/json", "Content-Length": str(len(content))}
    sent |= headers or {}
    link = http.client.HTTPConnection(place, timeout=10)
    link.putrequest(method or ("GET" if body is None else "POST"), f"/{token}/{what}", skip_host=True)
    for name, value in sent.items():
        for each in () if value is None else value.split("\n"):
            link.putheader(name, each)
    link.endheaders(content)
    answer = link.getresponse()
    found = answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read()
    link.close()
    return found


def wire(name: str, unit: str = "u000", **cells: str) -> dict[str, Any]:
    return {"changes": [{"id": name, "unit": unit, "cells": cells, "was": {}}]}


@pytest.mark.enable_socket
def test_the_server_listens_here_alone_and_answers_who_knows_the_secret(one: study.Study) -> None:
    with serving(one) as server:
        assert server.socket.getsockname()[0] == "127.0.0.1"
        assert re.fullmatch(rf"http://127\.0\.0\.1:{server.port}/[\w-]{{32}}/", server.url)
        status, headers, page = ask(server.url)
        assert (status, page.decode()) == (200, HTML)
        for name, value in {
            "cache-control": "no-store", "x-content-type-options": "nosniff", "referrer-policy": "no-referrer",
            "x-frame-options": "DENY", "cross-origin-resource-policy": "same-origin",
        }.items():  # fmt: skip
            assert headers[name] == value
        policy = headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; script-src 'sha256-")
        assert "unsafe" not in policy
        assert not any(name.startswith("access-control") for name in headers)
        assert headers["server"].strip() == "glosa"
        assert json.loads(ask(server.url, "state")[2])["sheet"] == "round-1-ana"


@pytest.mark.enable_socket
@pytest.mark.parametrize(
    ("what", "body", "headers", "status"),
    [
        ("state", None, {"Host": "evil.example"}, 403),
        ("state", None, {"Host": "127.0.0.1"}, 403),
        ("state", None, {"Host": None}, 403),
        ("state", None, {"Host": "{host}\nevil.example"}, 403),
        ("../state", None, {}, 404),
        ("nothing", None, {}, 404),
        ("changes", None, {}, 404),
        ("state", {}, {}, 404),
        ("changes", wire("s-1", empathy="x"), {"Host": "evil.example"}, 403),
        ("changes", wire("s-1", empathy="x"), {"Origin": "http://evil.example"}, 403),
        ("changes", wire("s-1", empathy="x"), {"Origin": "null"}, 403),
        ("changes", wire("s-1", empathy="x"), {"Origin": "http://127.0.0.1:1"}, 403),
        ("changes", wire("s-1", empathy="x"), {"Content-Type": "text/plain"}, 415),
        ("changes", wire("s-1", empathy="x"), {"Content-Length": None}, 413),
        ("changes", b"", {"Content-Length": "-1"}, 413),
        ("changes", b"", {"Content-Length": "999999999"}, 413),
        ("changes", b"{", {}, 409),
        ("changes", b"\xff", {}, 409),
        ("changes", b"[" * 100_000, {}, 409),
        ("changes", [], {}, 409),
        ("changes", {"changes": [{"id": "a b", "unit": "u000", "cells": {"empathy": "x"}}]}, {}, 409),
        ("changes", {"changes": [{"id": "a", "unit": "u000", "cells": {"empathy": 1}}]}, {}, 409),
        ("changes", {"changes": [{"id": "a", "unit": "u000", "cells": {}}]}, {}, 409),
    ],
)
def test_other_requests_are_refused_and_change_nothing(
    one: study.Study, what: str, body: Any, headers: dict[str, str | None], status: int
) -> None:
    before = sheet_of(one).read_bytes()
    with serving(one) as server:
        host = server.url.split("/")[2]
        sent = {name: value and value.replace("{host}", host) for name, value in headers.items()}
        found, received, content = ask(server.url, what, body, headers=sent)
        assert found == status
        assert "error" in json.loads(content)
        assert not any(name.startswith("access-control") for name in received)
    assert sheet_of(one).read_bytes() == before
    assert journaled(one) == []


@pytest.mark.enable_socket
def test_without_the_secret_there_is_nothing_and_no_method_but_two(one: study.Study) -> None:
    with serving(one) as server:
        for token in ("", "x" * 32, server.token[:-1], f"{server.token}x", server.token.swapcase(), "%00", "é"):
            wrong = server.url.replace(server.token, token.encode("latin-1").decode("latin-1"))
            for what, body in (("", None), ("state", None), ("changes", wire("s-1", empathy="x"))):
                if token.isascii():
                    assert ask(wrong, what, body)[0] == 403
        for method in ("OPTIONS", "PUT", "DELETE", "PATCH", "TRACE"):
            status, headers, content = ask(server.url, "changes", method=method)
            assert (status, json.loads(content)) == (501, {"error": "bad_request"})
            assert not any(name.startswith("access-control") for name in headers)
    assert journaled(one) == []


@pytest.mark.enable_socket
def test_half_a_character_and_control_characters_do_not_stop_a_note(one: study.Study) -> None:
    with serving(one) as server:
        body = b'{"changes":[{"id":"s-1","unit":"u000","cells":{"note":"a\\ud800b\\u0000c\\r\\nd"}}]}'
        assert ask(server.url, "changes", body)[0] == 200
    assert rows_of(one)["u000"]["note"] == "a?b c\nd"


@pytest.mark.enable_socket
def test_a_disk_that_fails_is_told(one: study.Study, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(one) as server:
        with monkeypatch.context() as patch:
            patch.setattr(journal.Journal, "append", lambda self, changes: _full())
            status, _, content = ask(server.url, "changes", wire("s-1", empathy="x"))
        assert (status, json.loads(content)) == (500, {"error": "disk", "detail": "No space left on device"})
        assert ask(server.url, "changes", wire("s-1", empathy="x"))[0] == 200
    assert marks_of(one, "u000") == {"empathy": "x"}


@pytest.mark.enable_socket
def test_many_at_once_are_all_kept(one: study.Study) -> None:
    with serving(one) as server:

        def send(name: str) -> None:
            for i in range(15):
                assert ask(server.url, "changes", wire(f"{name}-{i}", "u00" + name, note=str(i)))[0] == 200

        threads = [threading.Thread(target=send, args=(name,)) for name in "0123"]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(journaled(one)) == 60
    for name in "0123":
        assert [line["cells"]["note"] for line in journaled(one) if line["id"].startswith(name)] == list(
            map(str, range(15))
        )
        assert marks_of(one, f"u00{name}") == {"note": "14"}


# ── one program per sheet, and killed programs ─────────────────────────────────────────────────────────────────────


@contextmanager
def process(loaded: study.Study) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Run the server as a program of its own; yield it and its address."""
    command = [sys.executable, "-c", SERVE, str(loaded.root), "round-1-ana"]
    program = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        assert program.stdout
        line = program.stdout.readline()
        found = re.search(r"http://127\.0\.0\.1:\d+/[\w-]+/", line)
        assert found, line + program.stdout.read()
        yield program, found[0]
    finally:
        program.kill()
        program.communicate()


@pytest.mark.enable_socket
def test_a_second_program_is_refused_and_a_dead_ones_lock_is_not(one: study.Study) -> None:
    with process(one) as (program, url):
        with pytest.raises(GlosaError) as refused:
            ui.start(one)
        assert str(program.pid) in refused.value.letter()
        assert url in refused.value.letter()
        program.send_signal(signal.SIGKILL)
        program.wait()
        lock = sheet_of(one).with_name(".round-1-ana.lock")
        assert json.loads(lock.read_text())["pid"] == program.pid
        assert lock.stat().st_mode & 0o077 == 0
        with serving(one) as server:
            assert server.url == url
            with pytest.raises(GlosaError, match="another program"):
                ui.start(one)
        with serving(one) as server:
            assert server.url == url


@pytest.mark.enable_socket
@pytest.mark.parametrize(
    "left",
    [
        "", "{", "[]", '{"port": "x", "token": 3}', '{"port": 99999, "token": "%s"}' % ("a" * 32),
        '{"port": 1, "token": "short"}', '{"pid": 1, "port": 0}', '{"port": 8080, "token": "../../%s"}' % ("a" * 26),
    ],
)  # fmt: skip
def test_a_lock_file_left_by_whoever_is_no_lock(one: study.Study, left: str) -> None:
    sheet_of(one).with_name(".round-1-ana.lock").write_text(left)
    with serving(one) as server:
        assert ask(server.url)[0] == 200
        assert re.fullmatch(r"[\w-]{32}", server.token)


def test_a_folder_that_cannot_be_written_or_locked_is_told(one: study.Study, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(code: int) -> Any:
        def hold(handle: int) -> None:
            raise OSError(code, os.strerror(code))

        return hold

    for code, says in ((errno.ENOLCK, "no lock or journal"), (errno.EAGAIN, "another program")):
        monkeypatch.setattr(journal, "_hold", fails(code))
        with pytest.raises(GlosaError, match=says):
            ui.start(one)
    monkeypatch.setattr(os, "open", lambda *args, **kwargs: _full())
    with pytest.raises(GlosaError, match="No space left"):
        ui.start(one)


@pytest.mark.enable_socket
def test_a_port_that_is_taken(one: study.Study, tmp_path_factory: pytest.TempPathFactory) -> None:
    other = make(tmp_path_factory.mktemp("other"))
    with serving(one) as server:
        with pytest.raises(GlosaError, match=f"--port {server.port}"):
            ui.start(other, port=server.port)
        remembered = {"pid": 1, "port": server.port, "token": "t" * 32}
        sheet_of(other).with_name(".round-1-ana.lock").write_text(json.dumps(remembered))
        with serving(other) as free:
            assert free.port != server.port
            assert free.token != "t" * 32


@pytest.mark.enable_socket
def test_what_was_answered_outlives_sigkill_at_any_moment(one: study.Study) -> None:
    """Changes are sent without pause while the program is killed again and again; what isn't answered is sent again."""
    answered: list[str] = []
    sending = 0
    for delay in (0.15, 0.05, 0.3):
        with process(one) as (program, url):
            threading.Timer(delay, program.kill).start()
            while True:
                try:
                    status = ask(url, "changes", wire(f"s-{sending}", "u00" + str(sending % 6), note=f"n{sending}"))[0]
                except OSError:
                    break
                except http.client.HTTPException:
                    break
                assert status == 200
                answered.append(f"s-{sending}")
                sending += 1
        shown = {unit["id"]: unit["cells"]["note"] for unit in desk_of(one).state()["units"]}
        for unit in range(6):
            last = max((i for i in range(sending) if i % 6 == unit), default=None)
            assert last is None or shown[f"u00{unit}"] in (f"n{last}", f"n{last + 6}")
    assert len(answered) > 10
    kept = [line["id"] for line in journaled_safely(one)]
    assert [name for name in kept if name in set(answered)] == answered


@pytest.mark.enable_socket
def test_ctrl_c_ends_it_with_the_next_step(one: study.Study) -> None:
    with process(one) as (program, url):
        ask(url, "changes", wire("s-1", empathy="x"))
        program.send_signal(signal.SIGINT)
        said, _ = program.communicate(timeout=10)
    assert "Traceback" not in said
    assert f"glosa code import {sheet_of(one).resolve()}" in said
    assert program.returncode == 0


# ── in a browser ───────────────────────────────────────────────────────────────────────────────────────────────────

in_browser = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")


@contextmanager
def browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield chromium
        chromium.close()


def opened(where: Any, url: str, **options: Any) -> Any:
    """Open the page in a tab that remembers complaints and foreign requests."""
    tab = where.new_page(**options)
    tab.complaints = []
    tab.on("pageerror", lambda error: tab.complaints.append(str(error)))
    tab.on("console", lambda message: tab.complaints.append(message.text))
    tab.on("request", lambda request: request.url.startswith(url) or tab.complaints.append(request.url))
    tab.goto(url)
    tab.wait_for_selector("#columns:not([hidden])")
    return tab


def press(tab: Any, keys: str) -> None:
    for key in keys.split():
        tab.keyboard.press(key)


def saved(tab: Any) -> None:
    tab.wait_for_selector('#saved[data-state="saved"]', timeout=15_000)


def said(tab: Any, text: str) -> None:
    """Wait until the live region says it."""
    tab.locator("#live", has_text=re.compile(f"^{re.escape(text)}$")).wait_for(state="attached", timeout=5_000)


def place(tab: Any) -> str:
    return str(tab.locator("#place").text_content())


@in_browser
@pytest.mark.enable_socket
def test_a_sheet_is_coded_with_the_keyboard_alone(one: study.Study) -> None:
    with serving(one) as server, browser() as chromium:
        tab = opened(chromium, server.url)
        assert place(tab) == "Unit 1 of 6"
        press(tab, "1 4 Enter n Enter r")
        assert "needs a theme" in tab.locator("#status").text_content()
        press(tab, "o m")
        tab.keyboard.type("odd; 1 o n u?")
        press(tab, "Enter Enter 3 u ArrowRight ArrowLeft ArrowLeft ArrowLeft")
        assert place(tab) == "Unit 2 of 6"
        saved(tab)
        assert marks_of(one, "u000") == {"recommendation": "yes", "accountability": "x", "dialogue": "x"}
        assert marks_of(one, "u001") == {"recommendation": "no"}
        assert marks_of(one, "u002") == {"recommendation": "yes", "other": "x", "note": "odd; 1 o n u?"}
        assert marks_of(one, "u003") == {}
        assert "3 of 6" in tab.locator("#count").text_content()
        press(tab, "g 6 Enter 5 ArrowRight")
        assert place(tab) == "Unit 6 of 6"
        press(tab, "Enter")
        assert place(tab) == "Unit 4 of 6"
        press(tab, "? Escape r r")
        assert tab.locator("#no").get_attribute("aria-pressed") == "true"
        press(tab, "Enter 2 Enter")
        tab.wait_for_selector("#finished:not([hidden])")
        saved(tab)
        assert marks_of(one, "u005") == {"recommendation": "yes", "supervision": "x"}
        assert tab.complaints == []
        tab.close()


@in_browser
@pytest.mark.enable_socket
def test_it_goes_on_where_one_stopped_and_undoes_what_was_done_before(one: study.Study) -> None:
    with serving(one) as server, browser() as chromium:
        tab = opened(chromium, server.url)
        press(tab, "1 Enter 2 m")
        tab.keyboard.type("abc")
        press(tab, "Escape Enter")
        saved(tab)
        tab.close()
        again = opened(chromium, server.url)
        assert place(again) == "Unit 3 of 6"
        press(again, "u")
        assert place(again) == "Unit 2 of 6"
        assert again.locator("#note").input_value() == ""
        press(again, "u u")
        assert place(again) == "Unit 1 of 6"
        saved(again)
        assert marks_of(one, "u000") == marks_of(one, "u001") == {}
        press(again, "u")
        said(again, "Nothing to undo")
        assert again.complaints == []


@in_browser
@pytest.mark.enable_socket
def test_a_burst_of_keys_arrives_in_order(one: study.Study) -> None:
    with serving(one) as server, browser() as chromium:
        tab = opened(chromium, server.url)
        keys = "1212345o" * 12
        tab.evaluate(
            "keys => { for (const key of keys)"
            " document.body.dispatchEvent(new KeyboardEvent('keydown', {key, bubbles: true})) }",
            keys,
        )
        saved(tab)
        names = dict(zip("12345o", THEMES, strict=True))
        done = [next(name for name in line["cells"] if name != "recommendation") for line in journaled(one)]
        assert done == [names[key] for key in keys]
        assert marks_of(one, "u000") == {"recommendation": "yes"}
        assert tab.complaints == []


@in_browser
@pytest.mark.enable_socket
def test_a_killed_server_costs_no_keystroke_and_the_order_is_kept(one: study.Study) -> None:
    with browser() as chromium:
        with process(one) as (program, url):
            tab = opened(chromium, url)
            press(tab, "1 2")
            saved(tab)
            program.send_signal(signal.SIGKILL)
            program.wait()
            press(tab, "1 Enter o m")
            tab.keyboard.type("later")
            press(tab, "Enter Enter n")
            tab.wait_for_selector('#saved[data-state="failed"]')
            assert tab.locator("#saved").text_content() == "Not saved: 8"
            assert "Keep this page open" in tab.locator("#trouble").text_content()
        asked: list[str] = []
        tab.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.dismiss()))
        tab.evaluate("setTimeout(() => location.reload())")
        tab.wait_for_timeout(300)
        assert asked == ["beforeunload"]
        with process(one) as (_, again):
            assert again == url
            saved(tab)
            assert tab.locator("#trouble").is_hidden()
        assert marks_of(one, "u000") == {"recommendation": "yes", "prevention": "x"}
        assert marks_of(one, "u001") == {"recommendation": "yes", "other": "x", "note": "later"}
        assert marks_of(one, "u002") == {"recommendation": "no"}
        notes = [line["cells"]["note"] for line in journaled(one) if "note" in line["cells"]]
        assert notes == ["l", "la", "lat", "late", "later"]
        numbers = [int(line["id"].rsplit("-", 1)[1]) for line in journaled(one)]
        assert numbers == list(range(1, len(numbers) + 1))


@in_browser
@pytest.mark.enable_socket
def test_answers_that_get_lost_and_servers_that_stumble(one: study.Study) -> None:
    """Of five requests, one fails before it is sent, one after it was taken, one comes back as an error."""
    with serving(one) as server, browser() as chromium:
        tab = opened(chromium, server.url)
        turn = iter(range(10_000))

        def stumble(route: Any) -> None:
            place = next(turn) % 5
            if place == 0:
                route.abort()
            elif place == 1:
                route.fetch()
                route.abort()
            elif place == 2:
                route.fulfill(status=500, body='{"error": "disk"}')
            else:
                route.continue_()

        tab.route("**/changes", stumble)
        press(tab, "1 2 1 Enter 3 u 4 Enter n r o")
        saved(tab)
        assert marks_of(one, "u000") == {"recommendation": "yes", "prevention": "x"}
        assert marks_of(one, "u001") == {"recommendation": "yes", "dialogue": "x"}
        assert marks_of(one, "u002") == {"recommendation": "yes", "other": "x"}
        assert len({line["id"] for line in journaled(one)}) == len(journaled(one)) == 9


@in_browser
@pytest.mark.enable_socket
def test_a_page_closed_while_the_server_was_down_hands_over_to_the_next(one: study.Study) -> None:
    with browser() as chromium:
        context = chromium.new_context()
        with process(one) as (program, url):
            tab = opened(context, url)
            press(tab, "1")
            saved(tab)
            program.kill()
            program.wait()
            press(tab, "2 Enter n")
            tab.wait_for_selector('#saved[data-state="failed"]')
            tab.close()
        with process(one) as (_, url):
            tab = opened(context, url)
            saved(tab)
            assert place(tab) == "Unit 3 of 6"
            assert tab.evaluate("localStorage.length") == 0
        assert marks_of(one, "u000") == {"recommendation": "yes", "accountability": "x", "prevention": "x"}
        assert marks_of(one, "u001") == {"recommendation": "no"}


@in_browser
@pytest.mark.enable_socket
def test_two_tabs_and_a_spreadsheet_on_one_sheet(one: study.Study) -> None:
    with serving(one) as server, browser() as chromium:
        first, second = opened(chromium, server.url), opened(chromium, server.url)
        press(first, "1")
        saved(first)
        press(second, "2")
        saved(second)
        second.wait_for_selector('[data-column="accountability"][aria-pressed="true"]')
        text = (
            sheet_of(one)
            .read_text("utf-8-sig")
            .replace("Hablen los dos con calma.,Luego comimos.,", "Hablen los dos con calma.,Luego comimos.,no")
        )
        sheet_of(one).write_text(text, encoding="utf-8")
        press(second, "3 Enter")
        saved(second)
        second.get_by_text("2 of 6 coded").wait_for()
        assert marks_of(one, "u000") == dict.fromkeys(THEMES[:3], "x") | {"recommendation": "yes"}
        assert marks_of(one, "u001") == {"recommendation": "no"}


@in_browser
@pytest.mark.enable_socket
def test_texts_are_shown_and_never_run(tmp_path: Path) -> None:
    loaded = make(tmp_path, [("en", HOSTILE, HOSTILE, HOSTILE), ('"><script>', "", "b", "")])
    book = (tmp_path / "codebook.toml").read_text("utf-8")
    hostile = json.dumps(HOSTILE.replace("\u202e", "").replace("\u202c", ""))
    (tmp_path / "codebook.toml").write_text(re.sub(r'(?m)^en = "Empathy"', f"en = {hostile}", book), encoding="utf-8")
    loaded = study.load(tmp_path)
    with serving(loaded) as server, browser() as chromium:
        tab = opened(chromium, server.url)
        ran: list[str] = []
        tab.on("dialog", lambda dialog: (ran.append(dialog.message), dialog.dismiss()))
        press(tab, "3 m")
        tab.keyboard.insert_text(HOSTILE)
        press(tab, "Escape c ArrowRight ArrowLeft")
        saved(tab)
        tab.wait_for_timeout(200)
        assert ran == []
        assert tab.locator("img, main script, aside script").count() == 0
        assert [tab.locator(f"#{part}").text_content() for part in ("before", "text", "after")] == [HOSTILE] * 3
        assert tab.locator("#note").input_value() == HOSTILE
        assert "<script>" in tab.locator('button[data-column="empathy"]').text_content()
        assert tab.complaints == []
        assert marks_of(loaded, "u000")["note"] == HOSTILE


CONTRAST = """() => {
  const channel = v => { v /= 255; return v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4; };
  const parse = c => { const m = c.match(/[\\d.]+/g).map(Number); return m.length < 4 ? [...m, 1] : m; };
  const light = ([r, g, b]) => .2126 * channel(r) + .7152 * channel(g) + .0722 * channel(b);
  const behind = e => {
    for (; e; e = e.parentElement) { const c = parse(getComputedStyle(e).backgroundColor); if (c[3] === 1) return c; }
  };
  const ratio = (a, b) => {
    const [x, y] = [light(parse(a)), light(b)].sort((p, q) => q - p);
    return (x + .05) / (y + .05);
  };
  const poor = [];
  for (const e of document.querySelectorAll('body *')) {
    if (!e.checkVisibility() || ['SCRIPT', 'STYLE', 'OPTION'].includes(e.tagName)) continue;
    const style = getComputedStyle(e), name = e.tagName + '#' + e.id + ' ' + e.textContent.slice(0, 30);
    const has = [...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim());
    const edged = e.matches('button:not(.main), textarea, input, .box');
    const pressed = e.matches('button, summary, textarea');
    if (has && ratio(style.color, behind(e)) < 4.5) poor.push(['text', name]);
    if (edged && ratio(style.borderTopColor, behind(e.parentElement)) < 3) poor.push(['edge', name]);
    if (pressed && Math.min(e.offsetHeight, e.offsetWidth) < 24) poor.push(['small', name]);
  }
  return poor;
}"""


@in_browser
@pytest.mark.enable_socket
@pytest.mark.parametrize("scheme", ["light", pytest.param("dark", marks=pytest.mark.slow)])
def test_it_fits_every_width_and_can_be_read(one: study.Study, scheme: str) -> None:
    """1280 px, the same at 200 % zoom, a phone, and 320 px (400 % zoom); every state of the page in each."""
    with serving(one, language="es") as server, browser() as chromium:
        for width, height in ((1280, 900), (640, 450), (390, 844), (320, 640)):
            tab = opened(chromium, server.url, viewport={"width": width, "height": height}, color_scheme=scheme)
            tab.route("**/changes", lambda route: route.abort())
            for keys in ("g 1 Enter", "1 o", "?", "Escape g", "Escape c n"):
                press(tab, keys)
                tab.wait_for_timeout(60)
                assert tab.evaluate("document.documentElement.scrollWidth") <= width, keys
                assert tab.evaluate(CONTRAST) == [], keys
            tab.wait_for_selector('#saved[data-state="failed"]')
            assert tab.locator("#saved").is_visible()
            assert tab.evaluate(CONTRAST) == []
            assert [text for text in tab.complaints if "ERR_FAILED" not in text] == []


@in_browser
@pytest.mark.enable_socket
def test_who_uses_tab_and_a_screen_reader_gets_everything(one: study.Study) -> None:
    with serving(one) as server, browser() as chromium:
        tab = opened(chromium, server.url)
        tab.locator("#shortcuts").evaluate("box => { box.checked = false; box.dispatchEvent(new Event('change')); }")
        press(tab, "1 o n u m g ?")
        assert tab.locator("dialog[open]").count() == 0
        assert marks_of(one, "u000") == {}
        button = tab.get_by_role("button", name="Empathy", exact=True)
        button.focus()
        press(tab, "Space")
        saved(tab)
        assert button.get_attribute("aria-pressed") == "true"
        said(tab, "Empathy: marked. Saved")
        press(tab, "Enter")
        assert button.get_attribute("aria-pressed") == "false"
        assert place(tab) == "Unit 1 of 6"
        names = []
        for _ in range(40):
            press(tab, "Tab")
            names.append(tab.evaluate("document.activeElement.id || document.activeElement.dataset.column || ''"))
            style = tab.evaluate("getComputedStyle(document.activeElement).outlineStyle")
            assert style != "none" or names[-1] == ""
        wanted = {
            "yes",
            "no",
            "nothing",
            *THEMES,
            "note",
            "previous",
            "next",
            "next-open",
            "undo",
            "go-open",
            "help-open",
        }
        assert wanted <= set(names)
        press(tab, "ArrowRight")
        tab.get_by_role("button", name="Previous").click()
        assert place(tab) == "Unit 1 of 6"
        assert tab.evaluate("document.activeElement.id") == "unit"
        assert tab.locator("[role=status]").count() == 1
        unnamed = (
            "[...document.querySelectorAll('main button')]"
            ".filter(b => !b.getAttribute('aria-labelledby') && !b.innerText.trim()).length"
        )
        assert tab.evaluate(unnamed) == 0
        assert tab.complaints == []


@in_browser
@pytest.mark.enable_socket
@pytest.mark.parametrize(
    "language", [pytest.param(code, marks=[] if code == "es" else pytest.mark.slow) for code in desks.LANGUAGES]
)
def test_the_page_speaks_the_language_and_says_which_one_a_text_has(one: study.Study, language: str) -> None:
    texts = tomllib.loads((ROOT / "pipeline" / "coded" / "strings" / f"{language}.toml").read_text("utf-8"))
    with serving(one, language=language) as server, browser() as chromium:
        tab = opened(chromium, server.url)
        assert tab.locator("html").get_attribute("lang") == language
        assert tab.get_by_role("button", name=texts["undo"]).count() == 1
        assert one.codebook.themes[2].label[language] in tab.locator("#codes").text_content()
        assert tab.locator("#after").get_attribute("lang") == "en"
        assert tab.locator("aside ul[data-field=examples]").first.get_attribute("lang") == "en"
        press(tab, "ArrowRight")
        assert (tab.locator("#text").get_attribute("lang"), tab.locator("#before-part").is_hidden()) == ("es", True)
        assert tab.locator("aside ul[data-field=examples]").first.get_attribute("lang") == "es"
        press(tab, "ArrowRight ArrowRight")
        assert tab.locator("#text").get_attribute("lang") is None
        press(tab, "Shift+Digit2")
        assert tab.locator("aside details[open]").count() == 1
        assert texts["exclude"] in tab.locator("aside details[open]").text_content()
        assert not re.search(r"\{\w+\}|undefined|null", tab.locator("body").inner_text())
        assert marks_of(one, "u003") == {}


@in_browser
@pytest.mark.enable_socket
def test_where_every_unit_is_coded_a_theme_says_nothing_of_a_recommendation(tmp_path: Path) -> None:
    loaded = make(tmp_path, settings='[study]\nlanguages = ["en"]\n[units]\neligible = "all"\n')
    with serving(loaded) as server, browser() as chromium:
        tab = opened(chromium, server.url)
        press(tab, "1 Enter 2 r r Enter n")
        saved(tab)
        assert marks_of(loaded, "u000") == {"accountability": "x"}
        assert marks_of(loaded, "u001") == {"recommendation": "no", "prevention": "x"}
        assert marks_of(loaded, "u002") == {"recommendation": "no"}
        assert "3 of 6" in tab.locator("#count").text_content()
