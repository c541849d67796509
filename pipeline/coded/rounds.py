"""Rounds and coders: how they are called, where their files lie, and what earlier rounds have drawn."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from pipeline.errors import GlosaError
from pipeline.study import Study

VALIDATE, TRAIN, UNKNOWN = "validate", "train", "unknown"
UNIT, VOICE = "unit", "voice"
SAMPLE_COLUMNS = (
    "unit_id", "passage_id", "voice", "language",
    "stratum", "stratum_size", "drawn", "inclusion_probability", "drawn_as", "purpose",
)  # fmt: skip
_NAME = re.compile(r"[^\W_](?:[\w.-]*\w)?")
_NAMED_BY = {VALIDATE: "round", TRAIN: "train"}


class Sheet(NamedTuple):
    """One coder's part in one round."""

    round: str
    coder: str

    @property
    def stem(self) -> str:
        """File name without its suffix, for the sheets and for the codings that come back."""
        return f"{self.round}-{self.coder}"


def folder(study: Study) -> Path:
    """Return where human codings lie."""
    return study.root / "data" / "coded"


def sample_file(study: Study, name: str) -> Path:
    """Return the file of a round's sample."""
    return folder(study) / "samples" / f"{name}.csv"


def sheet_file(study: Study, sheet: Sheet, suffix: str) -> Path:
    """Return the file of a blind sheet; the suffix is `.csv` or `.xlsx`."""
    return folder(study) / "sheets" / f"{sheet.stem}{suffix}"


def coded_file(study: Study, sheet: Sheet) -> Path:
    """Return the file of the codings that came back."""
    return folder(study) / f"{sheet.stem}.csv"


def known(study: Study) -> tuple[str, ...]:
    """Return the names of the rounds that have a sample, sorted."""
    return tuple(sorted(path.stem for path in (folder(study) / "samples").glob("[!.]*.csv")))


def next_name(study: Study, purpose: str) -> str:
    """Return the first free name: `round-1`, `round-2` … for samples that validate, `train-1` … for the others."""
    word, taken, number = _NAMED_BY[purpose], set(known(study)), 1
    while f"{word}-{number}" in taken:
        number += 1
    return f"{word}-{number}"


def checked(names: Sequence[str], what: str) -> tuple[str, ...]:
    """Return names that can stand in a file's name, spaces made hyphens; raise `GlosaError` for the others."""
    made = ["-".join(name.split()) for name in names]
    wrong = next((name for name in made if not _NAME.fullmatch(name) or len(name) > 60), None)
    if wrong is not None:
        raise GlosaError(
            f"--{what} {wrong!r}", "it can't stand in the name of a file.",
            "letters, digits, hyphens, dots and underscores, at most 60, with a letter or digit first and last.",
            f"Choose another name for the {what}.",
        )  # fmt: skip
    if len({name.casefold() for name in made}) < len(made):
        raise GlosaError(f"--{what}", "a name stands twice.", "a name of its own for each.", "Leave one out.")
    return tuple(made)


def read_sample(study: Study, name: str) -> pd.DataFrame:
    """Return a round's sample (`SAMPLE_COLUMNS`); raise `GlosaError` where it is missing or damaged."""
    file = sample_file(study, name)
    try:
        frame = pd.read_csv(file, encoding="utf-8-sig", keep_default_na=False, dtype="str")
        numbers = {
            column: pd.to_numeric(frame[column]) for column in ("stratum_size", "drawn", "inclusion_probability")
        }
        sample = frame.assign(**{"drawn_as": UNIT, **frame, **numbers})[list(SAMPLE_COLUMNS)]
    except FileNotFoundError:
        have = ", ".join(known(study)) or "none yet"
        raise GlosaError(
            file, "there is no such sample.", f"a round with a sample ({have}).", "Name one of them."
        ) from None
    except (OSError, ValueError, KeyError) as error:
        raise GlosaError(
            file, f"the sample can't be read ({str(error)[:120]}).", f"the columns {', '.join(SAMPLE_COLUMNS)}.",
            "Put the file back as Glosa wrote it: it says how likely each unit was to be drawn.",
        ) from None  # fmt: skip
    if sample["unit_id"].duplicated().any() or not sample["purpose"].isin([VALIDATE, TRAIN]).all():
        raise GlosaError(
            file, "a unit stands twice, or a purpose is unknown.", f"one row per unit; purpose {VALIDATE} or {TRAIN}.",
            "Put the file back as Glosa wrote it.",
        )  # fmt: skip
    return sample


def drawn(study: Study) -> frozenset[str]:
    """Return the units of every round so far."""
    return frozenset(unit for name in known(study) for unit in read_sample(study, name)["unit_id"])


def of_stem(study: Study, stem: str) -> Sheet | None:
    """Return round and coder of a file by its name, what a copy adds to it left aside; None where it fits no sheet.

    `round-1-ana (2)` and `Round-1-Ana_final` are the sheet `round-1-ana` where that exists.
    """
    given, plain = {path.stem for path in (folder(study) / "sheets").glob("[!.]*.*")}, stem.casefold()
    fits = [s for s in given if plain.startswith(s.casefold()) and not plain[len(s) : len(s) + 1].isalnum()]
    name = max(fits, key=lambda s: (len(s), s), default=None)
    if name is None:
        return None
    within = [r for r in known(study) if name.startswith(f"{r}-")]
    longest = max(within, key=len, default=None)
    return Sheet(longest, name[len(longest) + 1 :]) if longest else None


def write(contents: Mapping[Path, bytes]) -> None:
    """Write files so that all of them appear, or none: each beside its place first, then renamed."""
    beside = {path: path.with_name(f".{path.name}.part") for path in contents}
    try:
        for path, temporary in beside.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            temporary.write_bytes(contents[path])
        for path, temporary in beside.items():
            temporary.replace(path)
    finally:
        for temporary in beside.values():
            temporary.unlink(missing_ok=True)
