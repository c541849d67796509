"""README says what is there: every command, setting, table, format and measured figure, and names no missing file."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from pydantic import BaseModel

from pipeline import cli, columns, languages, readers, schemas
from pipeline.declared import Declared
from pipeline.report.strings import available, catalogue
from pipeline.stages import STAGES
from pipeline.study import Settings

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
HEADS = ROOT / "pipeline" / "engines" / "heads"
PROGRAM = typer.main.get_command(cli.app)
COMMANDS = PROGRAM.commands
PARAMETERS = [
    pytest.param(name, parameter, id=f"{name or 'glosa'}-{parameter.name}")
    for name, command in {"": PROGRAM, **COMMANDS}.items()
    for parameter in command.params
    if parameter.name != "help"
]
SECTIONS = {
    name: field.annotation
    for name, field in Settings.model_fields.items()
    if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel)
    if not issubclass(field.annotation, Declared)
}
KEYS = [f"{section}.{key}" for section, model in SECTIONS.items() for key in model.model_fields]
LINKS = re.findall(r"\]\(([^)\s]+)\)", README) + re.findall(r'(?:src|href)="([^"]+)"', README)


def row_of(cell: str) -> list[str]:
    """Return the cells of README's table row that begins with `cell`."""
    rows = [line for line in README.splitlines() if line.startswith(f"| {cell}")]
    assert len(rows) == 1, f"README needs one table row that begins with {cell!r}; it has {len(rows)}."
    return [cell.strip() for cell in rows[0].strip().strip("|").split(" | ")]


def toml(value: Any) -> str:
    """Return a default as it is written in study.toml."""
    return json.dumps(list(value) if isinstance(value, tuple) else value, ensure_ascii=False)


def table_row(name: str) -> str:
    """Return README's line about a table."""
    table = schemas.TABLES[name]
    key = ", ".join(f"`{column}`" for column in table.key)
    further = ", ".join(f"`{column}`" for column in table.columns if column not in table.key)
    return f"| `{name}.parquet` | {table.row} | {key} | {further} |"


def figure_lines() -> Iterator[str]:
    """Yield README's lines about the shipped heads' figures."""
    both = json.loads((HEADS / "figures.json").read_text(encoding="utf-8"))
    yield from theme_lines(both["accurate"], both["fast"])
    yield from language_lines(both["accurate"], both["fast"])
    yield from coverage_lines(both["accurate"]["themes"], both["fast"]["themes"])
    yield from curve_lines(both["accurate"]["learning_curve"])
    yield from gain_lines(json.loads((HEADS / "learning.json").read_text(encoding="utf-8")))
    yield from sentences(both["accurate"], both["fast"])


def theme_lines(accurate: dict[str, Any], fast: dict[str, Any]) -> Iterator[str]:
    """Yield the rows of what is found, how surely, and how far it agrees with the settled codes."""
    for name, profile in (("", accurate), (", `fast`", fast)):
        head, themes = profile["recommendation"], profile["themes"]
        yield (
            f"| recommends something{name} | {head['n']} | {head['positives']} | {head['precision']:.3f} | "
            f"{head['recall']:.3f} | {_with(head['f1'], head['f1_interval'])} | {_alpha(head['alpha'])} | "
            f"{head['calibration_error']:.3f} |"
        )
        mean = _with(themes["macro_f1"], themes["macro_f1_interval"])
        yield f"| themes, mean{name} | {themes['n']} | – | – | – | {mean} | – | {themes['calibration_error']:.3f} |"
        for theme in themes["f1"] if profile is accurate else ():
            of = {key: themes[key][theme] for key in ("positives", "precision", "recall", "f1", "f1_interval", "alpha")}
            yield (
                f"| {theme} | {themes['n']} | {of['positives']} | {of['precision']:.3f} | {of['recall']:.3f} | "
                f"{_with(of['f1'], of['f1_interval'])} | {_alpha(of['alpha'])} | "
                f"{themes['calibration_error_by_theme'][theme]:.3f} |"
            )
    for name, profile in (("", accurate), (", `fast`", fast)):
        alone = profile["themes"]["codebook_alone"]
        yield (
            f"| themes, mean, taught by the codebook alone{name} | {alone['n']} | – | – | – | "
            f"{_with(alone['macro_f1'], alone['macro_f1_interval'])} | – | {alone['calibration_error']:.3f} |"
        )


def language_lines(accurate: dict[str, Any], fast: dict[str, Any]) -> Iterator[str]:
    """Yield the rows by language."""
    for code, own in accurate["recommendation"]["by_language"].items():
        themes = accurate["themes"]["by_language"][code]
        quick = [fast[part]["by_language"][code]["f1"] for part in ("recommendation", "themes")]
        yield (
            f"| {code} | {own['n']} | {_with(own['f1'], own['interval'])} | {quick[0]:.3f} | "
            f"{themes['n']} | {_with(themes['f1'], themes['interval'])} | {quick[1]:.3f} |"
        )


def coverage_lines(accurate: dict[str, Any], fast: dict[str, Any]) -> Iterator[str]:
    """Yield the rows of the risk–coverage curve, and what ships."""
    for own, quick in zip(accurate["abstention"]["curve"], fast["abstention"]["curve"], strict=True):
        yield (
            f"| {own['coverage']:.0%} | {own['assigned']} | {_with(own['precision'], own['interval'])} | "
            f"{own['recall']:.3f} | {_with(quick['precision'], quick['interval'])} | {quick['recall']:.3f} |"
        ).replace("%", " %", 1)
    for name, of in (("", accurate["abstention"]), (" `fast`:", fast["abstention"])):
        yield (
            f"- As it ships (margin {of['margin']}):{name} {of['assigned']} labels assigned, {of['abstained']} "
            f"abstained; precision {of['precision']:.3f}, recall {of['recall']:.3f}, mean F1 {of['macro_f1']:.3f} "
            f"with what is abstained counted as not assigned."
        )
        yield (
            f"- Dropping the least certain fifth of the labels lifts precision{name.rstrip(':')} by "
            f"{_with(of['lift'], of['lift_interval'])}; where near misses count among what is dropped, by "
            f"{_with(of['lift_with_near'], of['lift_with_near_interval'])}."
        )


def curve_lines(curve: list[dict[str, Any]]) -> Iterator[str]:
    """Yield the rows of the learning curve."""
    for of in curve:
        yield (
            f"| {of['sentences']:,} | {of['recommendations']:,} | {of['hands']} | {of['validation_macro_f1']:.3f} | "
            f"{of['validation_recommendation_f1']:.3f} | {_with(of['macro_f1'], of['macro_f1_interval'])} | "
            f"{_with(of['recommendation_f1'], of['recommendation_f1_interval'])} |"
        )


def gain_lines(rows: list[dict[str, Any]]) -> Iterator[str]:
    """Yield the rows of what people's codes teach in a study that trained nothing."""
    for of in rows:
        yield (
            f"| {of['study']} | {of['coder']} | {of['coded']} | {of['rest']} | {of['before']:.3f} | "
            f"{of['after']:.3f} | "
            f"{of['gain']:+.3f} ({of['interval'][0]:+.3f} to {of['interval'][1]:+.3f}) |"
        )


def sentences(accurate: dict[str, Any], fast: dict[str, Any]) -> Iterator[str]:
    """Yield what is said in words."""
    head, themes = accurate["recommendation"], accurate["themes"]
    yield (
        f"- Of the themes that the settled codes hold there, the coder finds "
        f"{themes['found_share']} of 100; of those it assigns, {themes['right_share']} of 100 are right."
    )
    yield (
        f"- Trained on {head['trained_on']:,} sentences (themes: {themes['trained_on']:,}) by {head['hands_trained']} "
        f"hands; calibration, thresholds and margin chosen on `{head['validation']}`; measured on `{head['held_out']}`."
        f" Intervals: bootstrap over passages, {head['draws']:,} draws."
    )
    chance = themes["calibration_error_by_chance"].values()
    yield (
        f"- With so few sentences a perfectly calibrated coder would show a calibration error of {min(chance):.3f} to "
        f"{max(chance):.3f} per theme."
    )
    slow, quick = accurate["speed"], fast["speed"]
    yield (
        f"- Sentences per second on {slow['cores']} cores, encoding included, best of {slow['runs']} runs beside other "
        f"work: {slow['units_per_second']:,} (`accurate`), {quick['units_per_second']:,} (`fast`)."
    )


def _with(value: float, interval: list[float]) -> str:
    return f"{value:.3f} ({interval[0]:.3f}–{interval[1]:.3f})"


def _alpha(of: dict[str, float]) -> str:
    return _with(of["value"], [of["low"], of["high"]])


def test_every_command_has_help_and_stands_in_readme() -> None:
    assert PROGRAM.help
    for name, command in COMMANDS.items():
        assert command.help, f"glosa {name} has no help text."
        row_of(f"`glosa {name}")


@pytest.mark.parametrize(("command", "parameter"), PARAMETERS)
def test_every_option_and_argument_has_help_and_stands_in_readme(command: str, parameter: Any) -> None:
    assert parameter.help, f"{parameter.name} of glosa {command} has no help text."
    if parameter.param_type_name == "argument":
        assert parameter.name.upper() in row_of(f"`glosa {command}")[0]
        return
    assert parameter.opts
    everywhere = sum(parameter.name == p.name for c in COMMANDS.values() for p in c.params) > 1
    place = README if everywhere or not command else " ".join(row_of(f"`glosa {command}"))
    for option in parameter.opts:
        assert re.search(rf"(?<![\w-]){option}(?![\w-])", place), f"{option} of glosa {command} is not in README."


def test_commands_in_readme_exist() -> None:
    named = set(re.findall(r"glosa ([a-z]+)\b(?=[^`\n]*[`\n])", "\n".join(re.findall(r"`glosa [^`]+`", README))))
    assert named <= set(COMMANDS)


@pytest.mark.parametrize("name", schemas.TABLES)
def test_every_table_stands_in_readme_as_declared(name: str) -> None:
    assert table_row(name) in README.splitlines(), f"README needs this line:\n{table_row(name)}"


@pytest.mark.parametrize("key", KEYS)
def test_every_setting_stands_in_readme_with_its_default(key: str) -> None:
    section, name = key.split(".")
    assert row_of(f"`{key}`")[1] == f"`{toml(SECTIONS[section].model_fields[name].default)}`"


@pytest.mark.parametrize("section", sorted(Settings.model_fields.keys() - SECTIONS.keys()))
def test_every_field_of_free_text_stands_in_readme_in_order(section: str) -> None:
    fields = Settings.model_fields[section].annotation.model_fields
    assert row_of(f"`[{section}]`")[1] == ", ".join(f"`{field}`" for field in fields)


def test_every_field_of_free_text_stands_in_the_template_and_has_a_name() -> None:
    template = (ROOT / "pipeline" / "templates" / "study.toml").read_text(encoding="utf-8")
    for section in Settings.model_fields.keys() - SECTIONS.keys():
        part = template.split(f"\n[{section}]\n")[1].split("\n[")[0]
        for field in Settings.model_fields[section].annotation.model_fields:
            assert f"\n# {field} = " in f"\n{part}"
            assert all(field in catalogue(code)["fields"] for code in available())


def test_settings_in_readme_exist() -> None:
    named = set(re.findall(rf"`((?:{'|'.join(SECTIONS)})\.[a-z_]+)\b[^`(]*`", README))
    known = {
        *KEYS,
        "study.toml",
        *(f"{table}.{column}" for table, t in schemas.TABLES.items() for column in (*t.columns, "parquet")),
    }
    assert named <= known


@pytest.mark.parametrize("word", [*(f"`{s}`" for s in readers.READERS), *(f"`{r}`" for r in columns.REJECT_REASONS)])
def test_every_format_and_reason_stands_in_readme(word: str) -> None:
    assert word in README


@pytest.mark.parametrize("word", [*columns.ROLES, *(stage.name for stage in STAGES)])
def test_every_role_and_stage_stands_in_readme(word: str) -> None:
    assert f"`{word}`" in README


def test_every_language_with_word_lists_stands_in_readme() -> None:
    assert f"Languages with word lists: {', '.join(languages.available())}\n" in README


def test_every_make_target_in_readme_exists() -> None:
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert set(re.findall(r"\bmake ([a-z-]+)(?=`|\s+#)", README)) <= set(targets)


@pytest.mark.parametrize("link", sorted({link for link in LINKS if not re.match(r"[a-z]+:", link)}))
def test_links_and_pictures_exist(link: str) -> None:
    file, _, anchor = link.partition("#")
    assert (ROOT / file).exists(), f"README names {file}, which is missing."
    if anchor and not file:
        headings = re.findall(r"^#+ (.+)$", README, flags=re.MULTILINE)
        assert anchor in {re.sub(r"[^\w -]", "", h.lower()).replace(" ", "-") for h in headings}


def test_readme_quotes_the_measured_figures_and_no_other() -> None:
    section = README.split("\n## How good it is\n")[1].split("\n## ")[0]
    lines = list(figure_lines())
    for line in lines:
        assert line in section.splitlines(), f"README needs this line:\n{line}"
    quoted = set(re.findall(r"\b\d+\.\d+\b", section))
    assert quoted <= set(re.findall(r"\b\d+\.\d+\b", "\n".join(lines)))
