from __future__ import annotations

import dataclasses
import itertools
import math
import time

import krippendorff
import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from pipeline import agreement
from pipeline.agreement import Estimate

NAN = math.nan


def crossed(both: int, one: int, other: int, neither: int) -> list[list[float]]:
    """Return the codes of two coders from their cross table."""
    return [[1, 1]] * both + [[1, 0]] * one + [[0, 1]] * other + [[0, 0]] * neither


def simulated(seed: int, units: int, coders: int, share: float, missing: float, slips: float) -> np.ndarray:
    """Return codes of a theme with this share, each code wrong or missing with these probabilities."""
    rng = np.random.default_rng(seed)
    truth = rng.random(units) < share
    codes = (truth[:, None] ^ (rng.random((units, coders)) < slips)).astype(float)
    codes[rng.random((units, coders)) < missing] = NAN
    return codes


# Codes, share of agreement, AC1 and alpha as irrCAC 0.4.4 gives them, run in an environment of its own:
# CAC(pandas.DataFrame(codes), categories=[0.0, 1.0], digits=9), .gwet() and .krippendorff(). The first is also
# Krippendorff's example A (2011; he prints .095), the second Gwet's of a skewed table (AC1 .941, kappa below 0).
IRRCAC = {
    "krippendorff A": (
        [[0, 1], [1, 1], [0, 1], [0, 0], [0, 0], [0, 1], [0, 0], [0, 0], [1, 0], [0, 0]],
        0.6, 0.310344828, 0.095238095,
    ),
    "skewed": (crossed(118, 5, 2, 0), 0.944, 0.940776338, -0.024691358),
    "rare": (crossed(2, 3, 4, 91), 0.93, 0.921879359, 0.32996633),
    "two, missing": (
        [[1, 1], [1, 0], [0, 0], [0, 0], [1, NAN], [NAN, 0], [NAN, NAN], [1, 1], [0, 1], [0, 0], [NAN, 1], [0, 0]],
        0.75, 0.504098361, 0.5,
    ),
    "three": (
        [[1, 1, 1], [1, 1, 0], [0, 0, 0], [0, 1, 0], [1, 1, 1], [0, 0, 0], [0, 0, 1], [1, 0, 1], [0, 0, 0], [1, 1, 1]],
        0.733333333, 0.466666667, 0.484444444,
    ),
    "three, missing": (
        [
            [1, 1, 1], [1, 1, NAN], [NAN, 0, 0], [0, 1, 0], [1, NAN, 1], [NAN, NAN, NAN],
            [0, 0, 1], [1, NAN, NAN], [0, 0, 0], [NAN, 1, 0], [0, NAN, 0], [NAN, NAN, 0],
        ],
        0.740740741, 0.483379079, 0.475,
    ),
    "simulated, two": (simulated(1, 40, 2, 0.3, 0.15, 0.1), 0.870967742, 0.75711575, 0.722727273),
    "simulated, three": (simulated(2, 60, 3, 0.2, 0.25, 0.1), 0.755102041, 0.594382278, 0.313616071),
    "simulated, four": (simulated(3, 80, 4, 0.4, 0.35, 0.2), 0.682539683, 0.389499389, 0.324485374),
}  # fmt: skip


@st.composite
def codings(draw: st.DrawFn, least: int = 0) -> tuple[np.ndarray, list[str]]:
    """Draw a matrix of two to four coders' codes with gaps, and a voice for each unit."""
    units, coders = draw(st.integers(least, 25)), draw(st.integers(2, 4))
    code = st.sampled_from([0.0, 0.0, 1.0, 1.0, NAN])
    rows = draw(st.lists(st.lists(code, min_size=coders, max_size=coders), min_size=units, max_size=units))
    voices = draw(st.lists(st.sampled_from("abcdefg"), min_size=units, max_size=units))
    return np.array(rows, dtype=float).reshape(units, coders), voices


def figures(codes: object, voices: object = None, **options: int) -> agreement.Reliability:
    """Return the reliability of codes, with a voice for each unit if no voices are given, from a few draws."""
    named = range(len(np.asarray(codes))) if voices is None else voices
    return agreement.reliability(codes, list(named), **{"draws": 60, **options})


def naive_alpha(codes: np.ndarray) -> float | None:
    """Return alpha by the package alone, None where it refuses or divides by nought."""
    with np.errstate(invalid="ignore", divide="ignore"):
        try:
            value = krippendorff.alpha(codes.T, level_of_measurement="nominal")
        except ValueError:
            return None
    return None if np.isnan(value) else float(value)


def pairs(codes: np.ndarray) -> list[list[tuple[float, float]]]:
    """Return, per unit with two codes or more, each pair of its codes."""
    known = [[code for code in unit if not math.isnan(code)] for unit in codes]
    return [list(itertools.combinations(unit, 2)) for unit in known if len(unit) > 1]


@pytest.mark.parametrize("name", IRRCAC)
def test_coefficients_are_those_of_irrcac(name: str) -> None:
    codes, percent, ac1, alpha = IRRCAC[name]
    found = figures(codes)
    assert found.percent.value == pytest.approx(percent, abs=1e-6)
    assert found.ac1.value == pytest.approx(ac1, abs=1e-6)
    assert found.alpha.value == pytest.approx(alpha, abs=1e-6)
    counts = agreement.tally(codes)
    assert agreement.percent_agreement(counts) == pytest.approx(percent, abs=1e-9)
    assert agreement.gwet_ac1(counts) == pytest.approx(ac1, abs=1e-9)
    assert agreement.binary_alpha(counts) == pytest.approx(alpha, abs=1e-9)


def test_a_cross_table_by_hand() -> None:
    found = figures(crossed(20, 5, 10, 65))
    assert (found.n_units, found.positives, found.n_marked) == (100, (25, 30), 35)
    assert found.percent.value == 0.85
    assert found.positive.value == pytest.approx(2 * 20 / (25 + 30), abs=1e-6)
    ones, zeros = 55, 145
    assert found.alpha.value == pytest.approx(1 - 199 * 15 / (ones * zeros), abs=1e-6)
    chance = 2 * 0.275 * 0.725
    assert found.ac1.value == pytest.approx((0.85 - chance) / (1 - chance), abs=1e-6)


def test_three_coders_with_gaps_by_hand() -> None:
    codes = [[1, 1, 0], [1, None, 1], [0, 0, None], [0, 0, 0], [None, None, 1], [None, None, None]]
    found = figures(codes)
    assert (found.n_units, found.positives, found.n_marked) == (4, (2, 1, 1), 2)
    assert found.percent.value == pytest.approx((1 / 3 + 1 + 1 + 1) / 4, abs=1e-6)
    assert found.positive.value == pytest.approx(2 * 2 / (2 * 2 + 2), abs=1e-6)  # two pairs agree, two are split
    assert found.alpha.value == pytest.approx(1 - (10 - 1) * (2 * 1 / 2) / (4 * 6), abs=1e-6)
    share = (2 / 3 + 1 + 0 + 0 + 1) / 5  # the unit coded once tells how common the theme is
    chance = 2 * share * (1 - share)
    assert found.ac1.value == pytest.approx(((1 / 3 + 3) / 4 - chance) / (1 - chance), abs=1e-6)


@given(codings())
def test_alpha_in_closed_form_is_the_packages(data: tuple[np.ndarray, list[str]]) -> None:
    codes, _ = data
    expected = naive_alpha(codes)
    closed = float(agreement.binary_alpha(agreement.tally(codes)))
    assert (None if math.isnan(closed) else closed) == (None if expected is None else pytest.approx(expected))
    assert figures(codes).alpha.value == (None if expected is None else pytest.approx(expected, abs=1e-6))


def test_alpha_in_closed_form_is_the_packages_on_many_large_tables() -> None:
    for seed in range(200):
        codes = simulated(seed, 50 + seed, 2 + seed % 4, 0.02 + seed / 500, seed % 5 / 8, seed % 7 / 20)
        closed = float(agreement.binary_alpha(agreement.tally(codes)))
        assert closed == pytest.approx(naive_alpha(codes) or NAN, nan_ok=True)


@given(codings())
def test_agreement_is_what_counting_pairs_gives(data: tuple[np.ndarray, list[str]]) -> None:
    codes, _ = data
    per_unit = pairs(codes)
    all_pairs = [pair for unit in per_unit for pair in unit]
    found, marks = figures(codes), sum(a + b for a, b in all_pairs)
    alike = [sum(a == b for a, b in unit) / len(unit) for unit in per_unit]
    assert found.n_units == len(per_unit)
    assert found.percent.value == (pytest.approx(np.mean(alike), abs=1e-6) if alike else None)
    both = sum(a * b for a, b in all_pairs)
    assert found.positive.value == (pytest.approx(2 * both / marks, abs=1e-6) if marks else None)
    assert found.n_marked == sum(any(a or b for a, b in unit) for unit in per_unit)


@given(codings(), st.randoms())
def test_names_and_order_of_units_coders_and_voices_change_nothing(data, random) -> None:
    codes, voices = data
    before = figures(codes, voices)
    units, coders = list(range(len(codes))), list(range(codes.shape[1]))
    random.shuffle(units)
    random.shuffle(coders)
    names = dict(zip("abcdefg", random.sample(range(100), 7), strict=True))
    after = figures(codes[units][:, coders], [names[voices[i]] for i in units])
    assert after.positives == tuple(before.positives[i] for i in coders)
    assert dataclasses.replace(after, positives=before.positives) == before


@given(codings())
def test_calling_marks_no_marks_changes_no_coefficient_but_positive_agreement(data) -> None:
    codes, voices = data
    one, other = figures(codes, voices), figures(1 - codes, voices)
    for name in ("percent", "alpha", "ac1"):
        assert getattr(one, name).value == (
            None if getattr(other, name).value is None else pytest.approx(getattr(other, name).value, abs=2e-6)
        )


@given(codings())
def test_coefficients_keep_within_their_bounds_and_are_never_nan(data) -> None:
    codes, voices = data
    found = figures(codes, voices)
    assert "nan" not in repr(agreement.row(found))
    for estimate, least in ((found.percent, 0), (found.positive, 0), (found.alpha, -1), (found.ac1, -1)):
        numbers = [n for n in dataclasses.astuple(estimate) if n is not None]
        assert all(least <= n <= 1 for n in numbers)
        assert (estimate.low is None) == (estimate.high is None)
        assert estimate.low is None or (estimate.value is not None and estimate.low <= estimate.high)


@given(codings(least=1))
def test_perfect_agreement_is_1_and_alpha_undefined_only_if_all_is_the_same(data) -> None:
    codes, voices = data
    first = np.where(np.isnan(codes[:, 0]), 0, codes[:, 0])
    alike = np.where(np.isnan(codes), NAN, first[:, None])
    found = figures(alike, voices)
    assume(found.n_units)
    assert found.percent.value == found.ac1.value == 1
    twice_coded = first[(~np.isnan(codes)).sum(axis=1) > 1]
    assert found.alpha.value == (1 if len(set(twice_coded)) == 2 else None)
    assert found.positive.value == (1 if twice_coded.any() else None)


@given(codings())
def test_what_nobody_coded_and_who_coded_nothing_change_nothing(data) -> None:
    codes, voices = data
    before = figures(codes, voices)
    empty_units = np.vstack([codes, np.full((3, codes.shape[1]), NAN)])
    assert figures(empty_units, [*voices, "a", "new", "newer"]) == before
    absent = figures(np.column_stack([codes, np.full(len(codes), NAN)]), voices)
    assert dataclasses.replace(absent, positives=absent.positives[:-1]) == before


@given(codings(), st.lists(st.tuples(st.sampled_from([0.0, 1.0]), st.sampled_from("abxyz")), max_size=8))
def test_units_that_one_person_coded_only_tell_ac1_how_common_the_theme_is(data, single) -> None:
    codes, voices = data
    before = figures(codes, voices)
    rows = np.full((len(single), codes.shape[1]), NAN)
    rows[:, 0] = [code for code, _ in single]
    after = figures(np.vstack([codes, rows]), [*voices, *(voice for _, voice in single)])
    assert dataclasses.replace(after, ac1=before.ac1) == before


def test_voices_that_one_person_coded_are_in_ac1_and_in_its_interval() -> None:
    twice = crossed(40, 5, 5, 50)
    found, alone = figures([*twice, *[[0, NAN]] * 400], draws=500), figures(twice, draws=500)
    assert found.ac1.low < found.ac1.value < found.ac1.high
    assert found.ac1.low > alone.ac1.value
    assert found.alpha == alone.alpha


@given(codings())
def test_voices_are_drawn_so_a_voice_that_says_all_twice_adds_no_certainty(data) -> None:
    codes, voices = data
    once, twice = figures(codes, voices), figures(np.repeat(codes, 2, axis=0), np.repeat(voices, 2))
    assert (twice.percent, twice.positive, twice.ac1) == (once.percent, once.positive, once.ac1)
    assert twice.n_voices == once.n_voices


def test_intervals_are_those_of_drawing_whole_voices_and_asking_the_package() -> None:
    codes = simulated(5, 120, 3, 0.3, 0.2, 0.12)
    voices = np.arange(120) // 4
    codes[voices % 3 == 0] = codes[voices % 3 == 0][:1]  # some voices are alike within
    rng = np.random.default_rng(99)
    members = [np.flatnonzero(voices == voice) for voice in range(30)]
    drawn = [codes[np.concatenate([members[i] for i in rng.integers(30, size=30)])] for _ in range(1500)]
    expected = {
        "alpha": [naive_alpha(sample) for sample in drawn],
        "percent": [np.mean([np.mean([a == b for a, b in unit]) for unit in pairs(sample)]) for sample in drawn],
    }
    found = figures(codes, voices, draws=4000)
    for name, values in expected.items():
        low, high = np.quantile(np.array(values, dtype=float), [0.025, 0.975])
        assert getattr(found, name).low == pytest.approx(low, abs=0.02)
        assert getattr(found, name).high == pytest.approx(high, abs=0.02)


def test_an_interval_by_voice_is_wider_where_voices_are_alike_within() -> None:
    codes = np.repeat(simulated(8, 40, 2, 0.4, 0, 0.1), 6, axis=0)
    by_voice, by_unit = figures(codes, np.repeat(range(40), 6), draws=500), figures(codes, draws=500)
    assert by_voice.alpha.value == by_unit.alpha.value
    assert by_voice.alpha.high - by_voice.alpha.low > 1.8 * (by_unit.alpha.high - by_unit.alpha.low)


def test_intervals_cover_the_truth_about_as_often_as_they_say() -> None:
    truth = figures(simulated(0, 200_000, 2, 0.3, 0, 0.08), range(200_000), draws=2).alpha.value
    samples = [figures(simulated(seed, 200, 2, 0.3, 0, 0.08), draws=300, seed=seed) for seed in range(1, 301)]
    covered = sum(sample.alpha.low <= truth <= sample.alpha.high for sample in samples)
    assert 0.90 <= covered / 300 <= 0.98


def test_one_voice_gives_no_interval_and_no_verdict() -> None:
    found = figures(crossed(40, 0, 0, 40), ["only"] * 80)
    assert found.alpha == Estimate(1.0)
    assert found.verdict == agreement.INSUFFICIENT


def test_draws_without_both_kinds_of_code_give_no_interval() -> None:
    voices = ["one"] * 12 + [f"v{i}" for i in range(20)]  # every mark is by one voice, absent from a third of the draws
    found = figures(crossed(12, 0, 0, 20), voices, draws=400)
    assert found.alpha == found.positive == Estimate(1.0)
    assert found.percent == Estimate(1.0, 1.0, 1.0)
    assert found.verdict == agreement.INSUFFICIENT


@pytest.mark.parametrize(
    ("low", "expected"),
    [(1.0, "reliable"), (0.8, "reliable"), (0.799999, "tentative"), (0.667, "tentative"), (0.666999, "descriptive")],
)
def test_the_verdict_is_by_the_lower_bound(low: float, expected: str) -> None:
    assert agreement.verdict(Estimate(0.999, low, 1.0), 10) == expected
    assert agreement.verdict(Estimate(0.999, low, 1.0), 9) == "insufficient"


def test_a_verdict_needs_alpha_and_ten_units_that_someone_marked() -> None:
    assert figures(crossed(9, 0, 0, 90)).verdict == "insufficient"
    assert figures(crossed(10, 0, 0, 90), draws=1000).verdict == "reliable"
    assert figures(crossed(0, 5, 4, 90)).verdict == "insufficient"
    assert figures(crossed(0, 5, 5, 90)).verdict == "descriptive"
    everyone = figures(crossed(30, 0, 0, 0))
    assert (everyone.alpha, everyone.verdict) == (Estimate(None), "undefined")
    nobody = figures(crossed(0, 0, 0, 30))
    assert (nobody.alpha, nobody.positive, nobody.verdict) == (Estimate(None), Estimate(None), "insufficient")


def test_ac1_never_rescues() -> None:
    found = figures(crossed(118, 5, 2, 0), draws=500)
    assert found.ac1.low > 0.8
    assert found.verdict == "descriptive"


@pytest.mark.parametrize("codes", [np.zeros((0, 2)), np.zeros((4, 0)), [[1], [0]], [[NAN, NAN]], [[1, NAN], [NAN, 0]]])
def test_nothing_coded_twice_is_nothing_to_say(codes: object) -> None:
    found = figures(codes)
    assert (found.n_units, found.n_voices, found.n_marked, sum(found.positives)) == (0, 0, 0, 0)
    assert {found.percent, found.positive, found.alpha, found.ac1} == {Estimate(None)}
    assert found.verdict == "insufficient"


@pytest.mark.parametrize("codes", [[[1, 2]], [[0.5, 1]], [1, 0], [[[1, 0]]], [[1, math.inf]], [["x", ""]]])
def test_codes_that_are_no_codes_are_refused(codes: object) -> None:
    with pytest.raises(ValueError):
        figures(codes, ["v"])


@pytest.mark.parametrize("voices", [["a"], ["a", "b", "c"], ["a", None], [NAN, "a"]])
def test_every_unit_needs_a_voice(voices: list[object]) -> None:
    with pytest.raises(ValueError, match="voice"):
        figures([[1, 0], [1, 1]], voices)
    with pytest.raises(ValueError, match="voice"):
        agreement.validity([1, 0], [1, 1], voices)


def test_same_seed_same_figures_other_seed_other_interval() -> None:
    codes = simulated(4, 100, 3, 0.3, 0.1, 0.1)
    assert figures(codes) == figures(codes)
    assert figures(codes).alpha.value == figures(codes, seed=7).alpha.value
    assert figures(codes).alpha.low != figures(codes, seed=7).alpha.low


def test_a_thousand_draws_over_six_themes_take_less_than_five_seconds() -> None:
    themes = [simulated(seed, 300, 3, 0.2, 0.2, 0.1) for seed in range(6)]
    voices = [f"v{i // 2}" for i in range(300)]
    start = time.perf_counter()
    for codes in themes:
        agreement.reliability(codes, voices, draws=1000)
    assert time.perf_counter() - start < 5


def test_a_row_is_flat() -> None:
    row = agreement.row(figures([[1, 1], [0, 0], [0, 1]]))
    assert list(row)[:4] == ["n_units", "n_voices", "positives", "n_marked"]
    assert {"alpha", "alpha_low", "alpha_high", "ac1_low", "verdict"} <= set(row)
    assert row["positives"] == (1, 2)


@pytest.mark.parametrize(("share", "alpha", "units"), [(0.1, 0.8, 294), (0.5, 0.8, 103), (0.1, 0.667, 172)])
def test_units_to_double_code_are_those_of_the_design(share: float, alpha: float, units: int) -> None:
    assert agreement.units_to_double_code(share, alpha) == units
    assert agreement.units_to_double_code(1 - share, alpha) == units


@given(st.floats(0.01, 0.49), st.floats(0.0, 0.95), st.sampled_from([0.005, 0.01, 0.05, 0.1]))
def test_rarer_themes_higher_alpha_and_less_risk_take_more_units(share, alpha, significance) -> None:
    units = agreement.units_to_double_code(share, alpha, significance)
    assert units >= agreement.units_to_double_code(share + 0.01, alpha, significance)
    assert units <= agreement.units_to_double_code(share, alpha + 0.04, significance)
    assert units <= agreement.units_to_double_code(share, alpha, significance / 2)


@pytest.mark.parametrize(
    "values", [(0, 0.8), (1, 0.8), (-0.1, 0.8), (0.1, 1), (0.1, -0.1), (0.1, 0.8, 0), (0.1, 0.8, 0.5), (NAN, 0.8)]
)
def test_a_plan_without_sense_is_refused(values: tuple[float, ...]) -> None:
    with pytest.raises(ValueError):
        agreement.units_to_double_code(*values)


def compared(hits: int, false: int, missed: int, rest: int, **options: object) -> agreement.Validity:
    """Return the validity of a machine's codes from their cross table with people's."""
    machine = [1] * (hits + false) + [0] * (missed + rest)
    human = [1] * hits + [0] * false + [1] * missed + [0] * rest
    return agreement.validity(machine, human, range(len(human)), **{"draws": 100, **options})


def test_validity_by_hand() -> None:
    found = compared(12, 4, 8, 76)
    assert (found.n_units, found.n_voices, found.positives, found.assigned) == (100, 100, 20, 16)
    assert (found.precision.value, found.recall.value) == (0.75, 0.6)
    assert found.f1.value == pytest.approx(2 * 0.75 * 0.6 / 1.35, abs=1e-6)
    for estimate in (found.precision, found.recall, found.f1):
        assert estimate.low < estimate.value < estimate.high


def test_validity_is_undefined_where_there_is_nothing_to_divide_by() -> None:
    silent = compared(0, 0, 20, 80)
    assert (silent.precision, silent.recall.value, silent.f1.value) == (Estimate(None), 0, 0)
    unfounded = compared(0, 20, 0, 80)
    assert (unfounded.precision.value, unfounded.recall, unfounded.f1.value) == (0, Estimate(None), 0)
    idle = compared(0, 0, 0, 100)
    assert {idle.precision, idle.recall, idle.f1} == {Estimate(None)}
    assert agreement.validity([], [], []).n_units == 0
    perfect = compared(20, 0, 0, 80, draws=1000)
    assert perfect.precision == perfect.recall == perfect.f1 == Estimate(1.0, 1.0, 1.0)
    assert agreement.validity([1, 0], [1, 1], ["a", "a"]).f1 == Estimate(0.666667)


def test_units_without_a_pair_of_codes_are_left_out_of_validity() -> None:
    left = agreement.validity([1, 0, None, 1, NAN], [1, 1, 1, None, 0], list("abcde"))
    assert left == agreement.validity([1, 0], [1, 1], list("ab"))


@given(codings(), st.randoms())
def test_order_and_names_change_no_validity(data, random) -> None:
    codes, voices = data
    weights = np.array([0.1, 0.7, 1.3])[np.arange(len(codes)) % 3]
    order = list(range(len(codes)))
    random.shuffle(order)
    before = agreement.validity(codes[:, 0], codes[:, 1], voices, weights=weights, draws=60)
    names = dict(zip("abcdefg", random.sample(range(100), 7), strict=True))
    renamed = [names[voices[i]] for i in order]
    after = agreement.validity(codes[order, 0], codes[order, 1], renamed, weights=weights[order], draws=60)
    assert after == before
    assert "nan" not in repr(agreement.row(after))


def test_a_weight_stands_for_so_many_units_and_its_scale_is_of_no_account() -> None:
    codes, voices = simulated(6, 60, 2, 0.4, 0.1, 0.2), [f"v{i // 3}" for i in range(60)]
    weights = np.arange(60) % 3 + 1
    weighted = agreement.validity(*codes.T, voices, weights=weights)
    repeated = agreement.validity(*np.repeat(codes, weights, axis=0).T, np.repeat(voices, weights))
    scaled = agreement.validity(*codes.T, voices, weights=weights / 8)
    for name in ("precision", "recall", "f1"):
        assert getattr(weighted, name) == getattr(repeated, name) == getattr(scaled, name)
    assert weighted.n_units < repeated.n_units


def test_weights_undo_a_sample_that_favours_what_the_machine_assigned() -> None:
    rng = np.random.default_rng(3)
    human = rng.random(40_000) < 0.1
    machine = np.where(human, rng.random(40_000) < 0.6, rng.random(40_000) < 0.05)
    chance = np.where(machine, 0.5, 0.05)
    drawn = rng.random(40_000) < chance
    sample = (machine[drawn], human[drawn], np.arange(drawn.sum()))
    truth = (machine & human).sum() / human.sum()
    assert agreement.validity(*sample, draws=2).recall.value > truth + 0.2
    weighted = agreement.validity(*sample, weights=1 / chance[drawn])
    assert weighted.recall.value == pytest.approx(truth, abs=0.05)
    assert weighted.recall.low < truth < weighted.recall.high


@pytest.mark.parametrize("weights", [[1], [1, 0], [1, -1], [1, NAN], [1, math.inf], [[1, 1]]])
def test_weights_that_weigh_nothing_are_refused(weights: object) -> None:
    with pytest.raises(ValueError, match="weights"):
        agreement.validity([1, 0], [1, 1], ["a", "b"], weights=weights)
