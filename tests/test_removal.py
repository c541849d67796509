from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pipeline import removal, study
from pipeline.cli import app
from pipeline.errors import GlosaError
from tests.conftest import make_study

MADE = (
    "data/processed/units.parquet", "data/processed/.passages.parquet.part", "reports/public/theme_report.html",
    "reports/mine.txt", ".glosa/vectors.sqlite", ".glosa/.pytask/state.json", ".glosa/.gitignore",
)  # fmt: skip
KEPT = (
    "data/raw/a.txt", "data/raw/.public-voice-key", "data/coded/round-1-eva.csv", "data/coded/sheets/round-1-eva.csv",
    "data/audit/duplicates.csv", "data/forgotten.toml", "voice.key", "data/training/x.jsonl", "notes.md",
)  # fmt: skip
JOURNAL, LOCK = "data/coded/sheets/.round-1-eva.journal.jsonl", "data/coded/sheets/.round-1-eva.lock"
SETTLED = json.dumps({"id": "c1", "unit": "u1", "cells": {"note": "x"}}) + '\n{"in_sheet": 1}\n'


@pytest.fixture
def full(tmp_path: Path) -> study.Study:
    root = make_study(tmp_path / "study", {})
    for name in (*MADE, *KEPT, JOURNAL, LOCK):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(SETTLED if name == JOURNAL else "", encoding="utf-8")
    return study.load(root)


def files(root: Path) -> set[str]:
    return {path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file() or path.is_symlink()}


def call(full: study.Study, *arguments: str, said: str | None = None) -> str:
    found = CliRunner().invoke(app, ["purge", "--study", str(full.root), *arguments], input=said)
    assert found.exit_code == (1 if said == "n\n" else 0), found.output
    return found.output


def test_purge_removes_what_runs_have_made_and_keeps_the_rest(full: study.Study) -> None:
    everything = files(full.root)
    assert "Nothing was removed" in call(full, "--dry-run")
    call(full, said="n\n")
    assert files(full.root) == everything
    assert "9 files removed" in call(full, said="y\n")
    assert files(full.root) == {*KEPT, "study.toml", "codebook.toml"}
    assert not full.processed.exists()
    assert "nothing to remove" in call(full, "--yes")


def test_a_journal_with_changes_that_are_in_no_sheet_stays(full: study.Study) -> None:
    (full.root / JOURNAL).write_text(SETTLED.split("\n")[0] + "\n", encoding="utf-8")
    call(full, "--yes")
    assert {JOURNAL, LOCK} < files(full.root)


def test_the_end_of_retention_leaves_settings_and_a_record(full: study.Study) -> None:
    for _ in range(2):
        assert removal.RECORD in call(full, "--all", "--yes")
        (full.root / "voice.key").write_text("x", encoding="utf-8")
    record = tomllib.loads((full.root / removal.RECORD).read_text(encoding="utf-8"))["purged"]
    assert [entry["removed"].get("data/raw") for entry in record] == [{"files": 2, "bytes": 0}, None]
    assert "eva" not in str(record)
    assert files(full.root) - {removal.RECORD, "voice.key"} == {
        "study.toml", "codebook.toml", "data/training/x.jsonl", "notes.md",
    }  # fmt: skip


def test_links_are_never_followed(full: study.Study, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "precious.txt").write_text("x", encoding="utf-8")
    (full.reports / "link").symlink_to(tmp_path / "elsewhere")
    call(full, "--all", "--yes")
    assert (tmp_path / "elsewhere" / "precious.txt").is_file()
    assert not (full.reports / "link").is_symlink()
    full.state.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(GlosaError, match="leads out of the study"):
        removal.derived(full)


def test_a_folder_that_is_no_study_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "reports").mkdir()
    found = CliRunner().invoke(app, ["purge", "--study", str(tmp_path), "--all", "--yes"])
    assert isinstance(found.exception, GlosaError)
    assert (tmp_path / "reports").is_dir()
