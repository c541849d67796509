"""What may be said of the numbers, and what must not: records made by rules, which the report puts into words.

A theme's grade follows the lower end of its reliability's interval (`agreement.verdict`); where nobody has coded it
twice, what is said of it is descriptive only. Of several themes the lowest grade counts. One share is called greater
than another only where both are corrected and their 95 % intervals don't overlap, a stricter rule than a test of the
difference (Schenker & Gentleman, The American Statistician 2001); otherwise the two can't be told apart, and nothing is
put in order. Those who dissent and those who recommend nothing are always counted.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import permutations
from typing import Any

Results = Mapping[str, Any]
Record = dict[str, Any]
Share = Mapping[str, Any]  # share, low, high

RELIABLE, TENTATIVE, DESCRIPTIVE, INSUFFICIENT = "reliable", "tentative", "descriptive", "insufficient"
_ORDER = (RELIABLE, TENTATIVE, DESCRIPTIVE, INSUFFICIENT)
MAX_PAIRS = 3
FEW_VOICES, DOMINANT = 30, 2 / 3


def find(found: Results) -> list[Record]:
    """Return the findings, none where nothing was coded.

    Each has `kind`, `grade`, `themes`, `values`, the `key` of its sentence and the `section` it is of.
    """
    if not found["corpus"]["n_eligible"]:
        return []
    findings = [_themes(found), *_comparison(found)]
    findings += list(_groups(found)) or list(_sensitivity(found))
    return [*findings, _minority(found), _coverage(found)]


def grades(found: Results) -> dict[str, str]:
    """Return what may be said of each theme."""
    rows = [row for row in found["people"]["reliability"] if row["group"] == "all"]
    measured = {row["theme_id"]: row["grade"] for row in rows}
    return {i: _grade(measured.get(i, DESCRIPTIVE)) for i in _ids(found)}


def apart(a: Share | None, b: Share | None) -> bool:
    """Say whether a's interval lies wholly above b's; never where either has none."""
    return bool(a and b and a["low"] is not None and b["high"] is not None and a["low"] > b["high"])


def _themes(found: Results) -> Record:
    """Every theme's counts, and, where people coded, its corrected share, in the codebook's order."""
    themes = [theme for theme in found["themes"] if theme["id"] != "other"]
    listed = [
        {
            "theme": theme["id"],
            "n_voices": theme["n_voices"],
            "n_units": theme["n_units"],
            **_interval(theme["corrected"]["units"]),
        }
        for theme in themes
    ]
    corpus, people = found["corpus"], found["people"]["n_gold"]
    values = {
        "list": listed, "base_voices": corpus["base_voices"], "base_units": corpus["n_eligible"], "n_gold": people,
    }  # fmt: skip
    return _record("themes", "themes" if people else "themes_raw", _ids(found), values, "prevalence", found)


def _comparison(found: Results) -> Iterator[Record]:
    """Which themes have more voices (or recommendations) than which, or that they can't be told apart."""
    if not found["people"]["n_gold"]:
        if len(_ids(found)) > 1:
            yield _record("comparison", "not_comparable", _ids(found), {}, "prevalence", found)
        return
    measure = _measure(found)
    shares = {theme["id"]: theme["corrected"][measure] for theme in found["themes"] if theme["id"] != "other"}
    known = {i: share for i, share in shares.items() if share["low"] is not None}
    if len(known) < 2:
        return
    pairs = _pairs(known)
    values = {"measure": measure, "n_pairs": len(pairs), "n_compared": len(known), "list": pairs[:MAX_PAIRS]}
    themes = [i for i in known if any(i in (p["a"], p["b"]) for p in pairs)] if pairs else list(known)
    yield _record("comparison", f"more_{measure}" if pairs else "alike", themes, values, "prevalence", found)


def _groups(found: Results) -> Iterator[Record]:
    """Themes that one language, role or source recommends more than another, or that groups can't be told apart."""
    compared, told = 0, []
    for group, levels in found["groups"].items():
        for theme in _ids(found):
            cells = {level["level"]: level["cells"][theme] for level in levels if level["cells"].get(theme)}
            known = {name: cell["corrected"]["units"] for name, cell in cells.items()}
            known = {name: share for name, share in known.items() if share["low"] is not None}
            compared += len(known) * (len(known) - 1) // 2
            told += [{"theme": theme, "group": group, **pair} for pair in _pairs(known)]
    if compared:
        shown = sorted(told, key=_gap)[:MAX_PAIRS]
        values = {"n_pairs": len(told), "n_compared": compared, "list": shown}
        themes = sorted({pair["theme"] for pair in shown}) or _ids(found)
        yield _record("groups", "groups_differ" if told else "groups_alike", themes, values, "groups", found)


def _sensitivity(found: Results) -> Iterator[Record]:
    """How far any theme's share moves under the other decisions that are shown."""
    moves = [
        (abs(cell["difference"]), theme, row["variation"], row["level"], cell["difference"])
        for row in found["sensitivity"]
        for theme, cell in (row["themes"] or {}).items()
        if theme != "other" and cell["difference"] is not None
    ]
    if moves and max(moves)[0] > 0:
        _, theme, variation, level, points = max(moves)
        values = {"variation": variation, "level": level, "points": round(points, 1)}
        values["n_variations"] = sum(
            not row["suppressed"] and row["variation"] != "main" for row in found["sensitivity"]
        )
        yield _record("sensitivity", "moves", [theme], values, "sensitivity", found)


def _minority(found: Results) -> Record:
    """Those who say that trust cannot be restored, and those who recommend nothing."""
    dissent = found["dissent"]
    values = {
        "n_passages": dissent["stances"]["not_restorable"]["n_passages"],
        "n_voices": dissent["stances"]["not_restorable"]["n_voices"],
        "base": dissent["base"]["n_passages"],
        "silent_voices": dissent["silent"]["n_voices"],
        "base_voices": dissent["n_voices"],
    }
    key = "dissent" if values["n_passages"] else "no_dissent"
    return _record("minority", key, [], values, "uncoded", found)


def _coverage(found: Results) -> Record:
    uncoded, base = found["uncoded"], found["corpus"]["n_eligible"]
    values = {"n_other": uncoded["n_other"], "n_abstained": uncoded["n_abstained"], "base": base}
    values["share"] = round((values["n_other"] + values["n_abstained"]) / base, 6)
    return _record("coverage", "coverage", [], values, "uncoded", found)


def cautions(found: Results) -> list[Record]:
    """Return what must not be concluded, from what the study lacks: `key` of the sentence and `values`."""
    return [{"key": key, "values": values} for key, values in _cautions(found)]


def _cautions(found: Results) -> Iterator[tuple[str, dict[str, Any]]]:
    corpus, people = found["corpus"], found["people"]
    coded = people["n_gold"] > 0
    yield ("frequent" if coded else "frequent_raw"), {}
    missing = [t["id"] for t in found["themes"] if t["id"] != "other" and t["corrected"]["units"]["low"] is None]
    if coded and missing:
        yield "not_estimable", {"themes": missing, "n_gold": people["n_gold"]}
    yield from _about_agreement(found)
    yield ("groups" if coded else "groups_raw"), {}
    if any(level["suppressed"] for level in found["groups"]["role"]):
        yield "roles", {}
    yield "population", {}
    if len(found["groups"]["source"]) == 1:
        yield "one_source", {}
    if corpus["base_voices"] < FEW_VOICES:
        yield "few_voices", {"n": corpus["base_voices"]}
    yield from _about_languages(found)
    if not found["dissent"]["stances"]["not_restorable"]["n_passages"]:
        yield "dissent", {}
    yield "effect", {}


def _about_agreement(found: Results) -> Iterator[tuple[str, dict[str, Any]]]:
    if not found["people"]["n_units"]:
        return
    if not found["people"]["reliability"]:
        yield "one_coder", {}
        return
    weak = [theme for theme, grade in grades(found).items() if grade in (DESCRIPTIVE, INSUFFICIENT)]
    if weak:
        yield "agreement", {"themes": weak}


def _about_languages(found: Results) -> Iterator[tuple[str, dict[str, Any]]]:
    shown = [row for row in found["languages"] if not row["suppressed"]]
    base = found["corpus"]["n_eligible"]
    largest = max(shown, key=lambda row: row["eligible"], default=None)
    if largest and base and largest["eligible"] > DOMINANT * base and len(found["languages"]) > 1:
        yield "one_language", {"language": largest["level"], "n": largest["eligible"], "base": base}
    checked = {row["level"] for row in found["people"]["validation"] if row["group"] == "language"}
    checked = checked or set(found["coder"]["themes"]["by_language"])
    unknown = sorted({row["level"] for row in found["languages"]} - checked)
    if unknown:
        yield "languages", {"languages": unknown}


def _pairs(shares: Mapping[str, Share]) -> list[dict[str, Any]]:
    """Return the pairs of which the first is greater, those farthest apart first."""
    pairs = [
        {"a": a, "b": b, "a_share": _interval(shares[a]), "b_share": _interval(shares[b])}
        for a, b in permutations(shares, 2)
        if apart(shares[a], shares[b])
    ]
    return sorted(pairs, key=_gap)


def _gap(pair: Mapping[str, Any]) -> tuple[float, str, str]:
    return round(pair["b_share"]["high"] - pair["a_share"]["low"], 6), pair["a"], pair["b"]


def _measure(found: Results) -> str:
    """Voices where their shares are corrected, else units."""
    shares = [theme["corrected"]["voices"]["low"] for theme in found["themes"] if theme["id"] != "other"]
    return "voices" if sum(low is not None for low in shares) > 1 else "units"


def _record(
    kind: str, key: str, themes: Sequence[str], values: Mapping[str, Any], section: str, found: Results
) -> Record:
    return {
        "kind": kind,
        "key": key,
        "grade": _lowest(grades(found)[theme] for theme in themes),
        "themes": list(themes),
        "values": dict(values),
        "section": section,
    }


def _lowest(given: Iterable[str]) -> str:
    """Return the lowest grade; of none, descriptive."""
    return max(given, key=_ORDER.index, default=DESCRIPTIVE)


def _grade(measured: str) -> str:
    """An undefined coefficient gives no ground to say more."""
    return measured if measured in _ORDER else INSUFFICIENT


def _interval(share: Share) -> dict[str, Any]:
    return {name: share[name] if share["low"] is not None else None for name in ("share", "low", "high")}


def _ids(found: Results) -> list[str]:
    return [theme["id"] for theme in found["themes"] if theme["id"] != "other"]
