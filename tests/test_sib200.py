"""The benchmark of a codebook of another field: says what is missing, and tests on nothing that teaches."""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest

from benchmarks import sib200
from pipeline.study import Codebook
from tests.conftest import ROOT, FakeEncoder

CODEBOOK = Codebook.model_validate(tomllib.loads((ROOT / "benchmarks" / "sib200.toml").read_text(encoding="utf-8")))


def corpus(folder: Path) -> sib200.Corpus:
    names = [theme.replace("science-", "science/") for theme in CODEBOOK.ids for _ in range(4)]
    for language in sib200.LANGUAGES:
        rows = [f'{i}\t{name}\t{language} "{i}' for i, name in enumerate(names)]
        rows = rows if language == "eng" else rows[::-1]
        (folder / f"{language}.tsv").write_text("\n".join(["index_id\tcategory\ttext", *rows]), encoding="utf-8")
    return sib200.read(folder, CODEBOOK)


def test_an_absent_folder_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sys, "argv", ["sib200", str(tmp_path)])
    with pytest.raises(SystemExit, match=rf"No SIB-200 in {tmp_path}"):
        sib200.main()


def test_languages_are_parallel_and_what_teaches_is_not_tested(tmp_path: Path) -> None:
    read = corpus(tmp_path)
    assert read.texts["por"] == [f'por "{i}' for i in range(28)]
    teaching = np.array([0, 5])
    tested = sib200.measure(read, CODEBOOK, (FakeEncoder(), None), "por", teaching)
    assert sorted([*tested.places, *teaching]) == list(range(28))
    other, used = sib200.first_as_examples(read, CODEBOOK)
    assert other.themes[1].examples == {"en": ['eng "4', 'eng "5', 'eng "6']}
    assert len(used) == 21


def test_the_odd_half_and_what_is_left_out_are_counted() -> None:
    read = sib200.Corpus({}, np.zeros(6, dtype=int), np.arange(6))
    draw = sib200.Tested(np.arange(6), np.array([True, True, True, False, True, False]), 0.1)
    line = sib200.line(read, "name", [draw, draw], np.array([0, 1]))
    assert "0.500 [" in line.split("odd half")[0]
    assert "n =    4" in line.split("odd half")[0]
    assert "0.000 [" in line.split("odd half")[1]
    assert "n =    2" in line.split("odd half")[1]
