"""Actions: what recommendations ask for, as short statements, each with the units that back it.

For a theme of the shipped codebook the statements and their cues are data (`<language>.toml` beside this module). For
any other theme the codebook's own `include` lines are the statements, as they stand, and a unit backs a line with which
it shares its words. Nothing here is generated: a statement is one that a person wrote.

What it finds it finds by words, so it misses advice in other words, and a unit that merely mentions an action may be
taken for one that recommends it; `tests/cases/actions.jsonl` measures both.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Any

from pipeline.actions import cues
from pipeline.languages import lexicon
from pipeline.study import Codebook, Theme
from pipeline.wording import fold, words

OTHER = "other"
_STEM = 5  # letters by which words of include lines are compared, so that endings don't count
_SHARED = 2  # words a unit shares with an include line that it backs


@dataclass(frozen=True)
class Action:
    """An action of a theme: its statement and its infinitive by language, and what recommends it."""

    id: str
    theme: str
    do: Mapping[str, str]
    to: Mapping[str, str]
    cues: Mapping[str, tuple[cues.Cue, ...]] = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class Unit:
    """An eligible unit as it is matched: `codes` are theme ids or `other`, `voice` is who speaks."""

    id: str
    text: str
    language: str
    codes: tuple[str, ...]
    voice: str = ""


def build(codebook: Codebook, units: Iterable[Unit]) -> dict[str, dict[str, Any]]:
    """Return by theme id its actions with the units that back each.

    Returns:
        `framed`: whether the statements are the shipped ones (else the codebook's include lines);
        `actions`: `id`, `do` and `to` by language, `units` (ids, sorted), `n_units`, `n_voices`, `against` (ids of
        units that argue against it, under the theme or under none);
        `n_unmatched`: units of the theme that back no action.
    """
    known = [(unit, cues.clauses(unit.text)) for unit in sorted(units, key=lambda unit: unit.id)]
    found: dict[str, dict[str, Any]] = {}
    for theme in codebook.themes:
        framed = is_framed(theme)
        actions = frames(theme.id) if framed else include_lines(theme)
        near = [(u, folded) for u, folded in known if theme.id in u.codes or u.codes in ((OTHER,), ())]
        rows = [_backed(action, near, framed) for action in actions]
        backing = {unit for row in rows for unit in row["units"]}
        of_theme = [u.id for u, _ in near if theme.id in u.codes]
        found[theme.id] = {
            "framed": framed,
            "actions": rows,
            "n_unmatched": sum(unit not in backing for unit in of_theme),
        }
    return found


def match(text: str, language: str, themes: Sequence[str]) -> dict[str, bool]:
    """Return the ids of shipped actions that a unit with these codes speaks of, and whether it recommends them.

    Actions of a theme that the unit isn't coded with are only found where it argues against them and has no theme.
    """
    folded, found = cues.clauses(text), {}
    for theme in framed_themes():
        for action in frames(theme):
            says = cues.stance(folded, action.cues.get(language, ()), _negation(language))
            if says is not None and (theme in themes or (says is False and set(themes) <= {OTHER})):
                found[action.id] = says
    return found


def is_framed(theme: Theme) -> bool:
    """Tell whether a theme is one of the shipped codebook's: the same id, and include lines that nobody has changed."""
    shipped = _shipped_includes().get(theme.id)
    return shipped is not None and shipped == theme.include


@cache
def framed_themes() -> tuple[str, ...]:
    """Return the ids of the themes that have shipped actions."""
    return tuple(key for key in _data("en") if key != "negation")


@cache
def frames(theme_id: str) -> tuple[Action, ...]:
    """Return the shipped actions of a theme, in the order of `en.toml`."""
    data = {language: _data(language).get(theme_id, {}) for language in available()}

    def by_language(key: str, part: str) -> dict[str, str]:
        return {code: of[key][part] for code, of in data.items() if part in of.get(key, {})}

    return tuple(
        Action(
            id=f"{theme_id}.{key}",
            theme=theme_id,
            do=by_language(key, "do"),
            to=by_language(key, "to"),
            cues={code: tuple(map(cues.compiled, of[key]["cues"])) for code, of in data.items() if key in of},
        )
        for key in data["en"]
    )


def texts() -> Iterator[str]:
    """Yield every statement that comes with the program, in all languages."""
    for theme_id in framed_themes():
        for action in frames(theme_id):
            yield from (*action.do.values(), *action.to.values())


def include_lines(theme: Theme) -> tuple[Action, ...]:
    """Return a theme's include lines as actions; a language whose list is of another length is left out."""
    length = len(next(iter(theme.include.values()), []))
    aligned = {code: lines for code, lines in theme.include.items() if len(lines) == length}
    return tuple(
        Action(id=f"{theme.id}.{i + 1}", theme=theme.id, do=lines, to=lines)
        for i, lines in enumerate({code: of[i] for code, of in aligned.items()} for i in range(length))
    )


@cache
def available() -> tuple[str, ...]:
    """Return the languages in which shipped actions are found."""
    files = (file.name for file in resources.files(__package__).iterdir())
    return tuple(sorted(name.removesuffix(".toml") for name in files if name.endswith(".toml")))


def _backed(action: Action, units: Sequence[tuple[Unit, str]], framed: bool) -> dict[str, Any]:
    says = {unit.id: _says(action, unit, folded, framed) for unit, folded in units}
    backing = [unit for unit, _ in units if says[unit.id] and action.theme in unit.codes]
    return {
        "id": action.id,
        "do": dict(action.do),
        "to": dict(action.to),
        "units": [unit.id for unit in backing],
        "n_units": len(backing),
        "n_voices": len({unit.voice for unit in backing}),
        "against": [unit.id for unit, _ in units if says[unit.id] is False],
    }


def _says(action: Action, unit: Unit, folded: str, framed: bool) -> bool | None:
    if framed:
        return cues.stance(folded, action.cues.get(unit.language, ()), _negation(unit.language))
    line = _stems(action.do.get(unit.language, ""), unit.language)
    return True if line and len(line & _stems(unit.text, unit.language)) >= min(_SHARED, len(line)) else None


def _stems(text: str, language: str) -> frozenset[str]:
    stop = lexicon(language).stop
    return frozenset(fold(word)[:_STEM] for word in words(text) if word not in stop and len(word) > 2)


@cache
def _negation(language: str) -> cues.Negation:
    return cues.negation(language, **_data(language).get("negation", {}))


@cache
def _data(language: str) -> Mapping[str, Any]:
    file = resources.files(__package__) / f"{language}.toml"
    return tomllib.loads(file.read_text(encoding="utf-8")) if language in available() else {}


@cache
def _shipped_includes() -> Mapping[str, Mapping[str, list[str]]]:
    file = resources.files("pipeline") / "templates" / "codebook.toml"
    themes = tomllib.loads(file.read_text(encoding="utf-8"))["themes"]
    return {theme["id"]: theme["include"] for theme in themes}
