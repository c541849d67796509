"""The command line `glosa`: the only place that prints, and the only one that sets an exit code."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from pipeline import __version__
from pipeline.errors import GlosaError
from pipeline.schemas import DUPLICATE_KINDS
from pipeline.stages import STAGES
from pipeline.study import Study, load

if TYPE_CHECKING:
    from pipeline.agreement import Estimate as Interval
    from pipeline.coded.drawing import Drawn

app = typer.Typer(
    name="glosa",
    no_args_is_help=False,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="Content analysis of multilingual commentary: from captures to a theme report, on this machine alone.",
)
code_app = typer.Typer(name="code", no_args_is_help=True, help="Have people code: draw units, write sheets, read them.")
app.add_typer(code_app)
_STAGE_NAMES = ", ".join(stage.name for stage in STAGES)

StudyOption = Annotated[
    Path, typer.Option("--study", help="Folder of the study (with study.toml).", show_default="this folder")
]

CoderOption = Annotated[
    list[str] | None, typer.Option("--coder", help="Name of a coder; repeat it for several.", show_default=False)
]
CodersOption = Annotated[
    int | None, typer.Option("--coders", help="How many coders, where they aren't named.", show_default="1")
]
RoundOption = Annotated[
    str | None, typer.Option("--round", help="Name of the round.", show_default="the next free one")
]


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
        _crash(error)
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


@code_app.command("sheet")
def code_sheet(
    study: StudyOption = Path(),
    units: Annotated[int | None, typer.Option("--units", help="How many units to draw.", show_default="150")] = None,
    coder: CoderOption = None,
    coders: CodersOption = None,
    round_name: RoundOption = None,
    negatives: Annotated[
        float | None,
        typer.Option(
            help="Share drawn from units that the machine takes for no recommendation.", show_default="one third"
        ),
    ] = None,
    again: Annotated[bool, typer.Option("--again", help="Draw from units of earlier rounds as well.")] = False,
    voices: Annotated[
        bool,
        typer.Option(
            "--voices", help="Draw whole voices, each with all of its units: the share of voices is corrected, too."
        ),
    ] = False,
) -> None:
    """Draw a sample; write a blind sheet per coder.

    The sample is a probability sample: it can validate the machine. A round that exists keeps its sample.
    """
    from pipeline.coded import drawing

    who = drawing.coders(coder or (), coders)
    _echo_drawn(drawing.sheet(load(study), who, units, round_name, negatives, again, voices))


@code_app.command("next")
def code_next(
    study: StudyOption = Path(),
    units: Annotated[int, typer.Option("--units", help="How many units to propose.")] = 30,
    coder: CoderOption = None,
    coders: CodersOption = None,
    round_name: RoundOption = None,
) -> None:
    """Propose the most informative units, on a sheet.

    They train the machine and never validate it.
    """
    from pipeline.coded import drawing

    who = drawing.coders(coder or (), coders)
    _echo_drawn(drawing.proposed(load(study), who, units, round_name))


@code_app.command("import")
def code_import(
    file: Annotated[Path, typer.Argument(help="A filled sheet: CSV or XLSX.")],
    study: StudyOption = Path(),
    coder: Annotated[
        str | None, typer.Option("--coder", help="Who coded it.", show_default="as the file's name says")
    ] = None,
    round_name: Annotated[
        str | None,
        typer.Option("--round", help="Which round it is of.", show_default="as the file's name or units say"),
    ] = None,
) -> None:
    """Read a filled sheet into data/coded.

    Where a cell is wrong, it says which one, and imports nothing.
    """
    from pipeline.coded import imports

    done = imports.import_sheet(load(study), file, coder, round_name)
    _echo_some(done.notes)
    left = f"; {len(done.missing):,} are not coded yet: {', '.join(done.missing[:5])}" if done.missing else ""
    typer.echo(
        f"{done.coded:,} units of {done.sheet.round} coded by {done.sheet.coder}{left}{'…' * (len(done.missing) > 5)}"
    )
    typer.echo(f"They are in {done.file}")


@code_app.command("ui")
def code_ui(
    sheet: Annotated[
        str, typer.Argument(help="Sheet to code, as round-1-ana; may be left out where there is but one.")
    ] = "",
    study: StudyOption = Path(),
    language: Annotated[str, typer.Option(help="Language of the page: en, es, pt.", show_default="the study's")] = "",
    port: Annotated[int, typer.Option(help="Port on this machine.", show_default="a free one")] = 0,
    browser: Annotated[bool, typer.Option(help="Open the page in the browser.")] = True,
) -> None:
    """Code a sheet in the browser, on this machine alone; every keystroke is saved at once."""
    from pipeline.coded import ui

    ui.run(load(study), sheet, say=typer.echo, language=language, port=port, browser=browser)


@code_app.command("plan")
def code_plan(study: StudyOption = Path()) -> None:
    """Say how many units two people should code."""
    from pipeline.coded import plan as planner

    found = planner.plan(load(study))
    heads = "".join(f"{f'alpha {alpha:.3f}':>13s}" for alpha in planner.ALPHAS)
    typer.echo(f"{'theme':20s}{'share':>7s}{heads}")
    for need in found.needs:
        cells = "".join(f"{'–' if n is None else format(n, ','):>13s}" for n in need.needed)
        typer.echo(f"{need.theme_id:20s}{need.share:7.3f}{cells}")
    for alpha, units in zip(planner.ALPHAS, found.sheets, strict=True):
        if units is not None:
            short = "" if units < found.units else "   (all there are; more would be needed)"
            typer.echo(f"For every theme at alpha {alpha:.3f}:  glosa code sheet --units {units} --coders 2{short}")
    typer.echo(
        f"Counted are units that are eligible for a theme ({found.eligible:,} here), by the machine's codes; a sheet "
        "has others as well. –: the machine finds the theme nowhere or everywhere."
    )


@code_app.command("agreement")
def code_agreement(study: StudyOption = Path()) -> None:
    """Measure how far people agree with one another, theme by theme, and the machine with people."""
    from pipeline.coded import comparison
    from pipeline.report import page

    found = comparison.compare(load(study))
    if not found.coders:
        typer.echo("Nobody has coded anything yet. Begin with:  glosa code sheet --coders 2")
        return
    if found.reliability:
        typer.echo(f"People with one another ({', '.join(found.coders)}); 95 % intervals by bootstrap over voices\n")
        typer.echo(f"{'':28s}{'units':>6s}{'marked':>7s}{'agree':>7s}  {'alpha':22s}{'AC1':22s}verdict")
        for cell, r in found.reliability.items():
            typer.echo(
                f"{_cell(cell):28s}{r.n_units:6d}{r.n_marked:7d}{page.figure(r.percent.value):>7s}  "
                f"{_interval(r.alpha):22s}{_interval(r.ac1):22s}{r.verdict}"
            )
    else:
        typer.echo("No two people have coded the same unit: agreement between people is not known.")
    if found.validity:
        typer.echo("\nThe machine against people, on the probability sample; weighted to the corpus\n")
        typer.echo(f"{'':28s}{'units':>6s}{'marked':>7s}  {'precision':22s}{'recall':22s}F1")
        for cell, v in found.validity.items():
            cells = "".join(f"{_interval(figure):22s}" for figure in (v.precision, v.recall, v.f1))
            typer.echo(f"{_cell(cell):28s}{v.n_units:6d}{v.positives:7d}  {cells}".rstrip())
        typer.echo(
            "The machine judged each unit without having learned from its voice. "
            "Where coders split, a unit counts on either side."
        )


def _cell(cell: tuple[str, str, str]) -> str:
    """Name a target and, indented below it, its levels."""
    target, group, level = cell
    return target if group == "all" else f"  {level}"


def _interval(found: Interval) -> str:
    """Write a figure with its interval, as the report does."""
    from pipeline.report import page

    return page.with_interval(found.value, (found.low, found.high))


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


def _echo_drawn(drawn: Drawn) -> None:
    """Say what a round holds, and where its sheets are."""
    strata = drawn.sample.groupby("stratum")[["drawn", "stratum_size"]].first()
    typer.echo(f"{drawn.name}: {len(drawn.sample):,} units")
    for stratum, (units, size) in zip(strata.index, strata.itertuples(index=False), strict=True):
        typer.echo(f"  {stratum:30s} {units:,} of {size:,}")
    typer.echo("\n".join(map(str, drawn.sheets)))
    typer.echo("Fill in one sheet per coder (CSV or XLSX), then:  glosa code import FILE")


def _echo_some(notes: Sequence[str], shown: int = 20) -> None:
    for note in notes[:shown]:
        typer.echo(note, err=True)
    if len(notes) > shown:
        typer.echo(f"… and {len(notes) - shown} more notes.", err=True)


def _fail(error: GlosaError) -> NoReturn:
    typer.echo(error.letter(), err=True)
    sys.exit(2)


def _crash(error: Exception) -> NoReturn:
    """A fault of ours: say so, with the traceback, since someone has to mend it."""
    import traceback

    traceback.print_exception(error.__cause__ or error)
    typer.echo(f"Stage {error} broke off by a fault in Glosa. What earlier runs wrote is untouched.", err=True)
    sys.exit(1)
