from __future__ import annotations

import pandas as pd

from pipeline.coded.comparison import Compared, compared
from pipeline.coded.gold import Gold, shares
from pipeline.estimates import RECOMMENDATION

UNITS = pd.DataFrame(
    {"voice": [f"v{i}" for i in range(40)], "language": "en"}, index=pd.Index([f"u{i}" for i in range(40)])
)
ALL = ("all", "all")


def comparison(
    rows: list[tuple[str, str, tuple[str, ...]]], machine: set[str], targets: tuple[str, ...], validates: bool = True
) -> Compared:
    """Compare codings with a machine that marks every target in some units."""
    coded = pd.DataFrame(rows, columns=["unit_id", "coder", "codes"])
    weights = pd.Series(2.0, index=UNITS.index if validates else [])
    decided = pd.DataFrame({target: UNITS.index.isin(machine) for target in targets}, index=UNITS.index)
    return compared(Gold(coded, shares(coded, ("a", "b")), weights), UNITS, decided, targets)


def test_people_who_agree_are_reliable_and_the_machine_is_measured_on_what_they_say() -> None:
    said = {unit: ("a",) if i < 20 else () for i, unit in enumerate(UNITS.index)}
    rows = [(unit, coder, codes) for unit, codes in said.items() for coder in ("ana", "rui")]
    found = comparison(rows, {f"u{i}" for i in range(10)}, (RECOMMENDATION, "a", "b"))
    assert found.coders == ("ana", "rui")
    assert found.reliability["a", *ALL].alpha.value == 1.0
    assert found.reliability["a", *ALL].verdict == "reliable"
    assert found.reliability["b", *ALL].verdict == "insufficient"
    assert found.reliability["a", "language", "en"].n_units == 40
    assert found.validity["a", *ALL].precision.value == 1.0
    assert found.validity["a", *ALL].recall.value == 0.5
    assert found.validity[RECOMMENDATION, *ALL].n_units == 40


def test_one_coder_has_no_agreement() -> None:
    assert not comparison([(u, "ana", ("a",)) for u in UNITS.index], set(), ("a",)).reliability


def test_a_unit_on_which_coders_split_counts_on_either_side() -> None:
    split = [(u, coder, ("a",) if coder == "ana" else ()) for u in UNITS.index for coder in ("ana", "rui")]
    found = comparison(split, {f"u{i}" for i in range(20)}, ("a",)).validity["a", *ALL]
    assert (found.n_units, found.positives, found.assigned) == (40, 20, 20)
    assert (found.precision.value, found.recall.value) == (0.5, 0.5)


def test_what_was_settled_validates_and_is_nobodys_own_coding() -> None:
    rows = [(u, "ana", ("a",)) for u in UNITS.index] + [(u, "settled", ()) for u in UNITS.index]
    found = comparison(rows, set(UNITS.index), ("a",))
    assert found.coders == ("ana",)
    assert not found.reliability
    assert found.validity["a", *ALL].precision.value == 0.0


def test_units_that_were_proposed_for_training_validate_nothing() -> None:
    rows = [(u, coder, ("a",)) for u in UNITS.index for coder in ("ana", "rui")]
    found = comparison(rows, set(), ("a",), validates=False)
    assert found.reliability
    assert not found.validity
