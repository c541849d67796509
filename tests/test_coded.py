"""People code: samples, sheets, what comes back with every mistake, and what stages read of it."""

from __future__ import annotations

import csv
import io
import re
import shutil
import zipfile
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pandas as pd
import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st

from pipeline import study
from pipeline.cli import code
from pipeline.coded import (
    drawing,
    headings,
    imports,
    plan,
    problems,
    proposals,
    records,
    rounds,
    sampling,
    sheets,
    tables,
    words,
)
from pipeline.errors import GlosaError
from pipeline.store import read_table, write_table
from tests.conftest import ROOT, FakeEncoder, glosa, make_study

THEMES = ("accountability", "prevention", "empathy", "dialogue", "supervision")
LANGUAGES = ("en", "es", "pt")
COUNTS = {"accountability": 10, "prevention": 50, "empathy": 33, "dialogue": 1, "supervision": 0, "other": 5}
PASSAGES = 48
OPENINGS = {
    "en": ("Ring the {0} tonight.", "The {0} door was green.", "Write rule {0} on the board."),
    "es": ("Llame hoy a la vecina {0}.", "La ventana {0} estaba rota.", "Anote la norma {0} en la pizarra."),
    "pt": ("Telefone hoje ao vizinho {0}.", "A janela {0} era azul.", "Escreva a regra {0} no quadro."),
}


# ── a study with a run made by hand ────────────────────────────────────────────────────────────────────────────────


def build(folder: Path, settings: str = "") -> study.Study:
    """A study of 48 passages with three units each: the second of each recommends nothing."""
    loaded = study.load(make_study(folder, {}, settings))
    frames = _frames()
    loaded.processed.mkdir(parents=True)
    for name, frame in frames.items():
        write_table(loaded.processed / f"{name}.parquet", name, frame)
    np.save(loaded.processed / "vectors.npy", FakeEncoder(8).encode(list(frames["units"]["text"])))
    return loaded


def _frames() -> dict[str, pd.DataFrame]:
    texts, passages, units = dict.fromkeys(("a.txt", "=b.csv"), ""), [], []
    for i in range(PASSAGES):
        language, file = LANGUAGES[i % 3], ("a.txt", "=b.csv")[i % 2]
        said = [sentence.format(i) for sentence in OPENINGS[language]]
        said[2] = {4: '=1+1, says "the board".', 7: "Gracias a todos.", 10: "Gracias a todos."}.get(i, said[2])
        start = len(texts[file])
        texts[file] += " ".join(said) + "\n"
        passages.append(_passage(i, file, start, " ".join(said), language))
        for place, text in enumerate(said):
            units.append(_unit(i, place, start, text, language))
            start += len(text) + 1
    units[-1]["repeats"] = units[0]["unit_id"]
    frame = pd.DataFrame(units)
    return {
        "sources": pd.DataFrame([_source(name, text) for name, text in texts.items()]),
        "passages": pd.DataFrame(passages),
        "units": frame,
        "codings": _codings(frame),
        "vectors": pd.DataFrame({"unit_id": frame["unit_id"], "row": range(len(frame))}),
        "themes": pd.DataFrame([_theme(name, n) for name, n in COUNTS.items()]),
    }


def _source(file: str, text: str) -> dict[str, Any]:
    return {
        "source_id": f"s-{file}", "file": file, "format": "txt", "sha256": "0", "encoding": "utf-8", "bytes": 1,
        "title": "", "columns": "[]", "text": text,
    }  # fmt: skip


def _passage(i: int, file: str, start: int, text: str, language: str) -> dict[str, Any]:
    return {
        "passage_id": f"p{i:02d}", "source_id": f"s-{file}", "locator": f"line {i}", "start": start,
        "end": start + len(text), "role": "comment", "voice": f"vsecret{i}" if i % 4 else None, "language": language,
        "language_score": 1.0, "language_tag": None, "text": text,
    }  # fmt: skip


def _unit(i: int, place: int, start: int, text: str, language: str) -> dict[str, Any]:
    return {
        "unit_id": f"u{(i * 3 + place) * 7919 % 100_003:016x}", "passage_id": f"p{i:02d}", "start": start,
        "end": start + len(text), "language": language, "text": text, "is_recommendation": place != 1,
        "recommendation_score": 0.2 if place == 1 else 0.9, "repeats": None,
    }  # fmt: skip


def _codings(units: pd.DataFrame) -> pd.DataFrame:
    """The themes take turns; every sixth unit is other, every seventh abstained."""
    rows = []
    for i, unit in enumerate(units[units["is_recommendation"] & units["repeats"].isna()]["unit_id"]):
        kind = "abstained" if i % 7 == 6 else "other" if i % 6 == 5 else THEMES[i % 5]
        for theme in (*THEMES, "other"):
            assigned = theme == kind
            score = 0.8 if assigned else 0.28 if kind == "abstained" and theme == "empathy" else 0.05
            status = "assigned" if assigned else "abstained" if score == 0.28 else "rejected"
            rows.append((unit, theme, score, assigned, "fake", status))
    return pd.DataFrame(rows, columns=["unit_id", "theme_id", "score", "assigned", "method", "status"])


def _theme(name: str, n_units: int) -> dict[str, Any]:
    return {
        "theme_id": name, "label": name, "definition": name, "n_voices": 1, "n_units": n_units, "n_mentions": 1,
        "base_voices": 40, "base_units": 100, "share": 0.5, "voice_share": 0.5,
    }  # fmt: skip


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("built") / "s").root


@pytest.fixture
def small(built: Path, tmp_path: Path) -> study.Study:
    return study.load(shutil.copytree(built, tmp_path / "s"))


def table(loaded: study.Study, name: str) -> pd.DataFrame:
    return read_table(loaded.processed / f"{name}.parquet", name)


def load(loaded: study.Study) -> pd.DataFrame:
    return records.load(loaded, table(loaded, "units"), table(loaded, "sources"))


def files_below(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


# ── sampling ───────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("sizes", "n", "minimum", "expected"),
    [
        ([50, 30, 20], 10, 2, [5, 3, 2]),
        ([90, 8, 2], 10, 2, [6, 2, 2]),
        ([90, 8, 1], 10, 2, [7, 2, 1]),
        ([10, 10, 10], 10, 2, [4, 3, 3]),
        ([4, 3], 7, 2, [4, 3]),
        ([5], 3, 2, [3]),
        ([], 0, 2, []),
        ([3, 0], 2, 2, [2, 0]),
    ],
)
def test_allocation_is_proportional_with_a_minimum(sizes: list[int], n: int, minimum: int, expected: list[int]) -> None:
    assert sampling.allocate(sizes, n, minimum) == expected


@pytest.mark.parametrize(("sizes", "n"), [([5, 5], 3), ([5, 5], 11), ([], 1)])
def test_an_allocation_that_can_not_be_is_refused(sizes: list[int], n: int) -> None:
    with pytest.raises(ValueError, match="can't be drawn"):
        sampling.allocate(sizes, n, 2)


@given(st.lists(st.integers(1, 500), min_size=1, max_size=30), st.integers(0, 5), st.data())
def test_laws_of_allocation(sizes: list[int], minimum: int, data: st.DataObject) -> None:
    least = [min(minimum, size) for size in sizes]
    n = data.draw(st.integers(sum(least), sum(sizes)))
    counts = sampling.allocate(sizes, n, minimum)
    assert sum(counts) == n
    assert all(low <= count <= size for low, count, size in zip(least, counts, sizes, strict=True))
    if minimum == 0:  # Hare's quota: within one of the exact share
        assert all(abs(count - n * size / sum(sizes)) < 1 for count, size in zip(counts, sizes, strict=True))
    for a, b in zip(range(len(sizes)), range(1, len(sizes)), strict=False):
        if sizes[a] >= sizes[b]:
            assert counts[a] >= counts[b]


@pytest.mark.parametrize(
    ("n", "coded", "rest", "share", "expected"),
    [
        (150, 1000, 1000, 1 / 3, (100, 50)),
        (150, 60, 1000, 1 / 3, (60, 90)),
        (150, 1000, 20, 1 / 3, (130, 20)),
        (150, 50, 20, 1 / 3, (50, 20)),
        (2, 10, 10, 0.01, (1, 1)),
        (2, 10, 10, 0.99, (1, 1)),
        (1, 10, 10, 0.2, (1, 0)),
        (30, 100, 0, 0.0, (30, 0)),
        (5, 0, 10, 1 / 3, (0, 5)),
    ],
)
def test_the_share_of_negatives_is_kept_as_far_as_units_go(
    n: int, coded: int, rest: int, share: float, expected: tuple[int, int]
) -> None:
    assert sampling.split(n, coded, rest, share) == expected


def draw(frames: dict[str, pd.DataFrame], n: int = 60, seed: str = "t", **options: Any) -> pd.DataFrame:
    return sampling.draw(frames["units"], frames["codings"], frames["passages"], n, seed, **options)


def test_a_sample_has_the_columns_and_probabilities_of_its_strata() -> None:
    frames = _frames()
    sample = draw(frames)
    assert tuple(sample.columns) == rounds.SAMPLE_COLUMNS
    assert len(sample) == 60 == sample["unit_id"].nunique()
    assert sample["unit_id"].is_monotonic_increasing
    assert (sample["stratum"].str.startswith("no recommendation/")).sum() == 20
    for _, stratum in sample.groupby("stratum"):
        assert len(stratum) == stratum["drawn"].iloc[0] >= min(2, stratum["stratum_size"].iloc[0])
        expected = round(len(stratum) / stratum["stratum_size"].iloc[0], 6)
        assert (stratum["inclusion_probability"] == expected).all()
    # Every unit that may be drawn belongs to one of the strata.
    assert sample.groupby("stratum")["stratum_size"].first().sum() == frames["units"]["repeats"].isna().sum()


def test_a_unit_s_stratum_is_its_likeliest_assigned_theme_with_its_language() -> None:
    rows = [
        ("u1", "empathy", 0.6, True), ("u1", "dialogue", 0.9, True), ("u1", "other", 0.0, False),
        ("u2", "empathy", 0.1, False), ("u2", "other", 0.8, True),
        ("u3", "empathy", 0.29, False), ("u3", "dialogue", 0.1, False), ("u3", "other", 0.7, False),
        ("u4", "prevention", 0.5, True), ("u4", "dialogue", 0.5, True),
    ]  # fmt: skip
    codings = pd.DataFrame(rows, columns=["unit_id", "theme_id", "score", "assigned"])
    expected = {"u1": "dialogue", "u2": "other", "u3": "abstained", "u4": "dialogue"}
    assert sampling.kind(codings).to_dict() == expected
    sample = draw(_frames(), n=144)
    assert set(sample["stratum"].str.split("/").str[1]) == set(LANGUAGES)
    kinds = set(sample["stratum"].str.split("/").str[0])
    assert kinds == {*THEMES, "other", "abstained", "no recommendation"}


def test_a_draw_depends_on_its_seed_alone() -> None:
    frames = _frames()
    shuffled = {name: frame.sample(frac=1, random_state=3) for name, frame in frames.items()}
    pd.testing.assert_frame_equal(draw(frames), draw(shuffled))
    assert set(draw(frames)["unit_id"]) != set(draw(frames, seed="other")["unit_id"])


def test_repeats_and_earlier_units_are_not_drawn() -> None:
    frames = _frames()
    repeated = frames["units"]["unit_id"].iloc[-1]
    first = draw(frames)
    second = draw(frames, n=500, without=set(first["unit_id"]))
    assert len(first) + len(second) == 143
    assert not set(first["unit_id"]) & set(second["unit_id"])
    assert repeated not in {*first["unit_id"], *second["unit_id"]}


def test_all_units_are_eligible_where_the_study_says_so() -> None:
    frames = _frames()
    everything = frames["codings"].drop_duplicates("unit_id")
    all_coded = pd.concat([frames["codings"], everything.assign(unit_id=frames["units"]["unit_id"].iloc[1])])
    sample = draw({**frames, "codings": all_coded.drop_duplicates(["unit_id", "theme_id"])}, n=97, eligible="all")
    assert not sample["stratum"].str.startswith("no recommendation").any()


@pytest.mark.parametrize("n", [1, 2, 3, 10, 30, 31, 45, 143, 1000])
def test_every_unit_can_be_drawn_however_small_the_sample(n: int) -> None:
    frames = _frames()
    sample = draw(frames, n=n)
    assert len(sample) == min(n, 143)
    assert (sample["inclusion_probability"] > 0).all()
    if n > 1:
        assert sample.groupby("stratum")["stratum_size"].first().sum() == 143


def test_the_weighted_sample_is_unbiased() -> None:
    frames = _frames()
    # A trait that has nothing to do with the strata, and one that has.
    trait = {u: int(u[-1] in "0369c") for u in frames["units"]["unit_id"]}
    within = set(frames["units"]["unit_id"]) - {frames["units"]["unit_id"].iloc[-1]}
    truth = sum(trait[unit] for unit in within)
    estimates = []
    for seed in range(60):
        sample = draw(frames, n=40, seed=str(seed))
        weighted = (1 / sample["inclusion_probability"]) * sample["unit_id"].map(trait)
        estimates.append(weighted.sum())
    error = np.std(estimates) / np.sqrt(len(estimates))
    assert abs(np.mean(estimates) - truth) < 4 * error


# ── sheets ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def sheet_rows(file: Path) -> list[list[str]]:
    return list(csv.reader(io.StringIO(file.read_text(encoding="utf-8-sig"), newline="")))


def test_a_sheet_is_blind_and_shows_the_neighbours(small: study.Study) -> None:
    drawn = drawing.sheet(small, ("ana", "ben"), n=40)
    rows = sheet_rows(rounds.sheet_file(small, rounds.Sheet("round-1", "ana"), ".csv"))
    assert rows[0] == [
        "unit_id", "file", "start", "end", "language", "before", "text", "after",
        "recommendation", *THEMES, "other", "note",
    ]  # fmt: skip
    assert [row[0] for row in rows[1:]] == sorted(drawn.sample["unit_id"])
    assert not any(cell for row in rows[1:] for cell in row[8:])
    units = table(small, "units").set_index("unit_id")
    sources = table(small, "sources").set_index("file")["text"]
    for unit_id, file, start, end, language, before, text, after, *_ in rows[1:]:
        unit = units.loc[unit_id]
        assert sources[file.lstrip("'")][int(start) : int(end)] == unit["text"] == text.lstrip("'")
        assert language == unit["language"]
        passage = units[units["passage_id"] == unit["passage_id"]].sort_values("start")["text"].tolist()
        place = passage.index(unit["text"])
        assert before.lstrip("'") == (passage[place - 1] if place else "")
        assert after.lstrip("'") == (passage[place + 1] if place < 2 else "")
    everything = b"".join(files_below(rounds.folder(small) / "sheets").values()).decode("latin-1")
    for secret in ("vsecret", "abstained", "fake", "0.28", "0.8", "stratum"):
        assert secret not in everything


def test_coders_get_the_same_units_in_the_same_order_and_the_same_bytes(small: study.Study, tmp_path: Path) -> None:
    drawing.sheet(small, ("ana", "ben"), n=30)
    other = build(tmp_path / "again")
    drawing.sheet(other, ("ben", "ana"), n=30)
    one, two = (files_below(rounds.folder(s)) for s in (small, other))
    assert one == two
    assert one["sheets/round-1-ana.csv"] == one["sheets/round-1-ben.csv"]
    assert one["sheets/round-1-ana.xlsx"] == one["sheets/round-1-ben.xlsx"]


def test_another_round_takes_other_units_unless_asked(small: study.Study) -> None:
    first = drawing.sheet(small, ("ana",), n=60)
    second = drawing.sheet(small, ("ana",), n=60)
    assert (first.name, second.name) == ("round-1", "round-2")
    assert not set(first.sample["unit_id"]) & set(second.sample["unit_id"])
    third = drawing.sheet(small, ("ana",), n=143, name="all of it", again=True)
    assert third.name == "all-of-it"
    assert len(third.sample) == 143
    with pytest.raises(GlosaError, match="no unit is left"):
        drawing.sheet(small, ("ana",))


def test_a_round_keeps_its_sample_when_a_coder_is_added(small: study.Study) -> None:
    drawing.sheet(small, ("ana",), n=20)
    before = files_below(rounds.folder(small))
    drawing.sheet(small, ("ben",), name="round-1")
    after = files_below(rounds.folder(small))
    assert before.items() <= after.items()
    assert after["sheets/round-1-ben.csv"] == before["sheets/round-1-ana.csv"]
    with pytest.raises(GlosaError, match="a sample of 20 units already"):
        drawing.sheet(small, ("ben",), n=21, name="round-1")


@pytest.mark.parametrize("suffix", [".csv", ".xlsx"])
@pytest.mark.parametrize("column", ["dialogue", "note"])
def test_a_sheet_with_marks_is_never_overwritten(small: study.Study, suffix: str, column: str) -> None:
    drawing.sheet(small, ("ana", "ben"), n=20)
    drawing.sheet(small, ("ana",), name="round-1")  # still empty: written anew
    sheet = rounds.Sheet("round-1", "ben")
    grid = sheet_rows(rounds.sheet_file(small, sheet, ".csv"))
    grid[7][grid[0].index(column)] = "x"
    rounds.sheet_file(small, sheet, suffix).write_bytes(as_csv(grid) if suffix == ".csv" else as_xlsx(grid))
    before = files_below(rounds.folder(small))
    with pytest.raises(GlosaError, match="somebody has written into it"):
        drawing.sheet(small, ("ana", "ben"), name="round-1")
    assert files_below(rounds.folder(small)) == before


def test_a_sheet_that_can_not_be_read_counts_as_filled(small: study.Study) -> None:
    drawing.sheet(small, ("ana",), n=20)
    rounds.sheet_file(small, rounds.Sheet("round-1", "ana"), ".xlsx").write_bytes(b"PK junk")
    with pytest.raises(GlosaError, match="somebody has written into it"):
        drawing.sheet(small, ("ana",), name="round-1")


@pytest.mark.parametrize(
    ("named", "number", "expected"),
    [
        ((), None, ("coder-1",)),
        ((), 2, ("coder-1", "coder-2")),
        (("Ana María", "b.2"), None, ("Ana-María", "b.2")),
        (("a", "b"), 2, ("a", "b")),
    ],
)
def test_names_of_coders(named: Sequence[str], number: int | None, expected: tuple[str, ...]) -> None:
    assert drawing.coders(named, number) == expected


@pytest.mark.parametrize(
    ("named", "number", "found"),
    [
        (("../up",), None, "can't stand in the name of a file"),
        (("a/b",), None, "can't stand"),
        (("",), None, "can't stand"),
        (("=x",), None, "can't stand"),
        ((".hidden",), None, "can't stand"),
        (("x" * 61,), None, "can't stand"),
        (("Ana", "ana"), None, "stands twice"),
        (("a",), 2, "1 coders are named"),
        ((), 0, "0"),
    ],
)
def test_names_that_can_not_be_are_refused(named: Sequence[str], number: int | None, found: str) -> None:
    with pytest.raises(GlosaError, match=re.escape(found)):
        drawing.coders(named, number)


@pytest.mark.parametrize("options", [{"n": 0}, {"negatives": 1.0}, {"negatives": -0.1}, {"name": "../x"}])
def test_options_that_can_not_be_are_refused(small: study.Study, options: dict[str, Any]) -> None:
    with pytest.raises(GlosaError):
        drawing.sheet(small, ("ana",), **options)
    assert not rounds.folder(small).exists()


def test_no_cell_of_a_sheet_runs_as_a_formula(small: study.Study) -> None:
    drawing.sheet(small, ("ana",), n=143)
    sheet = rounds.Sheet("round-1", "ana")
    cells = [cell for row in sheet_rows(rounds.sheet_file(small, sheet, ".csv")) for cell in row]
    assert '\'=1+1, says "the board".' in cells
    assert "'=b.csv" in cells
    assert not any(cell.startswith(("=", "+", "-", "@")) for cell in cells)
    book = openpyxl.load_workbook(rounds.sheet_file(small, sheet, ".xlsx"))
    typed = {(cell.value, cell.data_type) for row in book["coding"].iter_rows() for cell in row if cell.value}
    assert ('=1+1, says "the board".', "s") in typed
    assert not any(kind == "f" for _, kind in typed)


def test_the_workbook_helps_the_coder(tmp_path: Path) -> None:
    loaded = build(tmp_path / "s", '[study]\nlanguages = ["es", "en"]\n')
    drawing.sheet(loaded, ("ana",), n=25)
    file = rounds.sheet_file(loaded, rounds.Sheet("round-1", "ana"), ".xlsx")
    book = openpyxl.load_workbook(file)
    assert book.sheetnames == ["coding", "codebook"]
    page = book["coding"]
    assert page.freeze_panes == "A2"
    rules = {str(rule.sqref): rule.formula1 for rule in page.data_validations.dataValidation}
    assert rules == {"I2:I26": '"sí,no"', **{f"{letter}2:{letter}26": '"x"' for letter in "JKLMNO"}}
    header = {cell.value: cell.column_letter for cell in page[1]}
    assert page[f"{header['text']}2"].alignment.wrap_text
    assert page.column_dimensions[header["text"]].width > page.column_dimensions[header["start"]].width
    codebook = {row[0]: row for row in book["codebook"].iter_rows(values_only=True) if row[0]}
    assert codebook["id"][1:3] == ("Nombre", "Definición")
    assert codebook["empathy"][1] == "Empatía"
    for field in ("definition", "include", "exclude", "examples"):
        texts = getattr(loaded.codebook.themes[2], field)["es"]
        shown = "\n".join(filter(None, codebook["empathy"]))
        assert all(text in shown for text in ([texts] if isinstance(texts, str) else texts))
    assert set(THEMES) | {"other"} <= codebook.keys()


def test_the_workbook_names_nobody_and_no_day(small: study.Study) -> None:
    drawing.sheet(small, ("ana",), n=25)
    file = rounds.sheet_file(small, rounds.Sheet("round-1", "ana"), ".xlsx")
    with zipfile.ZipFile(file) as package:
        assert {member.date_time for member in package.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        core = package.read("docProps/core.xml").decode()
        everything = b"".join(package.read(name) for name in package.namelist()).decode("utf-8", "replace")
    assert not re.search(r"creator|created|modified|lastModifiedBy", core)
    assert not re.search(r"openpyxl|\b20[2-9]\d-\d\d-\d\d", everything)


def test_a_theme_may_be_called_like_a_column_of_the_sheet(tmp_path: Path) -> None:
    loaded = build(tmp_path / "s")
    text = (loaded.root / "codebook.toml").read_text(encoding="utf-8").replace('"empathy"', '"language"')
    (loaded.root / "codebook.toml").write_text(text, encoding="utf-8")
    loaded = study.load(loaded.root)
    drawing.sheet(loaded, ("ana",), n=20)
    file = rounds.sheet_file(loaded, rounds.Sheet("round-1", "ana"), ".csv")
    grid = sheet_rows(file)
    assert len(set(grid[0])) == len(grid[0])
    grid[1][grid[0].index("theme:language")] = "x"
    file.write_bytes(as_csv(grid))
    imports.import_sheet(loaded, file)
    assert load(loaded)["codes"].tolist() == [("language",)]


# ── marks ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "cell", "x X 1 1.0 1,0 sí si SÍ Sim yes YES Y ja Oui TRUE True VERDADERO ✓ ✔️ ☑ × + [x]".split()
)
def test_marks_that_mean_yes(cell: str) -> None:
    assert words.mark(f" {cell}\u00a0") is True
    assert words.mark(f"{cell}.") is True


@pytest.mark.parametrize("cell", "0 0.0 no NO No não nein non FALSE FALSO - – '- ☐".split())
def test_marks_that_mean_no(cell: str) -> None:
    assert words.mark(cell) is False


@pytest.mark.parametrize("cell", ["", " ", "\u00a0", "[ ]", "\n"])
def test_nothing_is_neither(cell: str) -> None:
    assert words.mark(cell) is None


@pytest.mark.parametrize("cell", ["?", "2", "maybe", "x?", "10", "-1", "nan", "inf", "✗", "#REF!", "n/a", "x x", "e"])
def test_what_is_no_mark_is_refused(cell: str) -> None:
    with pytest.raises(words.NoMarkError):
        words.mark(cell)


@given(st.text(max_size=30))
def test_any_cell_is_a_mark_or_is_refused(cell: str) -> None:
    try:
        assert words.mark(cell) in (True, False, None)
    except words.NoMarkError:
        assert cell.strip()


# ── what comes back ────────────────────────────────────────────────────────────────────────────────────────────────

Rows = list[list[str]]
REC, FIRST = 8, 9


def as_csv(grid: Rows, separator: str = ",", encoding: str = "utf-8-sig", newline: str = "\n") -> bytes:
    out = io.StringIO()
    csv.writer(out, delimiter=separator, lineterminator=newline).writerows(grid)
    return out.getvalue().encode(encoding)


def as_xlsx(
    grid: Sequence[Sequence[Any]], merge: Sequence[str] = (), first: tuple[int, int] = (1, 1), title: str = "coding"
) -> bytes:
    """A workbook; `merge` are ranges such as J3:J5, `first` is the place of the first cell."""
    book = openpyxl.Workbook()
    page = book.active
    page.title = title
    for row, cells in enumerate(grid, start=first[0]):
        for column, cell in enumerate(cells, start=first[1]):
            if cell != "":
                page.cell(row, column, cell)
    for place in merge:
        page.merge_cells(place)
    notes = book.create_sheet("my notes", 0)
    notes["A1"] = "text"
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


@pytest.fixture(scope="module")
def drawn(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study with a round of 14 units for one coder."""
    folder: Path = shutil.copytree(built, tmp_path_factory.mktemp("drawn") / "s")
    drawing.sheet(study.load(folder), ("ana",), n=14)
    return folder


@pytest.fixture
def round_1(drawn: Path, tmp_path: Path) -> tuple[study.Study, Rows]:
    """A round of 14 units, all coded: the first ten with the themes in turn, two other, two nothing."""
    small = study.load(shutil.copytree(drawn, tmp_path / "s"))
    grid = sheet_rows(rounds.sheet_file(small, rounds.Sheet("round-1", "ana"), ".csv"))
    for i, row in enumerate(grid[1:]):
        row[REC] = "no" if i >= 12 else "yes"
        if i < 12:
            row[FIRST + (i % 5 if i < 10 else 5)] = "x"
    grid[4][FIRST + 4] = "x"  # row 5 has two themes
    return small, grid


CODES = [*(THEMES * 2), "other", "other", "", ""]
CODES[3] = "dialogue|supervision"


def put(loaded: study.Study, content: bytes, name: str = "round-1-ana.csv") -> Path:
    file = loaded.root / "back" / name
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(content)
    return file


def codes_of(file: Path) -> dict[str, str]:
    frame = pd.read_csv(file, keep_default_na=False, dtype=str)
    assert tuple(frame.columns) == imports.COLUMNS
    return dict(zip(frame["unit_id"], frame["codes"], strict=True))


def cells(change: Callable[[Rows], object]) -> Callable[[Rows], bytes]:
    """A CSV file in which cells were changed in place."""

    def build(grid: Rows) -> bytes:
        return as_csv(change(grid) or grid)  # type: ignore[arg-type]

    return build


def rename(**names: str) -> Callable[[Rows], bytes]:
    return cells(lambda grid: grid.__setitem__(0, [names.get(name, name) for name in grid[0]]))


def marks_as(yes: str, no: str = "", advises: str = "", not_advises: str = "") -> Callable[[Rows], bytes]:
    def change(grid: Rows) -> None:
        for row in grid[1:]:
            for column in range(FIRST, FIRST + 6):
                row[column] = yes if row[column] else no
            row[REC] = (advises or yes) if row[REC] == "yes" else (not_advises or no or "no")

    return cells(change)


def order_of(places: Callable[[int], list[int]]) -> Callable[[Rows], bytes]:
    return cells(lambda grid: [[row[i] for i in places(len(row))] for row in grid])


def typed(grid: Rows) -> bytes:
    """A workbook in which a spreadsheet has made numbers and booleans of the marks."""
    return as_xlsx([grid[0], *[[True if c == "x" else {"yes": 1, "no": 0}.get(c, c) for c in row] for row in grid[1:]]])


def merged_down(grid: Rows) -> bytes:
    """The two `other` rows share one merged mark, and the two last ones one merged `no`."""
    grid[12][FIRST + 5] = grid[14][REC] = ""
    return as_xlsx(grid, merge=("O12:O13", "I14:I15"))


def merged_beyond(grid: Rows) -> bytes:
    """The last `no` was merged with the empty cells below, and a mark with the text beside it was not touched."""
    return as_xlsx(grid, merge=("I15:I20", "A17:C17"))


def merged_across(grid: Rows) -> bytes:
    """Dialogue and supervision of row 5 are one cell; so are before and text of row 6, without any mark in them."""
    grid[4][FIRST + 4] = grid[5][6] = ""
    return as_xlsx(grid, merge=("M5:N5", "F6:G6"))


def without(*columns: str) -> Callable[[Rows], bytes]:
    return cells(lambda g: [[c for c, name in zip(row, g[0], strict=True) if name not in columns] for row in g])


def edited(grid: Rows) -> None:
    grid[1][6] = "something quite different, typed by mistake"
    grid[2][6] = grid[2][6].upper() + " !"
    grid[3][6] = ""


def lost_ids(grid: Rows) -> None:
    grid[1][0], grid[2][0], grid[3][0] = "", "u-typo", grid[3][0].upper() + " "


def noise(grid: Rows) -> Rows:
    """Rows above the header, empty rows, extra columns, a row of remarks, and columns that are too few."""
    wider = [[*row, "to discuss", ""] for row in grid]
    wider[0][-2:] = ["My questions", "Doubt"]
    blank = [""] * len(wider[0])
    return [
        ["Coded by Ana in May"],
        blank,
        *wider[:5],
        blank,
        *wider[5:],
        ["", "", "", "", "", "", "done so far!"],
        blank,
    ]


def repeated(grid: Rows) -> None:
    grid.append(list(grid[3]))
    grid.insert(2, [*grid[5][:REC], *[""] * (len(grid[5]) - REC)])  # the same unit again, not coded in that row


def spelled(grid: Rows) -> None:
    """Marks as people write them, all kinds in one sheet."""
    yes = iter("x X 1 sí si yes ja oui TRUE VERDADERO ✓ ✔ ×".split())
    no = iter("0 no FALSE - nein não FALSO –".split() * 20)
    for row in grid[1:]:
        for column in range(FIRST, FIRST + 6):
            row[column] = next(yes) if row[column] else next(no)
        row[REC] = "SÍ" if row[REC] == "yes" else "No."


def implied(grid: Rows) -> None:
    for row in grid[1:11]:
        row[REC] = ""
    grid[11][FIRST + 5] = grid[12][FIRST + 5] = ""  # a recommendation without a theme


def all_no(grid: Rows) -> None:
    for row in grid[13:]:
        row[REC] = ""
        row[FIRST : FIRST + 6] = ["0"] * 6


ACCEPTED: dict[str, tuple[str, Callable[[Rows], bytes]]] = {
    "as it is": (".csv", as_csv),
    "a workbook": (".xlsx", as_xlsx),
    "a workbook with numbers and booleans": (".xlsx", typed),
    "semicolons": (".csv", lambda g: as_csv(g, ";")),
    "tabs": (".txt", lambda g: as_csv(g, "\t")),
    "tabs in UTF-16, Excel's Unicode text": (".txt", lambda g: as_csv(g, "\t", "utf-16")),
    "bars": (".csv", lambda g: as_csv(g, "|")),
    "Windows-1252": (".csv", lambda g: as_csv(g, ";", "cp1252")),
    "UTF-8 without mark": (".csv", lambda g: as_csv(g, encoding="utf-8")),
    "UTF-16": (".csv", lambda g: as_csv(g, encoding="utf-16")),
    "Windows line ends": (".csv", lambda g: as_csv(g, newline="\r\n")),
    "a declared separator": (".csv", lambda g: b"\xef\xbb\xbfsep=;\n" + as_csv(g, ";", "utf-8")),
    "labels in Spanish": (".csv", rename(empathy="Empatía", dialogue="DIÁLOGO", recommendation="Recomendación")),
    "labels in Portuguese": (
        ".csv",
        rename(accountability=" responsabilização", prevention="Prevenção ", other="outros"),
    ),
    "case, accents and spaces": (".csv", rename(supervision=" SUPERVISIÓN", empathy="Empatia", unit_id="Unit ID")),
    "fixed columns in Spanish": (".csv", rename(text="Texto", note="Nota", other="Otros", unit_id="id unidad")),
    "every kind of mark": (".csv", cells(spelled)),
    **{
        f"marks {yes} and {no or 'nothing'}": (".csv", marks_as(yes, no))
        for yes, no in [
            ("x", ""),
            ("X", "0"),
            ("1", "0"),
            ("sí", "no"),
            ("yes", "no"),
            ("ja", "nein"),
            ("oui", "non"),
            ("TRUE", "FALSE"),
            ("VERDADERO", "FALSO"),
            ("✓", "-"),
            ("1.0", "0.0"),
        ]
    },
    "the theme's name as a mark": (".csv", cells(lambda g: g[1].__setitem__(FIRST, "Responsabilidad"))),
    "rows in another order": (".csv", cells(lambda g: [g[0], *g[:0:-1]])),
    "columns in another order": (".csv", order_of(lambda n: list(range(n))[::-1])),
    "rows twice": (".csv", cells(repeated)),
    "extra columns and rows": (".csv", cells(noise)),
    "extra columns and rows in a workbook": (".xlsx", lambda g: as_xlsx(noise(g))),
    "a table that begins at C4": (".xlsx", lambda g: as_xlsx(g, first=(4, 3))),
    "another name of the page": (".xlsx", lambda g: as_xlsx(g, title="Hoja1")),
    "texts edited": (".csv", cells(edited)),
    "ids lost or mistyped, texts there": (".csv", cells(lost_ids)),
    "no column of ids": (".csv", without("unit_id", "file", "start", "end")),
    "no ids and no texts, but places": (".csv", without("unit_id", "text", "before", "after")),
    "no columns but those needed": (
        ".csv",
        without("file", "start", "end", "language", "before", "after", "note", "text"),
    ),
    "no column other": (".csv", without("other")),
    "merged down": (".xlsx", merged_down),
    "merged beyond the table": (".xlsx", merged_beyond),
    "merged across": (".xlsx", merged_across),
    "a theme implies a recommendation, and a recommendation without a theme is other": (".csv", cells(implied)),
    "nothing applies, said in every column": (".csv", cells(all_no)),
}


@pytest.mark.parametrize("case", ACCEPTED)
def test_a_sheet_comes_back_whatever_people_do_with_it(case: str, round_1: tuple[study.Study, Rows]) -> None:
    loaded, grid = round_1
    expected = {row[0]: codes for row, codes in zip(grid[1:], CODES, strict=True)}
    suffix, change = ACCEPTED[case]
    file = put(loaded, change([list(row) for row in grid]), f"round-1-ana{suffix}")
    done = imports.import_sheet(loaded, file)
    assert codes_of(done.file) == expected
    assert (done.coded, done.missing, done.sheet) == (14, (), ("round-1", "ana"))
    assert done.file == loaded.root / "data/coded/round-1-ana.csv"
    frame = load(loaded)
    assert {u: "|".join(c) for u, c in zip(frame["unit_id"], frame["codes"], strict=True)} == expected
    assert (frame["purpose"] == "validate").all()
    assert frame["inclusion_probability"].between(0, 1, inclusive="right").all()


@pytest.mark.parametrize("language", [*words.YES_NO, "xx"])
def test_the_workbook_that_was_written_comes_back_with_the_choices_of_its_drop_downs(
    tmp_path: Path, language: str
) -> None:
    loaded = build(tmp_path / "s", f'[study]\nlanguages = ["{language}", "zz"]\n')
    drawing.sheet(loaded, ("ana",), n=20)
    file = rounds.sheet_file(loaded, rounds.Sheet("round-1", "ana"), ".xlsx")
    book = openpyxl.load_workbook(file)
    page = book["coding"]
    choices = {str(rule.sqref)[0]: rule.formula1.strip('"').split(",") for rule in page.data_validations.dataValidation}
    yes, no = choices["I"]
    for row in range(2, 22):
        page[f"I{row}"] = yes if row < 12 else no
        page[f"K{row}"] = choices["K"][0] if row < 12 else None
    book.save(file)
    done = imports.import_sheet(loaded, file)
    assert Counter(codes_of(done.file).values()) == {"prevention": 10, "": 10}


def sorted_alone(column: int) -> Callable[[Rows], object]:
    """One column was sorted without the others."""

    def change(grid: Rows) -> None:
        for row, value in zip(grid[1:], sorted((r[column] for r in grid[1:]), reverse=True), strict=True):
            row[column] = value

    return change


def no_and_theme(grid: Rows) -> None:
    grid[3][REC] = "no"
    grid[6][REC] = "0"


def differing(grid: Rows) -> None:
    grid.append(list(grid[2]))
    grid[-1][FIRST] = "x"


def two_columns(grid: Rows) -> Rows:
    wider = [[*row, ""] for row in grid]
    wider[0][-1] = "Empatía"
    wider[2][-1] = "x"
    return wider


def unknown(grid: Rows) -> None:
    grid[2][0], grid[2][6] = "u0", "no unit says this"
    grid[2][1] = grid[2][2] = grid[2][3] = ""


def ambiguous(grid: Rows) -> None:
    grid[2][0], grid[2][6] = "", "¡Gracias a todos!"
    grid[2][1] = grid[2][2] = grid[2][3] = ""


def not_drawn(grid: Rows) -> None:
    drawn = {row[0] for row in grid}
    units = _frames()["units"]
    other = next(unit for unit in units.itertuples() if unit.unit_id not in drawn)
    grid[2][0], grid[2][6] = other.unit_id, other.text


REFUSED: dict[str, tuple[str, Callable[[Rows], bytes], list[str]]] = {
    "no mark": (
        ".csv",
        cells(lambda g: (g[1].__setitem__(FIRST, "?"), g[5].__setitem__(FIRST + 2, "maybe"), None)[-1]),
        ["row 2, column accountability: '?' is neither", "row 6, column empathy: 'maybe' is neither"],
    ),
    "no mark below a title, under a renamed column": (
        ".csv",
        cells(lambda g: [["My sheet"], [*g[0][:11], "Empatía", *g[0][12:]], [*g[1][:11], "2", *g[1][12:]], *g[2:]]),
        ["row 3, column Empatía: '2' is neither a yes nor a no"],
    ),
    "no mark in a workbook that begins at C4": (
        ".xlsx",
        lambda g: as_xlsx([g[0], [*g[1][:FIRST], "?", *g[1][FIRST + 1 :]], *g[2:]], first=(4, 3)),
        ["row 5, column accountability: '?'"],
    ),
    "a theme without a recommendation": (
        ".csv",
        cells(no_and_theme),
        ["row 4, column empathy: marked, but recommendation says no", "row 7, column accountability: marked, but"],
    ),
    "the same unit twice, coded differently": (
        ".csv", cells(differing),
        ["row 16: unit u", "stands in row 3 as well: there prevention, here accountability and prevention"],
    ),
    "a column renamed to nothing that is known": (
        ".csv", rename(empathy="Column 12"), ["row 1: no column is called empathy; not recognised: Column 12"],
    ),
    "two columns deleted": (
        ".csv", without("empathy", "dialogue"),
        ["row 1: no column is called empathy", "row 1: no column is called dialogue"],
    ),
    "two columns of one theme": (
        ".csv", cells(two_columns), ["row 1, column L and Q: both columns hold empathy, and they differ"],
    ),
    "one column sorted alone": (".csv", cells(sorted_alone(6)), ["column text: these are the words of u"]),
    "ids sorted alone": (".csv", cells(sorted_alone(0)), ["column text: these are the words of u"]),
    "neither a unit's id nor its words": (
        ".csv", cells(unknown), ["row 3, column unit_id: 'u0' is no unit of this study, and its words are no unit's"],
    ),
    "no id, and words of several units": (".csv", cells(ambiguous), ["row 3, column text: 2 units have these words"]),
    "no id and no words": (
        ".csv", cells(lambda g: g[2].__setitem__(slice(0, 8), [""] * 8)),
        ["row 3, column unit_id: the row has no unit_id"],
    ),
    "a unit that was not drawn": (
        ".csv", cells(not_drawn), ["row 3, column unit_id: u", "is not in the sample of round-1"],
    ),
    "merged over a wrong mark": (
        ".xlsx", lambda g: as_xlsx([*g[:13], [*g[13][:REC], "?", *g[13][REC + 1 :]], g[14]], merge=("I14:I15",)),
        ["row 14, column recommendation: '?'", "row 15, column recommendation: '?'"],
    ),
    "nothing filled in": (
        ".csv", cells(lambda g: [g[0], *[[*row[:REC], *[""] * 8] for row in g[1:]]]), ["no row is coded yet"],
    ),
    "no header": (".csv", cells(lambda g: g[1:]), ["no row has the names of a sheet's columns"]),
    "an empty file": (".csv", lambda g: b"", ["it can't be read"]),
    "a damaged workbook": (".xlsx", lambda g: as_xlsx(g)[:500], ["it can't be read"]),
    "a picture": (".csv", lambda g: bytes(range(256)) * 20, ["can't be read"]),
    "another kind of file": (".pdf", as_csv, ["a file of the kind .pdf"]),
    "OpenDocument, in which merged cells can't be seen": (".ods", as_xlsx, ["a file of the kind .ods"]),
    "an old workbook": (".xls", as_csv, ["a file of the kind .xls"]),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_a_sheet_that_is_unclear_is_refused_with_row_and_column(case: str, round_1: tuple[study.Study, Rows]) -> None:
    loaded, grid = round_1
    first = imports.import_sheet(loaded, put(loaded, as_csv(grid)))
    before = files_below(rounds.folder(loaded))
    suffix, change, found = REFUSED[case]
    file = put(loaded, change([list(row) for row in grid]), f"round-1-ana{suffix}")
    with pytest.raises(GlosaError) as caught:
        imports.import_sheet(loaded, file)
    assert caught.value.where == str(file)
    for line in found:
        assert line in caught.value.found
    assert files_below(rounds.folder(loaded)) == before
    assert first.file.exists()


def test_every_problem_is_told_up_to_twenty(small: study.Study) -> None:
    drawing.sheet(small, ("ana",), n=30)
    grid = sheet_rows(rounds.sheet_file(small, rounds.Sheet("round-1", "ana"), ".csv"))
    for row in grid[1:]:
        row[FIRST] = "?"
    with pytest.raises(GlosaError) as caught:
        imports.import_sheet(small, put(small, as_csv(grid)))
    lines = caught.value.found.splitlines()
    assert [line.strip().split(",")[0] for line in lines[:20]] == [f"row {i}" for i in range(2, 22)]
    assert lines[20].strip() == "… and 10 more"
    assert problems.SHOWN == 20


def test_rows_that_are_deleted_or_not_reached_are_reported(round_1: tuple[study.Study, Rows]) -> None:
    loaded, grid = round_1
    deleted = [grid.pop(3)[0], grid.pop(3)[0]]
    grid[1][REC:] = [""] * 8
    done = imports.import_sheet(loaded, put(loaded, as_csv(grid)))
    assert done.missing == tuple(sorted([*deleted, grid[1][0]]))
    assert done.coded == 11
    assert not set(done.missing) & set(load(loaded)["unit_id"])


def test_what_is_taken_kindly_is_said(round_1: tuple[study.Study, Rows]) -> None:
    loaded, grid = round_1
    edited(grid)
    grid[6][0] = ""
    grid[11][FIRST + 5] = ""
    grid.append([*list(grid[4]), "why?"])
    grid[0].append("Zweifel")
    grid.append(["", "", "", "", "", "", "remember to ask Ben"])
    notes = "\n".join(imports.import_sheet(loaded, put(loaded, as_csv(grid))).notes)
    for said in (
        "row 2: the text was edited",
        "row 7: found by its words",
        "row 12: a recommendation without a theme counts as other",
        "rows 5 and 16 are about the same unit",
        "row 17 has no marks and was passed over",
        "columns passed over: Zweifel",
    ):
        assert said in notes
    assert "row 3:" not in notes  # capitals and punctuation are no edit
    again = imports.import_sheet(loaded, put(loaded, as_csv(grid[:8])))
    assert "replaces an earlier import: 0 units new, 0 changed, 7 gone" in again.notes


def test_words_that_two_units_have_are_found_among_those_drawn(small: study.Study) -> None:
    twins = table(small, "units").query("text == 'Gracias a todos.'")["unit_id"].tolist()
    assert len(twins) == 2
    sample = drawing.sheet(small, ("ana",), n=143).sample
    file = rounds.sample_file(small, "round-1")
    sample[sample["unit_id"] != twins[1]].to_csv(file, index=False)
    grid = [["text", "recommendation", *THEMES], ["Gracias a todos.", "no", *[""] * 5]]
    done = imports.import_sheet(small, put(small, as_csv(grid)))
    assert codes_of(done.file) == {twins[0]: ""}


def test_a_note_comes_back(round_1: tuple[study.Study, Rows]) -> None:
    loaded, grid = round_1
    grid[1][-1] = "unsure; see row 4, «sí»"
    done = imports.import_sheet(loaded, put(loaded, as_csv(grid, ";", "cp1252")))
    frame = pd.read_csv(done.file, keep_default_na=False).set_index("unit_id")
    assert frame.loc[grid[1][0], "note"] == "unsure; see row 4, «sí»"
    assert frame["coder"].eq("ana").all()
    assert frame["round"].eq("round-1").all()


def test_texts_and_places_are_the_study_s_and_never_the_sheet_s(round_1: tuple[study.Study, Rows]) -> None:
    loaded, grid = round_1
    clean = imports.import_sheet(loaded, put(loaded, as_csv(grid))).file.read_bytes()
    for row in grid[1:]:
        row[1:4], row[6] = ["other.txt", "1", "2"], f"{row[6]} (edited)"
    assert imports.import_sheet(loaded, put(loaded, as_csv(grid))).file.read_bytes() == clean
    assert b"\n" in clean
    units = table(loaded, "units").set_index("unit_id")
    for row in csv.DictReader(io.StringIO(clean.decode())):
        assert row["text"].lstrip("'") == units.at[row["unit_id"], "text"]


def test_where_every_unit_is_eligible_a_theme_implies_nothing(tmp_path: Path) -> None:
    loaded = build(tmp_path / "s", '[units]\neligible = "all"\n')
    drawing.sheet(loaded, ("ana",), n=14)
    grid = sheet_rows(rounds.sheet_file(loaded, rounds.Sheet("round-1", "ana"), ".csv"))
    grid[1][REC], grid[1][FIRST] = "no", "x"
    done = imports.import_sheet(loaded, put(loaded, as_csv(grid)))
    assert codes_of(done.file) == {grid[1][0]: "accountability"}


# ── whose sheet it is ──────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("name", "options", "expected"),
    [
        ("round-1-ana.csv", {}, ("round-1", "ana")),
        ("Round-1-Ana (2).csv", {}, ("round-1", "ana")),
        ("round-1-ana_final.csv", {}, ("round-1", "ana")),
        ("round-1-ana - copia.csv", {}, ("round-1", "ana")),
        ("my sheet.csv", {"coder": "Eva Luz"}, ("round-1", "Eva-Luz")),
        ("my sheet.csv", {"coder": "eva", "name": "round-1"}, ("round-1", "eva")),
        ("round-1-ana.csv", {"coder": "eva"}, ("round-1", "eva")),
    ],
)
def test_round_and_coder_are_known_by_name_or_units(
    round_1: tuple[study.Study, Rows], name: str, options: dict[str, str], expected: tuple[str, str]
) -> None:
    loaded, grid = round_1
    assert imports.import_sheet(loaded, put(loaded, as_csv(grid), name), **options).sheet == expected


@pytest.mark.parametrize(
    ("name", "options", "found"),
    [
        ("my sheet.csv", {}, "who coded it"),
        ("round-1-anastasia.csv", {}, "who coded it"),
        ("my sheet.csv", {"coder": "eva", "name": "round-l"}, "its units are those of round-1"),
        ("my sheet.csv", {"coder": "../eva"}, "can't stand in the name of a file"),
    ],
)
def test_a_sheet_of_nobody_is_refused(
    round_1: tuple[study.Study, Rows], name: str, options: dict[str, str], found: str
) -> None:
    loaded, grid = round_1
    with pytest.raises(GlosaError, match=found):
        imports.import_sheet(loaded, put(loaded, as_csv(grid), name), **options)
    assert not list(rounds.folder(loaded).glob("*.csv"))


def test_coder_1_is_not_coder_10(small: study.Study) -> None:
    drawing.sheet(small, ("coder-1", "coder-10"), n=20)
    assert rounds.of_stem(small, "round-1-coder-10") == ("round-1", "coder-10")
    assert rounds.of_stem(small, "round-1-coder-1 (10)") == ("round-1", "coder-1")
    assert rounds.of_stem(small, "round-1-coder-100") is None


def test_units_of_two_rounds_need_the_round_to_be_named(small: study.Study) -> None:
    drawing.sheet(small, ("ana",), n=20, name="a")
    drawing.sheet(small, ("ana",), n=143, name="b", again=True)
    grid = sheet_rows(rounds.sheet_file(small, rounds.Sheet("a", "ana"), ".csv"))
    grid[1][REC] = "no"
    with pytest.raises(GlosaError, match="its units are those of a and b"):
        imports.import_sheet(small, put(small, as_csv(grid), "mine.csv"), "ana")
    assert imports.import_sheet(small, put(small, as_csv(grid), "mine.csv"), "ana", "b").sheet == ("b", "ana")


def test_units_that_nobody_drew_can_be_coded_but_do_not_validate(small: study.Study) -> None:
    unit = table(small, "units").iloc[0]
    grid = [["text", "Recomendación", *THEMES], [unit["text"], "sí", "x", "", "", "", ""]]
    done = imports.import_sheet(small, put(small, as_csv(grid), "mine.csv"), "ana", "pilot")
    assert any("has no sample" in note for note in done.notes)
    assert load(small)[["codes", "round", "purpose"]].values.tolist() == [[("accountability",), "pilot", "unknown"]]


def test_a_missing_file_is_named(small: study.Study) -> None:
    with pytest.raises(GlosaError, match="there is no such file"):
        imports.import_sheet(small, small.root / "nowhere.csv")


# ── what stages read ───────────────────────────────────────────────────────────────────────────────────────────────


def coded(loaded: study.Study, name: str, text: str) -> None:
    rounds.folder(loaded).mkdir(parents=True, exist_ok=True)
    (rounds.folder(loaded) / name).write_text(text, encoding="utf-8")


def test_no_codings_are_an_empty_frame(small: study.Study) -> None:
    frame = load(small)
    assert tuple(frame.columns) == records.COLUMNS
    assert frame.empty


def test_files_of_researchers_are_matched_by_id_place_or_words(small: study.Study) -> None:
    units = table(small, "units")
    first, second, third = units.iloc[0], units.iloc[3], units.iloc[6]
    coded(small, "a.csv", f"unit_id,coder,codes\n{first.unit_id},ana,empathy|dialogue\n{second.unit_id},ana,\n")
    coded(small, "b.csv", f"file;start;end;coder;codes\n=b.csv;{second.start};{second.end};ben;Prevención\n")
    coded(small, "c.csv", f"Texto,Codificador,Temas\n  {third.text.upper()} ,eva,other\n")
    coded(small, ".hidden.csv", "nonsense")
    coded(small, "~$a.csv", "nonsense")
    expected = [
        (first.unit_id, "ana", ("empathy", "dialogue")),
        (second.unit_id, "ana", ()),
        (second.unit_id, "ben", ("prevention",)),
        (third.unit_id, "eva", ("other",)),
    ]
    frame = load(small)
    assert sorted(expected) == list(frame[["unit_id", "coder", "codes"]].itertuples(index=False, name=None))
    assert (frame["purpose"] == "unknown").all()
    assert frame["inclusion_probability"].isna().all()


def test_purpose_and_probability_come_from_the_sample(small: study.Study) -> None:
    sample = drawing.sheet(small, ("ana",), n=40).sample.set_index("unit_id")
    proposed = drawing.proposed(small, ("ana",), n=5)
    rows = [f"{unit},ana,empathy,round-1\n" for unit in sample.index]
    rows += [f"{unit},ana,,train-1\n" for unit in proposed.sample["unit_id"]]
    coded(small, "all.csv", "unit_id,coder,codes,round\n" + "".join(rows))
    frame = load(small).set_index("unit_id")
    assert Counter(frame["purpose"]) == {"validate": 40, "train": 5}
    for unit, probability in sample["inclusion_probability"].items():
        assert frame.at[unit, "inclusion_probability"] == probability
    assert frame[frame["purpose"] == "train"]["inclusion_probability"].isna().all()


def test_the_same_coding_twice_counts_once_and_rounds_are_kept_apart(small: study.Study) -> None:
    unit = table(small, "units").iloc[0].unit_id
    coded(small, "a.csv", f"unit_id,coder,codes\n{unit},ana,empathy\n{unit},ana,empathy\n")
    coded(small, "b.csv", f"unit_id,coder,codes,round\n{unit},ana,empathy,\n{unit},ana,dialogue,later\n")
    frame = load(small)
    assert frame[["round", "codes"]].values.tolist() == [["", ("empathy",)], ["later", ("dialogue",)]]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("unit_id,coder,codes\n{0},ana,empaty\n", "row 2, column codes: 'empaty' is no theme of the codebook"),
        ("unit_id,coder,codes\n{0},ana,other\nu0,ana,\n", "row 3, column unit_id: 'u0' is no unit of this study"),
        ("unit_id,coder,codes\n{0},,empathy\n", "row 2, column coder: nobody is named"),
        ("text,coder,codes\nGracias a todos.,ana,\n", "row 2, column text: 2 units have these words"),
        ("file,start,end,coder,codes\na.txt,0,3,ana,\n", "row 2, column unit_id: the row has no unit_id"),
        ("file,start,end,coder,codes\na.txt,x,3,ana,\n", "row 2, column unit_id: the row has no unit_id"),
        ("unit_id,codes\n{0},empathy\n", "looked for coder"),
        ("unit_id,coder\n{0},ana\n", "looked for codes"),
        ("unit_id,coder,codes\n{0},ana,empathy\n{0},ana,dialogue\n", "row 3, column codes: ana codes unit"),
        ("", "can't be read"),
    ],
)
def test_codings_that_are_wrong_are_named_with_row_and_column(small: study.Study, text: str, found: str) -> None:
    coded(small, "mine.csv", text.format(table(small, "units").iloc[0].unit_id))
    with pytest.raises(GlosaError) as caught:
        load(small)
    assert caught.value.where.endswith("mine.csv")
    assert found in caught.value.found


def test_two_files_that_disagree_are_both_named(small: study.Study) -> None:
    unit = table(small, "units").iloc[0].unit_id
    coded(small, "a.csv", f"unit_id,coder,codes\n{unit},ana,empathy\n")
    coded(small, "b.csv", f"unit_id,coder,codes\n{unit},ana,\n")
    with pytest.raises(GlosaError, match=r"b\.csv.* as nothing, and in row 2 of a\.csv as empathy"):
        load(small)


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("", ()), (" | ", ()), ("dialogue|empathy", ("empathy", "dialogue")), ("empathy|empathy", ("empathy",)),
        ("Empatía; Diálogo", ("empathy", "dialogue")), ("other", ("other",)), ("EMPATHY , other", ("empathy", "other")),
    ],
)  # fmt: skip
def test_codes_are_ids_or_labels(small: study.Study, cell: str, expected: tuple[str, ...]) -> None:
    assert records.parse_codes(cell, small.codebook) == expected


@given(st.sets(st.sampled_from([*THEMES, "other"])))
def test_codes_come_back_as_they_were_written(codes: set[str]) -> None:
    codebook = study.load(ROOT).codebook
    ordered = tuple(code for code in (*codebook.ids, "other") if code in codes)
    assert records.parse_codes("|".join(sorted(codes)), codebook) == ordered


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace("inclusion_probability", "p"),
        lambda text: text + text.splitlines()[1] + "\n",
        lambda text: text.replace("validate", "valid"),
        lambda text: text.replace(",validate", ",x,validate", 1),
    ],
)
def test_a_damaged_sample_is_named(small: study.Study, change: Callable[[str], str]) -> None:
    drawing.sheet(small, ("ana",), n=14)
    file = rounds.sample_file(small, "round-1")
    file.write_text(change(file.read_text(encoding="utf-8")), encoding="utf-8")
    with pytest.raises(GlosaError, match="samples/round-1"):
        rounds.read_sample(small, "round-1")


def test_a_failed_write_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    with pytest.raises(OSError):
        rounds.write({tmp_path / "a.csv": b"1", tmp_path / "b": b"2"})  # b is a folder
    assert not list(tmp_path.glob(".*"))
    with pytest.raises(OSError):
        rounds.write({tmp_path / "c.csv": b"1", tmp_path / "a.csv" / "d.csv": b"2"})
    assert not (tmp_path / "c.csv").exists()


# ── proposals ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_uncertainty_is_how_near_a_decision_is_to_its_threshold() -> None:
    units = pd.DataFrame({"unit_id": ["u1", "u2", "u3", "u4"], "recommendation_score": [1.0, 1.0, 1.0, 0.5]})
    codings = pd.DataFrame(
        [("u1", "a", 0.3), ("u1", "b", 0.9), ("u2", "a", 0.15), ("u2", "other", 0.3), ("u3", "a", 0.65)],
        columns=["unit_id", "theme_id", "score"],
    ).assign(method="any")
    found = proposals.uncertainty(units, codings, study.Settings())
    assert found.to_dict() == {"u1": 1.0, "u2": 0.5, "u3": 0.5, "u4": 1.0}
    everything = study.Settings(units=study.UnitsSection(eligible="all"))
    assert proposals.uncertainty(units, codings, everything)["u4"] == 0.0


def test_near_identical_sentences_are_not_all_proposed() -> None:
    vectors = np.array([[1, 0], [0.999, 0.04], [0, 1], [0.7, 0.7]], dtype=np.float32)
    uncertain = np.array([1.0, 0.99, 0.5, 0.5])
    assert proposals.choose(uncertain, vectors, np.empty((0, 2)), 2) == [0, 2]
    assert proposals.choose(uncertain, vectors, np.array([[1.0, 0.0]]), 1) == [2]
    assert proposals.choose(np.ones(3), np.ones((3, 2)), np.empty((0, 2)), 9) == [0, 1, 2]
    assert proposals.choose(np.empty(0), np.empty((0, 2)), np.empty((0, 2)), 3) == []


@given(st.integers(0, 30), st.integers(0, 12), st.integers(0, 40))
def test_proposals_are_distinct_and_as_many_as_asked(n_rows: int, n_seen: int, n: int) -> None:
    rng = np.random.default_rng(n_rows * 100 + n_seen)
    vectors, seen = rng.normal(size=(n_rows, 4)), rng.normal(size=(n_seen, 4))
    chosen = proposals.choose(rng.random(n_rows), vectors, seen, n)
    assert len(chosen) == len(set(chosen)) == min(n, n_rows)


def test_proposals_leave_out_what_was_coded_or_given(small: study.Study, tmp_path: Path) -> None:
    given_out = set(drawing.sheet(small, ("ana",), n=20).sample["unit_id"])
    unit = next(u for u in table(small, "units")["unit_id"] if u not in given_out)
    coded(small, "own.csv", f"unit_id,coder,codes\n{unit},ana,empathy\n")
    found = drawing.proposed(small, ("ana",), n=10)
    assert found.name == "train-1"
    assert len(found.sample) == 10
    assert not {unit, *given_out} & set(found.sample["unit_id"])
    assert set(found.sample["purpose"]) == {"train"}
    assert tuple(found.sample.columns) == rounds.SAMPLE_COLUMNS
    # The least sure are those on which the machine abstained.
    kinds = sampling.kind(table(small, "codings"))
    assert (found.sample["unit_id"].map(kinds) == "abstained").all()
    everything = drawing.proposed(small, ("ana",), n=1000)
    assert len(everything.sample) == 143 - 20 - 1 - 10
    with pytest.raises(GlosaError, match="no unit is left"):
        drawing.proposed(small, ("ana",))
    with pytest.raises(GlosaError, match="there is such a round"):
        drawing.proposed(small, ("ana",), name="train-1")


def test_proposals_are_the_same_each_time(small: study.Study, tmp_path: Path) -> None:
    other = build(tmp_path / "again")
    one, two = (drawing.proposed(s, ("ana",), n=12).sample for s in (small, other))
    pd.testing.assert_frame_equal(one, two)


# ── the plan ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_plan_gives_the_numbers_of_the_formula(small: study.Study) -> None:
    found = plan.plan(small)
    needed = {need.theme_id: need.needed for need in found.needs}
    assert needed["accountability"] == (172, 294)  # p = .10, as published
    assert needed["prevention"][1] == 103  # p = .50
    assert needed["supervision"] == (None, None)
    assert list(needed) == [*THEMES, "other"]
    # A third of a sheet are units without a recommendation, and there are only 143 units.
    assert found.sheets == (143, 143)
    assert (found.eligible, found.units) == (100, 143)


def test_the_sheet_that_is_planned_is_half_as_long_again(small: study.Study, monkeypatch: pytest.MonkeyPatch) -> None:
    few = pd.DataFrame([_theme("empathy", 50), _theme("other", 1)])
    write_table(small.processed / "themes.parquet", "themes", few)
    assert plan.plan(small).sheets == (round(plan.plan(small).needs[0].needed[0] * 1.5 + 0.1), 143)


# ── the command line and its page in README ────────────────────────────────────────────────────────────────────────


def test_the_round_trip_on_the_command_line(small: study.Study) -> None:
    where = ("--study", str(small.root))
    assert "172" in glosa("code", "plan", *where).stdout
    out = glosa("code", "sheet", "--units", "20", "--coders", "2", *where)
    assert out.returncode == 0, out.stderr
    assert "round-1: 20 units" in out.stdout
    file = rounds.sheet_file(small, rounds.Sheet("round-1", "coder-2"), ".csv")
    assert str(file) in out.stdout
    grid = sheet_rows(file)
    grid[1][REC], grid[2][FIRST] = "no", "?"
    file.write_bytes(as_csv(grid))
    refused = glosa("code", "import", str(file), *where)
    assert refused.returncode == 2
    assert "row 3, column accountability" in refused.stderr
    assert "Traceback" not in refused.stderr
    grid[2][FIRST] = "x"
    file.write_bytes(as_csv(grid))
    done = glosa("code", "import", str(file), *where)
    assert "2 units of round-1 coded by coder-2; 18 are not coded yet" in done.stdout
    again = glosa("code", "sheet", "--round", "round-1", "--coders", "2", *where)
    assert again.returncode == 2
    assert "somebody has written into it" in again.stderr
    following = glosa("code", "next", "--units", "3", "--coder", "coder-2", *where)
    assert "train-1: 3 units" in following.stdout


@pytest.mark.parametrize("command", ["sheet", "next", "plan"])
def test_without_a_run_the_commands_say_so(tmp_path: Path, command: str) -> None:
    make_study(tmp_path, {})
    found = glosa("code", command, cwd=tmp_path)
    assert found.returncode == 2
    assert "glosa run" in found.stderr


COMMANDS = typer.main.get_command(code.app).commands  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_of_code_has_help_and_stands_in_readme_with_its_options(name: str) -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    rows = [line for line in readme.splitlines() if line.startswith(f"| `code {name}")]
    assert COMMANDS[name].help
    assert len(rows) == 1, f"README needs one table row that begins with `code {name}"
    for parameter in COMMANDS[name].params:
        if parameter.name in {"help", "study"}:
            continue
        shown = [parameter.name.upper()] if parameter.param_type_name == "argument" else parameter.opts
        assert parameter.help  # type: ignore[attr-defined]
        assert all(re.search(rf"(?<![\w-]){re.escape(word)}(?![\w-])", rows[0]) for word in shown), parameter.name


# ── small things that the rest leans on ────────────────────────────────────────────────────────────────────────────


def test_columns_have_the_letters_of_a_spreadsheet() -> None:
    assert [tables.Grid([[]]).letter(i) for i in (0, 25, 26, 701, 702)] == ["A", "Z", "AA", "ZZ", "AAA"]
    assert tables.Grid([[]], left=2).letter(0) == "C"


def test_the_header_is_found_below_titles_and_a_label_of_two_themes_is_nobody_s(small: study.Study) -> None:
    themes = small.codebook.themes
    twice = themes[1].model_copy(update={"label": {"en": "Empathy"}})
    codebook = small.codebook.model_copy(update={"themes": (themes[0], twice, *themes[2:])})
    grid = tables.Grid([["A title"], [], ["Text", "Empathy", "dialogue"], ["t", "x", ""]])
    header = headings.of_sheet(grid, codebook)
    assert header is not None
    assert (header.row, header.places) == (2, {"text": 0, "empathy": 1, "dialogue": 2})  # its id, not the other's label
    renamed = tables.Grid([["Text", "Empathie", "dialogue"], ["t", "x", ""]])
    both = [t.model_copy(update={"label": {"fr": "Empathie"}}) for t in themes[1:3]]
    unclear = headings.of_sheet(renamed, codebook.model_copy(update={"themes": (themes[0], *both, *themes[3:])}))
    assert unclear is not None
    assert unclear.unused == ("Empathie",)


def test_a_sheet_without_rows_is_a_sheet(small: study.Study) -> None:
    frames = [table(small, name) for name in ("units", "passages", "sources")]
    empty = sheets.rows([], *frames, small.codebook)
    assert tuple(empty.columns) == sheets.columns(small.codebook)
    assert len(empty) == 0
