"""Fixtures: cases as data, small studies, and one finished run of the shipped corpus for the whole session."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import settings

from pipeline import run, study

# Reproducible, and no deadline: the first example pays for the imports.
settings.register_profile("glosa", deadline=None, derandomize=True, max_examples=30)
settings.register_profile("nightly", deadline=None, derandomize=True, max_examples=200)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "glosa"))

ROOT = Path(__file__).resolve().parents[1]


def cases(name: str) -> list[dict[str, Any]]:
    """Return the cases of `tests/cases/<name>.jsonl`."""
    file = ROOT / "tests" / "cases" / f"{name}.jsonl"
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def case_params(name: str, label: Callable[[dict[str, Any]], str]) -> list[Any]:
    """Return cases as pytest parameters; a known failure is a strict xfail with its reason."""
    return [
        pytest.param(
            case,
            id=f"{i}-{label(case)[:40]}",
            marks=[pytest.mark.xfail(reason=case["known_failure"], strict=True)] if "known_failure" in case else [],
        )
        for i, case in enumerate(cases(name))
    ]


class FakeEncoder:
    """An encoder without a model: a text's vector is drawn from its hash, equal texts have equal vectors."""

    key = "fake@1"

    def __init__(self, dimensions: int = 16) -> None:
        self.dimensions = dimensions
        self.calls: list[list[str]] = []

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        self.calls.append(list(texts))
        rows = [self._row(text) for text in texts]
        return np.stack(rows) if rows else np.empty((0, self.dimensions), dtype=np.float32)

    def _row(self, text: str) -> np.ndarray:
        seed = int.from_bytes(hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[:8], "little")
        row = np.random.default_rng(seed).normal(size=self.dimensions)
        return (row / np.linalg.norm(row)).astype(np.float32)


@pytest.fixture
def fake_encoder() -> FakeEncoder:
    return FakeEncoder()


# Three languages are read, one is written, and the faster coder codes: every further language costs two reports in all
# forms, the other coder a second encoder.
SETTINGS = '[study]\nlanguages = ["en", "es", "pt"]\n\n[report]\nlanguages = ["en"]\n\n[coding]\nprofile = "fast"\n'


def make_study(folder: Path, captures: dict[str, str | bytes], settings: str = "") -> Path:
    """Make a study with the shipped codebook and the given captures."""
    (folder / "data" / "raw").mkdir(parents=True, exist_ok=True)
    (folder / "study.toml").write_text(settings or SETTINGS, encoding="utf-8")
    shutil.copy(ROOT / "codebook.toml", folder / "codebook.toml")
    for name, content in captures.items():
        path = folder / "data" / "raw" / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return folder


def copy_shipped(folder: Path, rename: Callable[[int, str], str] = lambda i, name: name) -> Path:
    """Copy the shipped study, its files renamed by `rename(place, name)`."""
    raw = folder / "data" / "raw"
    raw.mkdir(parents=True)
    for name in ("study.toml", "codebook.toml"):
        shutil.copy(ROOT / name, folder / name)
    shipped = sorted((ROOT / "data" / "raw").iterdir())
    for i, path in enumerate(shipped):
        shutil.copy(path, raw / (path.name if path.name.startswith(".") else rename(i, path.name)))
    return folder


def glosa(*arguments: str, cwd: Path | None = None, timeout: int = 240) -> subprocess.CompletedProcess[str]:
    """Run the real command line in a process of its own."""
    command = [sys.executable, "-m", "pipeline", *arguments]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=timeout, check=False)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep the tests of a file on one worker; all that look at the finished run of the corpus are on one, and first."""
    looking = [item for item in items if "finished" in getattr(item, "fixturenames", ())]
    for item in items:
        item.add_marker(pytest.mark.xdist_group("finished" if item in looking else item.path.name))
    items.sort(key=lambda item: item not in looking)


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> study.Study:
    """The shipped corpus, run once."""
    folder = copy_shipped(tmp_path_factory.mktemp("shipped") / "study")
    loaded = study.load(folder)
    run.run(loaded, quiet=True)
    return loaded


def hashes(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of every output but the manifest, which holds the clock."""
    files = [*(folder / "data" / "processed").iterdir(), *(folder / "reports").rglob("*")]
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(files)
        if path.is_file() and path.name != "manifest.json"
    }
