from __future__ import annotations

import os
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from pipeline import study
from tests.conftest import ROOT

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


@pytest.mark.enable_socket  # the kernel talks to us over local sockets
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_the_notebook_runs_on_a_finished_study(
    path: Path, finished: study.Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GLOSA_STUDY", str(finished.root))
    monkeypatch.setenv("MPLBACKEND", "agg")
    notebook = nbformat.read(path, as_version=4)
    assert not any(cell.get("outputs") for cell in notebook.cells), "commit notebooks without outputs"
    NotebookClient(
        notebook, timeout=120, kernel_name="python3", resources={"metadata": {"path": os.fspath(path.parent)}}
    ).execute()


def test_there_is_a_notebook() -> None:
    assert NOTEBOOKS
