"""Blind sheets: one row per unit with its neighbours, columns to mark, and nothing of what machine or others think."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from pipeline.coded import headings, rounds, tables, workbooks
from pipeline.errors import GlosaError
from pipeline.estimates import OTHER
from pipeline.store import to_csv
from pipeline.study import Codebook, Study

_BOM = b"\xef\xbb\xbf"


def columns(codebook: Codebook) -> tuple[str, ...]:
    """Return the columns of a sheet: what is given, then those to fill in."""
    themes = map(headings.theme_column, codebook.ids)
    return (*headings.GIVEN, headings.RECOMMENDATION, *themes, OTHER, headings.NOTE)


def rows(
    unit_ids: Sequence[str], units: pd.DataFrame, passages: pd.DataFrame, sources: pd.DataFrame, codebook: Codebook
) -> pd.DataFrame:
    """Return an empty sheet for these units, in the order of their ids, which tells nothing of strata or scores."""
    ordered = units.sort_values(["passage_id", "start", "unit_id"])
    by_passage = ordered.groupby("passage_id", sort=False)["text"]
    context = ordered.assign(before=by_passage.shift(1).fillna(""), after=by_passage.shift(-1).fillna(""))
    chosen = context[context["unit_id"].isin(set(unit_ids))].sort_values("unit_id")
    files = placed(chosen, passages, sources)
    return files.reindex(columns=list(columns(codebook)), fill_value="").reset_index(drop=True)


def placed(units: pd.DataFrame, passages: pd.DataFrame, sources: pd.DataFrame) -> pd.DataFrame:
    """Return units with the name of their `file`, as in `sources`."""
    source = units["passage_id"].map(dict(zip(passages["passage_id"], passages["source_id"], strict=True)))
    return units.assign(file=source.map(dict(zip(sources["source_id"], sources["file"], strict=True))))


def build(study: Study, sheet: pd.DataFrame, name: str, coders: Sequence[str]) -> dict[Path, bytes]:
    """Return the files of one sheet per coder; raise `GlosaError` where one of them exists and has marks."""
    contents = {
        ".csv": _BOM + to_csv(sheet),
        ".xlsx": workbooks.build(sheet, study.codebook, study.languages[0]),
    }
    files = {
        rounds.sheet_file(study, rounds.Sheet(name, coder), suffix): content
        for coder in coders
        for suffix, content in contents.items()
    }
    for file in files:
        if file.exists() and has_marks(file):
            raise GlosaError(
                file, "the sheet exists and somebody has written into it.", "a sheet that is still empty.",
                "Name another round or coder, or move the file away if it is no longer wanted.",
            )  # fmt: skip
    return files


def has_marks(file: Path) -> bool:
    """Whether anything stands in a sheet beside what was given; of a file that can't be read nothing is known: yes."""
    try:
        grids = tables.read(file)
    except GlosaError:
        return True
    grid = grids[0]
    header = [grid.cell(0, column) for column in range(len(grid.rows[0]))]
    if header[: len(headings.GIVEN)] != list(headings.GIVEN):
        return True
    return any(
        grid.cell(row, column)
        for row in range(1, len(grid.rows))
        for column in range(len(headings.GIVEN), len(grid.rows[row]))
    )
