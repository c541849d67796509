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

from pipeline import cli, languages, readers, schemas
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
    fast, figures = both["fast"], both["accurate"]
    head, themes = figures["recommendation"], figures["themes"]
    alone = themes["codebook_alone"]
    yield _recommends("recommends something", head)
    mean, interval = themes["macro_f1"], _range(themes["macro_f1_interval"])
    yield f"| **themes, mean** | {themes['n']} | – | – | {mean:.3f} | {interval} |"
    for theme, f1 in themes["f1"].items():
        positives, precision = themes["positives"][theme], themes["precision"][theme]
        yield f"| {theme} | {themes['n']} | {positives} | {precision:.3f} | {f1:.3f} | – |"
    yield _recommends("recommends something, `fast`", fast["recommendation"])
    quick, span = fast["themes"], _range(fast["themes"]["macro_f1_interval"])
    yield f"| themes, mean, `fast` | {quick['n']} | – | – | {quick['macro_f1']:.3f} | {span} |"
    yield (
        f"| themes, mean, taught by the codebook alone | {alone['n']} | – | – | "
        f"{alone['macro_f1']:.3f} | {_range(alone['macro_f1_interval'])} |"
    )
    yield f"- F1 by language: recommends something {_listed(head['f1_by_language'])}."
    yield f"- F1 by language: themes, mean {_listed(themes['macro_f1_by_language'])}."
    yield (
        f"- Of the themes that those who wrote these sentences assigned there, the coder assigns "
        f"{themes['found_share']} of 100; of those it assigns, {themes['right_share']} of 100 are right."
    )
    yield (
        f"- Trained on {head['trained_on']:,} sentences (themes: {themes['trained_on']:,}) by {head['hands_trained']} "
        f"hands, measured on another, `{head['held_out']}`. "
        f"Intervals: bootstrap over passages, {head['draws']:,} draws."
    )


def _recommends(name: str, head: dict[str, Any]) -> str:
    return (
        f"| {name} | {head['n']} | {head['positives']} | {head['precision']:.3f} | "
        f"{head['f1']:.3f} | {_range(head['f1_interval'])} |"
    )


def _range(interval: list[float]) -> str:
    return f"{interval[0]:.3f}–{interval[1]:.3f}"


def _listed(by_language: dict[str, float]) -> str:
    return ", ".join(f"{code} {f1:.3f}" for code, f1 in by_language.items())


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
def test_every_section_of_free_text_stands_in_readme(section: str) -> None:
    assert f"`[{section}]`" in README


def test_settings_in_readme_exist() -> None:
    named = set(re.findall(rf"`((?:{'|'.join(SECTIONS)})\.[a-z_]+)\b[^`(]*`", README))
    known = {
        *KEYS,
        "study.toml",
        *(f"{table}.{column}" for table, t in schemas.TABLES.items() for column in (*t.columns, "parquet")),
    }
    assert named <= known


@pytest.mark.parametrize("word", [*(f"`{s}`" for s in readers.READERS), *(f"`{r}`" for r in schemas.REJECT_REASONS)])
def test_every_format_and_reason_stands_in_readme(word: str) -> None:
    assert word in README


@pytest.mark.parametrize("word", [*schemas.ROLES, *(stage.name for stage in STAGES)])
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
