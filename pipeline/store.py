"""The only opener of `data/processed` and `reports`.

A stage saves through `Store`; everything is written beside its final place and renamed when the stage
has finished, so an interrupted run leaves the last good outputs as they were.
"""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pipeline import schemas
from pipeline.errors import GlosaError

if TYPE_CHECKING:
    from collections.abc import Iterable

NAMES = ".glosa/names.json"
_MARK = b"glosa.checked"
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


class Store:
    """Loads the files a stage reads and saves the files it writes; anything else is refused."""

    def __init__(self, root: Path, reads: Iterable[str], writes: Iterable[str]) -> None:
        self.root = root
        self._reads, self._writes = frozenset(reads), frozenset(writes)
        self._pending: dict[str, Path] = {}

    def table(self, name: str) -> pd.DataFrame:
        """Load and check a table."""
        return read_table(self._readable(f"data/processed/{name}.parquet"), name)

    def tables(self) -> dict[str, pd.DataFrame]:
        """Load every table that the stage reads."""
        return {
            Path(name).stem: self.table(Path(name).stem) for name in sorted(self._reads) if name.endswith(".parquet")
        }

    def vectors(self) -> np.ndarray:
        """Load the embeddings: float32, one row per unit in the order of `vectors.parquet`."""
        vectors: np.ndarray = np.load(self._readable("data/processed/vectors.npy"), allow_pickle=False)
        return vectors

    def save_table(self, name: str, frame: pd.DataFrame) -> None:
        """Check a table and write it as Parquet."""
        write_table(self._writable(f"data/processed/{name}.parquet"), name, frame)

    def save_vectors(self, vectors: np.ndarray) -> None:
        """Write the embeddings."""
        with self._writable("data/processed/vectors.npy").open("wb") as file:
            np.save(file, np.ascontiguousarray(vectors, dtype=np.float32), allow_pickle=False)

    def names(self) -> tuple[str, ...]:
        """Load the contributors' names; they are kept to be replaced wherever something is published."""
        return tuple(json.loads(self._readable(NAMES).read_text(encoding="utf-8")))

    def save_names(self, names: Iterable[str]) -> None:
        """Write the contributors' names beside the program's state, readable by their owner alone."""
        path = self._writable(NAMES)
        path.touch(mode=0o600)
        path.write_text(json.dumps(sorted(set(names)), ensure_ascii=False, indent=0) + "\n", encoding="utf-8")

    def save_bytes(self, name: str, content: bytes) -> None:
        """Write a published file below the study's folder."""
        self._writable(name).write_bytes(content)

    def save_csv(self, name: str, frame: pd.DataFrame) -> None:
        """Write a published table; see `to_csv`."""
        self.save_bytes(name, to_csv(frame))

    def commit(self) -> None:
        """Rename everything that was saved into place."""
        missing = self._writes - self._pending.keys()
        if missing:
            raise RuntimeError(f"stage ended without writing {', '.join(sorted(missing))}")
        for name, temporary in self._pending.items():
            temporary.replace(self.root / name)
        self._pending.clear()

    def discard(self) -> None:
        """Remove what was saved but not committed."""
        for temporary in self._pending.values():
            temporary.unlink(missing_ok=True)
        self._pending.clear()

    def _readable(self, name: str) -> Path:
        if name not in self._reads:
            raise RuntimeError(f"the stage does not declare that it reads {name}")
        return self.root / name

    def _writable(self, name: str) -> Path:
        if name not in self._writes:
            raise RuntimeError(f"the stage does not declare that it writes {name}")
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f".{path.name}.part")
        self._pending[name] = temporary
        return temporary


def write_table(path: Path, name: str, frame: pd.DataFrame) -> None:
    """Check a table and write it, with a mark that says by which rules it was checked."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pa.Table.from_pandas(schemas.validate(name, frame), preserve_index=False)
    marked = table.replace_schema_metadata({**(table.schema.metadata or {}), _MARK: schemas.rules(name).encode()})
    pq.write_table(marked, path, compression="zstd")


def read_table(path: Path, name: str) -> pd.DataFrame:
    """Read one table; raise `GlosaError` where it is missing or damaged.

    What was written under the rules of today is not checked again; other programs don't keep the mark.
    """
    import pyarrow.parquet as pq

    try:
        frame = pd.read_parquet(path)
        mark = (pq.read_schema(path).metadata or {}).get(_MARK, b"").decode()
    except FileNotFoundError:
        raise GlosaError(path, "there is no such table.", "a finished run.", "Run `glosa run` first.") from None
    except Exception as error:
        raise GlosaError(
            path,
            f"the table can't be read ({type(error).__name__}).",
            f"{schemas.TABLES[name].row} as Parquet.",
            "Delete the file and run `glosa run` again.",
        ) from error
    return frame if mark == schemas.rules(name) else schemas.validate(name, frame)


def find_unit(units: pd.DataFrame, unit_id: str) -> pd.Series:
    """Return the row of a unit, without its id; raise `GlosaError` where there is no such unit."""
    indexed = units.set_index("unit_id")
    if unit_id not in indexed.index:
        raise GlosaError(
            f"unit {unit_id}",
            "there is no such unit.",
            f"an id of data/processed/units.parquet ({len(units)} units).",
            "Copy one from the report or the table.",
        )
    return indexed.loc[unit_id]


def to_csv(frame: pd.DataFrame) -> bytes:
    """Return a table as UTF-8 CSV in which no cell can run as a formula."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(frame.columns)
    writer.writerows([_guard(cell) for cell in row] for row in frame.itertuples(index=False))
    return out.getvalue().encode()


def write_json(path: Path, value: Any) -> None:
    """Write JSON beside its place, then rename."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.part")
    temporary.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    temporary.replace(path)


def _guard(cell: object) -> object:
    """Put an apostrophe before text that a spreadsheet would run as a formula."""
    if cell is None or cell is pd.NA or (isinstance(cell, float) and np.isnan(cell)):
        return ""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA_STARTS) else cell
