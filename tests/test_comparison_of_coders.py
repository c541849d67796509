from __future__ import annotations

import pandas as pd

from pipeline.coded.comparison import RECOMMENDATION, compared


def coded(rows: list[tuple[str, str, tuple[str, ...]]], purpose: str = "validate") -> pd.DataFrame:
    columns = ["unit_id", "coder", "codes"]
    frame = pd.DataFrame(rows, columns=columns)
    return frame.assign(round="r1", purpose=purpose, inclusion_probability=0.5)


UNITS = [f"u{i}" for i in range(40)]
VOICES = pd.Series([f"v{i}" for i in range(40)], index=UNITS)


def test_people_who_agree_are_reliable_and_the_machine_is_measured_on_what_they_say() -> None:
    said = {unit: ("a",) if i < 20 else () for i, unit in enumerate(UNITS)}
    found = compared(
        coded([(unit, coder, codes) for unit, codes in said.items() for coder in ("ana", "rui")]),
        VOICES,
        {unit: frozenset({"a", RECOMMENDATION} if i < 10 else ()) for i, unit in enumerate(UNITS)},
        (RECOMMENDATION, "a", "b"),
    )
    assert found.coders == ("ana", "rui")
    assert found.reliability["a"].alpha.value == 1.0
    assert found.reliability["a"].verdict == "reliable"
    assert found.reliability["b"].verdict == "insufficient"
    assert found.validity["a"].precision.value == 1.0
    assert found.validity["a"].recall.value == 0.5
    assert found.validity[RECOMMENDATION].n_units == 40


def test_one_coder_has_no_agreement_and_ties_are_left_out() -> None:
    alone = compared(coded([(u, "ana", ("a",)) for u in UNITS]), VOICES, dict.fromkeys(UNITS, frozenset()), ("a",))
    assert not alone.reliability
    split = coded([(u, coder, ("a",) if coder == "ana" else ()) for u in UNITS for coder in ("ana", "rui")])
    assert not compared(split, VOICES, dict.fromkeys(UNITS, frozenset()), ("a",)).validity


def test_units_that_were_proposed_for_training_validate_nothing() -> None:
    rows = [(u, coder, ("a",)) for u in UNITS for coder in ("ana", "rui")]
    found = compared(coded(rows, "train"), VOICES, dict.fromkeys(UNITS, frozenset()), ("a",))
    assert found.reliability
    assert not found.validity
