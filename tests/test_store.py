from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from pipeline.errors import GlosaError
from pipeline.store import Store, read_table

NAME = "data/processed/vectors.parquet"
FRAME = pd.DataFrame({"unit_id": ["a", "b"], "row": [0, 1]})


def test_nothing_appears_before_commit(tmp_path: Path) -> None:
    store = Store(tmp_path, (), (NAME,))
    store.save_table("vectors", FRAME)
    assert not (tmp_path / NAME).exists()
    store.commit()
    assert read_table(tmp_path / NAME, "vectors").equals(FRAME)


def test_what_was_not_committed_is_removed_and_the_old_stays(tmp_path: Path) -> None:
    first = Store(tmp_path, (), (NAME,))
    first.save_table("vectors", FRAME)
    first.commit()
    before = (tmp_path / NAME).read_bytes()
    second = Store(tmp_path, (), (NAME,))
    second.save_table("vectors", FRAME.iloc[:1])
    second.discard()
    assert (tmp_path / NAME).read_bytes() == before
    assert [p.name for p in (tmp_path / "data/processed").iterdir()] == ["vectors.parquet"]


def test_a_stage_keeps_to_what_it_declares(tmp_path: Path) -> None:
    store = Store(tmp_path, (), (NAME,))
    with pytest.raises(RuntimeError, match="does not declare that it reads"):
        store.table("units")
    with pytest.raises(RuntimeError, match="does not declare that it writes"):
        store.save_bytes("reports/x.html", b"")
    with pytest.raises(RuntimeError, match="without writing"):
        store.commit()


@pytest.mark.parametrize(
    "frame",
    [
        pd.DataFrame({"unit_id": ["a", "a"], "row": [0, 1]}),
        pd.DataFrame({"unit_id": ["a"], "row": [-1]}),
        pd.DataFrame({"unit_id": [None], "row": [1]}),
        pd.DataFrame({"unit_id": ["a"]}),
        pd.DataFrame({"unit_id": ["a"], "row": [1], "more": [1]}),
    ],
)
def test_a_table_that_breaks_its_declaration_is_refused(tmp_path: Path, frame: pd.DataFrame) -> None:
    with pytest.raises(GlosaError, match="table vectors"):
        Store(tmp_path, (), (NAME,)).save_table("vectors", frame)


def test_a_damaged_table_says_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "vectors.parquet"
    path.write_bytes(b"junk")
    with pytest.raises(GlosaError, match="Delete the file"):
        read_table(path, "vectors")
    with pytest.raises(GlosaError, match="glosa run"):
        read_table(tmp_path / "missing.parquet", "units")


def test_no_cell_of_a_csv_runs_as_a_formula(tmp_path: Path) -> None:
    store = Store(tmp_path, (), ("reports/tables/x.csv",))
    store.save_csv("reports/tables/x.csv", pd.DataFrame({"a": ["=1+1", "+x", "-2", "@y", "fine", None], "n": range(6)}))
    store.commit()
    text = (tmp_path / "reports/tables/x.csv").read_text(encoding="utf-8")
    assert text.splitlines()[1:] == ["'=1+1,0", "'+x,1", "'-2,2", "'@y,3", "fine,4", ",5"]
