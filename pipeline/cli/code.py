"""`glosa code …`: units are drawn, people code them, and their codes come back."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.cli.options import StudyOption
from pipeline.study import load

if TYPE_CHECKING:
    from pipeline.agreement import Estimate as Interval
    from pipeline.coded.drawing import Drawn

app = typer.Typer(name="code", no_args_is_help=True, help="Have people code: draw units, write sheets, read them.")

CoderOption = Annotated[
    list[str] | None, typer.Option("--coder", help="Name of a coder; repeat it for several.", show_default=False)
]
CodersOption = Annotated[
    int | None, typer.Option("--coders", help="How many coders, where they aren't named.", show_default="1")
]
RoundOption = Annotated[
    str | None, typer.Option("--round", help="Name of the round.", show_default="the next free one")
]


@app.command("sheet")
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


@app.command("next")
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


@app.command("import")
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


@app.command("ui")
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


@app.command("plan")
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


@app.command("agreement")
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
