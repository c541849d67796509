"""The command line `glosa`: the only place that prints, and the only one that sets an exit code.

`code` holds the commands with which people code, `leaving` those that remove something, `options` what several take.
"""

from __future__ import annotations

import json
import sys
from importlib import resources
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from pipeline import __version__
from pipeline.cli import code, leaving
from pipeline.cli.faults import crash
from pipeline.cli.options import StudyOption
from pipeline.columns import DUPLICATE_KINDS
from pipeline.errors import GlosaError
from pipeline.stages import STAGES
from pipeline.study import Study, load

app = typer.Typer(
    name="glosa",
    no_args_is_help=False,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="Content analysis of multilingual commentary: from captures to a theme report, on this machine alone.",
)
app.add_typer(code.app)
_STAGE_NAMES = ", ".join(stage.name for stage in STAGES)


def main() -> None:
    """Run the command line; bad input exits with 2 and a short letter, never with a traceback."""
    try:
        app()
    except GlosaError as error:
        _fail(error)


@app.callback(invoke_without_command=True)
def root(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version and stop.")] = False,
) -> None:
    """Say what to do next, where no command is given."""
    if version:
        typer.echo(f"glosa {__version__}")
        raise typer.Exit
    if context.invoked_subcommand is None:
        typer.echo(_advice(Path.cwd()))


@app.command()
def run(
    study: StudyOption = Path(),
    until: Annotated[str | None, typer.Option(help=f"Stop after this stage: {_STAGE_NAMES}.")] = None,
    force: Annotated[str | None, typer.Option(help="Run this stage even if nothing changed.")] = None,
) -> None:
    """Run the stages that are stale: captures in, theme report out."""
    from pipeline import run as runner

    loaded = load(study)
    for name in (until, force):
        runner.index(name) if name else None
    try:
        outcome = runner.run(loaded, until, force)
    except runner.StageError as error:
        crash(error)
    if not outcome.ran:
        typer.echo(f"Nothing changed, so nothing ran.\n{_where(loaded)}")
    elif "publish" in {*outcome.ran, *outcome.unchanged}:
        _echo_rejects(loaded)
        typer.echo(_where(loaded))


@app.command()
def status(study: StudyOption = Path()) -> None:
    """Say which stages are up to date, and how many rows each table has."""
    from pipeline import manifest
    from pipeline import run as runner

    loaded = load(study)
    stale = set(runner.stale(loaded))
    outputs = manifest.read(loaded).get("outputs", {})
    typer.echo(f"{loaded.settings.study.title} ({loaded.root}), {len(loaded.captures())} captures")
    for stage in STAGES:
        rows = [
            f"{Path(name).stem} {outputs[name]['rows']:,}" for name in stage.writes if "rows" in outputs.get(name, {})
        ]
        mark = "to run" if stage.name in stale else "up to date"
        typer.echo(f"  {stage.name:12s} {mark:11s} {', '.join(rows)}")


@app.command()
def check(study: StudyOption = Path()) -> None:
    """Check the laws that the tables obey: sums, spans, codes, hashes. Exit code 1 where one is broken."""
    from pipeline import check as laws

    found = list(laws.problems(load(study)))
    for problem in found[:50]:
        typer.echo(problem)
    if found:
        typer.echo(f"{len(found)} problems.")
        raise typer.Exit(1)
    typer.echo("All laws hold: sums agree, every span is its slice of the source, every eligible unit is decided.")


@app.command()
def sources(study: StudyOption = Path()) -> None:
    """Say what each capture was read as: passages, languages, voices, columns taken, and what was not used."""
    from pipeline import sources as inventory

    for line in inventory.lines(load(study)):
        typer.echo(line)


@app.command()
def trace(
    unit_id: Annotated[str, typer.Argument(help="Id of a unit, as in the report.")],
    study: StudyOption = Path(),
) -> None:
    """Follow a unit back to its place in a capture, and on to its codes."""
    from pipeline import trace as tracer

    for what, value in tracer.lines(load(study), unit_id):
        typer.echo(f"{what:>10s}  {value}")


@app.command()
def explain(
    unit_id: Annotated[str, typer.Argument(help="Id of a unit, as in the report.")],
    study: StudyOption = Path(),
    as_json: Annotated[bool, typer.Option("--json", help="Print the same as JSON.")] = False,
) -> None:
    """Say why the coder decided so about a unit: scores, the words that weigh, and the nearest coded examples."""
    from dataclasses import asdict

    from pipeline import explanation

    found = explanation.explain(load(study), unit_id)
    if as_json:
        typer.echo(json.dumps(asdict(found), ensure_ascii=False, indent=2))
        return
    shown = list(explanation.lines(found))
    width = max(len(what) for what, _ in shown)
    for what, value in shown:
        typer.echo(f"{what:>{width}s}  {value}")


@app.command()
def voices(study: StudyOption = Path()) -> None:
    """Print pseudonyms with the names behind them, for whoever has the key. Nothing is written."""
    from pipeline import voices as people

    for voice, passages, names in people.lines(load(study)):
        typer.echo(f"{voice}  {passages:4d}  {names}")


@app.command()
def topics(
    study: StudyOption = Path(),
    language: Annotated[
        str, typer.Option(help="Code of the language whose words come first.", show_default="the study's first")
    ] = "",
    units: Annotated[int, typer.Option(min=0, help="How many central units to show, per topic and language.")] = 0,
    candidates: Annotated[
        bool,
        typer.Option(
            "--candidates",
            help="Print the topics outside the codebook as a draft for codebook.toml, with --units as examples.",
        ),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print everything as JSON.")] = False,
) -> None:
    """Show the topics: how much they cover, families, keywords, size, stability, main theme, leakage."""
    from rich.console import Console

    from pipeline import topic_tree

    loaded = load(study)
    found = topic_tree.load(loaded, language, units)
    if candidates or as_json:
        typer.echo((topic_tree.candidates(loaded, found) if candidates else topic_tree.as_json(found)).rstrip("\n"))
        return
    Console().print(topic_tree.tree(loaded, found))


@app.command()
def search(
    query: Annotated[str, typer.Argument(help="A few words or a sentence, in any language.")],
    study: StudyOption = Path(),
    theme: Annotated[list[str] | None, typer.Option(help="Only of this theme; repeat it for several.")] = None,
    language: Annotated[list[str] | None, typer.Option(help="Only in this language; repeat it for several.")] = None,
    role: Annotated[str | None, typer.Option(help="Only comments, or only tips: comment, tip.")] = None,
    limit: Annotated[int, typer.Option("--limit", "-n", help="How many units to show at most.")] = 10,
    all_units: Annotated[bool, typer.Option("--all-units", help="Sentences that recommend nothing as well.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the same as JSON.")] = False,
) -> None:
    """Find sentences by meaning, whatever language they are in."""
    from dataclasses import asdict

    from pipeline import search as searching

    wanted = searching.Wanted(tuple(theme or ()), tuple(language or ()), role, all_units)
    found = searching.search(load(study), query, wanted, limit)
    if as_json:
        typer.echo(json.dumps(asdict(found), ensure_ascii=False, indent=2))
        return
    for line in searching.lines(found):
        typer.echo(line)


@app.command()
def duplicates(
    study: StudyOption = Path(),
    kind: Annotated[str | None, typer.Option(help=f"Only one kind: {', '.join(DUPLICATE_KINDS)}.")] = None,
    limit: Annotated[int, typer.Option(help="How many repetitions to print.")] = 40,
    sheet: Annotated[
        bool, typer.Option("--sheet", help="Write data/audit/duplicates.csv for verdicts: same or different.")
    ] = False,
) -> None:
    """Show repetitions side by side with the differing words marked, for a human audit that the next run obeys."""
    from pipeline import comparison

    loaded = load(study)
    if kind and kind not in DUPLICATE_KINDS:
        raise GlosaError(
            f"--kind {kind}", "there is no such kind.", f"one of {', '.join(DUPLICATE_KINDS)}.", "Name one of these."
        )
    if sheet:
        rows = comparison.write_sheet(loaded)
        typer.echo(
            f"{rows} pairs are in {loaded.audit_file}\nFill in the column verdict (same, different), then: glosa run"
        )
        return
    for line in comparison.lines(loaded, kind, limit):
        typer.echo(line)


@app.command()
def init(
    directory: Annotated[Path, typer.Argument(help="Folder of the new study; it may exist but hold no study yet.")],
) -> None:
    """Make a new study: commented study.toml and codebook.toml, and the folders."""
    target = directory.resolve()
    for name in ("study.toml", "codebook.toml"):
        if (target / name).exists():
            raise GlosaError(target / name, "it exists already.", "a folder without a study.", "Name another folder.")
    for folder in ("data/raw", "data/coded", "data/processed", "reports", "notebooks"):
        (target / folder).mkdir(parents=True, exist_ok=True)
    templates = resources.files("pipeline") / "templates"
    for name, template in (
        ("study.toml", "study.toml"),
        ("codebook.toml", "codebook.toml"),
        (".gitignore", "gitignore"),
    ):
        if not (target / name).exists():
            (target / name).write_text((templates / template).read_text(encoding="utf-8"), encoding="utf-8")
    typer.echo(
        f"A new study is in {target}\nPut captures into {target / 'data' / 'raw'}, then: glosa run --study {directory}"
    )


app.command()(leaving.forget)
app.command()(leaving.purge)


def _advice(folder: Path) -> str:
    """Return what to do next in this folder."""
    if not (folder / "study.toml").is_file():
        return "This folder is no study. Make one:  glosa init my-study\nAll commands:  glosa --help"
    study = load(folder)
    if not study.captures():
        return f"Put captured pages, exports or documents into {study.raw}, then:  glosa run"
    if not (study.restricted / "theme_report.html").is_file():
        return f"{len(study.captures())} captures are ready. Next:  glosa run"
    return f"{_where(study)}\nAfter a change:  glosa run     What is stale:  glosa status"


def _where(study: Study) -> str:
    """Return where the report is, in both editions."""
    restricted, public = (folder / "theme_report.html" for folder in (study.restricted, study.public))
    return f"The report for the team is {restricted}\nThe public one is {public}"


def _echo_rejects(study: Study) -> None:
    from pipeline.store import read_table

    rejects = read_table(study.processed / "rejects.parquet", "rejects")
    files = rejects[rejects["locator"] == "file"]
    for row in files.itertuples():
        typer.echo(f"Not used: {row.file} ({row.reason}: {row.detail})", err=True)


def _fail(error: GlosaError) -> NoReturn:
    typer.echo(error.letter(), err=True)
    sys.exit(2)
