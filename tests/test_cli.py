from __future__ import annotations

from pathlib import Path

import pytest

from pipeline import __version__, study
from tests.conftest import glosa, make_study


def test_version() -> None:
    assert glosa("--version").stdout == f"glosa {__version__}\n"


def test_plain_glosa_says_what_to_do_next(tmp_path: Path, finished: study.Study) -> None:
    assert "glosa init" in glosa(cwd=tmp_path).stdout
    assert glosa("init", "mine", cwd=tmp_path).returncode == 0
    assert "data/raw" in glosa(cwd=tmp_path / "mine").stdout
    (tmp_path / "mine/data/raw/a.txt").write_text("Say sorry.", encoding="utf-8")
    assert "glosa run" in glosa(cwd=tmp_path / "mine").stdout
    assert "theme_report.html" in glosa(cwd=finished.root).stdout


def test_init_makes_a_study_that_loads_and_never_overwrites(tmp_path: Path) -> None:
    assert glosa("init", str(tmp_path / "s")).returncode == 0
    loaded = study.load(tmp_path / "s")
    assert loaded.codebook.ids == ("accountability", "prevention", "empathy", "dialogue", "supervision")
    assert loaded.settings == study.Settings(
        study=study.StudySection(title="My study", question="What do people advise?")
    )
    again = glosa("init", str(tmp_path / "s"))
    assert again.returncode == 2
    assert "exists already" in again.stderr


def test_status_and_check_and_trace(finished: study.Study) -> None:
    from pipeline.store import read_table

    assert "up to date" in glosa("status", "--study", str(finished.root)).stdout
    assert "All laws hold" in glosa("check", "--study", str(finished.root)).stdout
    units = read_table(finished.processed / "units.parquet", "units")
    unit = units[units["is_recommendation"]].iloc[0]
    found = glosa("trace", unit["unit_id"], "--study", str(finished.root)).stdout
    assert unit["text"].split("\n")[0] in found
    assert f"characters {unit['start']}–{unit['end']}" in found


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["run", "--until", "nowhere"], "no such stage"),
        (["trace", "u0"], "glosa run"),
        (["explain", "u0"], "glosa run"),
        (["check"], "glosa run"),
        (["run", "--nonsense"], "nonsense"),
    ],
)
def test_wrong_words_exit_with_2(tmp_path: Path, arguments: list[str], expected: str) -> None:
    make_study(tmp_path, {"a.txt": "Say sorry."})
    found = glosa(*arguments, cwd=tmp_path)
    assert found.returncode == 2
    assert expected in found.stderr
    assert "Traceback" not in found.stderr


def test_no_study_here(tmp_path: Path) -> None:
    found = glosa("run", cwd=tmp_path)
    assert found.returncode == 2
    assert "glosa init" in found.stderr
