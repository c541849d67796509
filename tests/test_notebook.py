"""The notebooks run on a finished study: cell by cell in this process, and (slow) in a kernel of their own."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import nbformat
import pandas as pd
import pytest
from nbclient import NotebookClient

from pipeline import study
from tests.conftest import ROOT

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
each_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def executed(path: Path, shown: list[Any]) -> dict[str, Any]:
    """Run a notebook's code cells in order, without a kernel; what they display goes to `shown`."""
    show: Callable[..., None] = lambda *values: shown.extend(values)  # noqa: E731
    names: dict[str, Any] = {"__name__": "__main__", "display": show}
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type == "code":
            exec(compile(cell.source, f"{path.name}: {cell.id}", "exec"), names)
    return names


@pytest.fixture
def opened(finished: study.Study, monkeypatch: pytest.MonkeyPatch) -> study.Study:
    monkeypatch.setenv("GLOSA_STUDY", str(finished.root))
    monkeypatch.setenv("MPLBACKEND", "agg")
    monkeypatch.setattr(plt, "show", lambda: plt.close("all"))
    return finished


@each_notebook
def test_every_cell_runs(path: Path, opened: study.Study) -> None:
    with pd.option_context("display.max_colwidth", 50):  # put back what the notebook sets
        names = executed(path, [])
    assert names["processed"] == opened.processed
    assert not plt.get_fignums()


@each_notebook
def test_notebooks_are_committed_clean(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    assert not any(cell.get("outputs") or cell.get("execution_count") for cell in notebook.cells)
    assert notebook.cells[0].cell_type == notebook.cells[-1].cell_type == "markdown"
    assert "Not to be concluded" in "".join(cell.source for cell in notebook.cells)


@pytest.mark.slow
@pytest.mark.enable_socket  # the kernel talks to us over local sockets
@each_notebook
def test_the_notebook_runs_in_a_kernel_of_its_own(path: Path, opened: study.Study) -> None:
    NotebookClient(
        nbformat.read(path, as_version=4),
        timeout=120,
        kernel_name="python3",
        resources={"metadata": {"path": os.fspath(path.parent)}},
    ).execute()


def test_there_is_a_notebook_for_each_reader() -> None:
    assert {path.stem for path in NOTEBOOKS} == {"curriculum", "explore", "researcher"}
