from __future__ import annotations

import subprocess
import sys
import tomllib

import pytest

from pipeline import columns, languages, schemas
from pipeline.stages import STAGES
from tests.conftest import ROOT


def test_importing_the_package_and_its_command_line_imports_nothing_heavy() -> None:
    code = (
        "import sys, pipeline, pipeline.cli\n"
        "heavy = {'torch', 'spacy', 'bertopic', 'sklearn', 'pandas', 'numpy', 'matplotlib', 'pytask', 'pandera'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_tables_are_declared_once_and_written_by_one_stage() -> None:
    written = [name for stage in STAGES for name in stage.writes]
    assert len(written) == len(set(written))
    assert {f"data/processed/{name}.parquet" for name in schemas.TABLES} <= set(written)
    seen: set[str] = set()
    for stage in STAGES:
        assert set(stage.reads) <= seen, f"{stage.name} reads what no earlier stage writes"
        seen |= set(stage.writes)


def test_every_column_has_a_meaning_and_is_used() -> None:
    used = {column for table in schemas.TABLES.values() for column in table.columns}
    assert used == set(columns.COLUMNS)
    assert all(column.meaning for column in columns.COLUMNS.values())
    assert all(set(table.key) <= set(table.columns) for table in schemas.TABLES.values())


def _raw(code: str) -> dict:
    return tomllib.loads((ROOT / "pipeline" / "languages" / f"{code}.toml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("code", languages.available())
def test_language_files_have_the_same_lists_lower_case_and_without_repeats(code: str) -> None:
    def keys(data: dict) -> dict:
        return {k: sorted(v) if isinstance(v, dict) else None for k, v in data.items()}

    data = _raw(code)
    assert keys(data) == keys(_raw("en"))
    for section in (v for v in data.values() if isinstance(v, dict)):
        for name, listed in section.items():
            entries = [word for side in listed for word in (side if isinstance(side, list) else [side])]
            assert entries == [entry.lower() for entry in entries], name
            assert len(entries) == len(set(entries)), name
    assert not set(data["words"]["stop"]) & set(data["words"]["negators"])


def test_an_unknown_language_has_empty_lists() -> None:
    assert languages.lexicon("xx").stop == frozenset()
    assert languages.lexicon("es").name == "español"
