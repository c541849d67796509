"""A new round, or another coder in a round that is there: the sample and the sheets, written together or not at all."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from pipeline.coded import proposals, records, rounds, sampling, sheets
from pipeline.errors import GlosaError
from pipeline.store import Store, read_table, to_csv
from pipeline.study import Study

UNITS, PROPOSALS = 150, 30
_VECTORS = "data/processed/vectors.npy"


class Drawn(NamedTuple):
    """A round with its sample, and the sheets that were written."""

    name: str
    sample: pd.DataFrame
    sheets: tuple[Path, ...]


def coders(named: Sequence[str], number: int | None) -> tuple[str, ...]:
    """Return the coders' names: those given, else coder-1, coder-2 …; raise `GlosaError` where they can't be."""
    if named and number not in (None, len(named)):
        raise GlosaError(
            f"--coders {number}", f"{len(named)} coders are named.", "names, or a number.", "Leave --coders out."
        )
    count = 1 if number is None else number
    if not named and not 1 <= count <= 50:
        raise GlosaError("--coders", f"{count}.", "a number from 1 to 50.", "Change the number.")
    return rounds.checked(named or [f"coder-{i}" for i in range(1, count + 1)], "coder")


def sheet(
    study: Study,
    who: Sequence[str],
    n: int | None = None,
    name: str | None = None,
    negatives: float | None = None,
    again: bool = False,
    voices: bool = False,
) -> Drawn:
    """Draw a probability sample and write a blind sheet per coder; a round that has a sample keeps it.

    Args:
        study: a study with a finished run.
        who: the coders.
        n: how many units to draw (150 where not given).
        name: the round; the next free one where not given.
        negatives: share drawn from the units that the machine takes for no recommendation (a third where not given).
        again: whether units of earlier rounds may be drawn once more.
        voices: whether to draw whole voices, each with all of its units, about `n` units together.
    """
    _check_number(n, "--units")
    negatives = sampling.NEGATIVES if negatives is None else negatives
    if not 0 <= negatives < 1:
        raise GlosaError("--negatives", f"{negatives}.", "a share from 0 to below 1.", "Change the number.")
    name = rounds.checked([name], "round")[0] if name else rounds.next_name(study, rounds.VALIDATE)
    if name in rounds.known(study):
        sample = rounds.read_sample(study, name)
        if n is not None and n != len(sample):
            raise GlosaError(
                f"--units {n}", f"{name} has a sample of {len(sample)} units already.", "a sample is drawn once.",
                "Leave --units out to write sheets for it, or name another round.",
            )  # fmt: skip
        return _write(study, name, sample, who, is_new=False)
    units, codings, passages = _tables(study, "units", "codings", "passages")
    without = frozenset[str]() if again else rounds.drawn(study)
    seed = f"{study.settings.study.title}\x1f{name}"
    eligible = study.settings.units.eligible
    if voices:
        sample = sampling.draw_voices(units, passages, n or UNITS, seed, without)
    else:
        sample = sampling.draw(units, codings, passages, n or UNITS, seed, negatives, without, eligible)
    return _write(study, name, sample, who)


def proposed(study: Study, who: Sequence[str], n: int = PROPOSALS, name: str | None = None) -> Drawn:
    """Choose the most informative units that nobody has coded or been given, and write a sheet per coder."""
    _check_number(n, "--units")
    name = rounds.checked([name], "round")[0] if name else rounds.next_name(study, rounds.TRAIN)
    if name in rounds.known(study):
        raise GlosaError(
            f"--round {name}", "there is such a round.", "a new name.",
            f"Leave --round out, or write sheets for it with `glosa code sheet --round {name}`.",
        )  # fmt: skip
    units, codings, passages, sources, places = _tables(study, "units", "codings", "passages", "sources", "vectors")
    vectors = Store(study.root, (_VECTORS,), ()).vectors()
    uncertain = proposals.uncertainty(units, codings, study.settings)
    seen = {*records.load(study, units, sources)["unit_id"], *rounds.drawn(study)}
    rows = dict(zip(places["unit_id"], places["row"], strict=True))
    sample = proposals.propose(units, passages, uncertain.to_dict(), vectors, rows, sorted(seen), n)
    return _write(study, name, sample, who)


def _write(study: Study, name: str, sample: pd.DataFrame, who: Sequence[str], is_new: bool = True) -> Drawn:
    if sample.empty:
        raise GlosaError(
            study.processed / "units.parquet", "no unit is left that no round has.", "units that nobody was given yet.",
            "Add captures and run again, or use `glosa code sheet --again`.",
        )  # fmt: skip
    units, passages, sources = _tables(study, "units", "passages", "sources")
    gone = sorted(set(sample["unit_id"]) - set(units["unit_id"]))
    if gone:
        raise GlosaError(
            rounds.sample_file(study, name), f"{len(gone)} of its units are gone, such as {gone[0]}.",
            "a sample of the study as it is.", "The captures have changed since: draw another round.",
        )  # fmt: skip
    written = sheets.build(
        study, sheets.rows(list(sample["unit_id"]), units, passages, sources, study.codebook), name, who
    )
    rounds.write({**({rounds.sample_file(study, name): to_csv(sample)} if is_new else {}), **written})
    return Drawn(name, sample, tuple(written))


def _tables(study: Study, *names: str) -> list[pd.DataFrame]:
    return [read_table(study.processed / f"{name}.parquet", name) for name in names]


def _check_number(n: int | None, option: str) -> None:
    if n is not None and n < 1:
        raise GlosaError(option, f"{n}.", "a number of units from 1 on.", "Change the number.")
