"""`glosa forget` and `glosa purge`: what leaves a study, for one person or at its end."""

from __future__ import annotations

import datetime
from collections import Counter
from pathlib import Path
from typing import Annotated

import typer

from pipeline.cli.faults import crash
from pipeline.cli.options import StudyOption
from pipeline.study import load
from pipeline.wording import one_line

YesOption = Annotated[bool, typer.Option("--yes", help="Don't ask.")]


def forget(
    voice: Annotated[
        str, typer.Argument(help="A pseudonym, as in passages.voice, or the contributor's name as captured.")
    ] = "",
    study: StudyOption = Path(),
    passage: Annotated[
        str, typer.Option("--passage", help="Instead of a voice: the id of a passage that nobody has signed.")
    ] = "",
    reason: Annotated[str, typer.Option("--reason", help="Kept with the tombstone; it must name nobody.")] = "",
    raw: Annotated[bool, typer.Option("--raw", help="Make blocks of their words in the captures as well.")] = False,
    no_run: Annotated[bool, typer.Option("--no-run", help="Don't run the stages again afterwards.")] = False,
    yes: YesOption = False,
) -> None:
    """Remove a contributor from everything, now and in every later run, and leave a tombstone that names nobody."""
    from pipeline import forget as forgetting
    from pipeline import run as runner

    loaded = load(study)
    runner.prepare(loaded)
    today = datetime.datetime.now(tz=datetime.UTC).date().isoformat()
    found = forgetting.plan(loaded, voice, passage, today, reason, raw)
    for line in forgetting.lines(found):
        typer.echo(one_line(line))
    if not yes:
        typer.confirm("This can't be undone. Forget?", abort=True)
    forgetting.carry_out(found)
    if no_run:
        typer.echo("Forgotten. Tables and reports are removed; make them anew:  glosa run")
        return
    try:
        runner.run(loaded)
    except runner.StageError as error:
        crash(error)
    typer.echo("Forgotten. The tombstone is in data/forgotten.toml; tables and reports are made anew.")


def purge(
    study: StudyOption = Path(),
    everything: Annotated[
        bool, typer.Option("--all", help="The captures, people's work and the voice key as well: the end of retention.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="List what would go, and remove nothing.")] = False,
    yes: YesOption = False,
) -> None:
    """Remove all that runs have made; with --all, everything but the settings, with a record of how much it was."""
    from pipeline import removal

    loaded = load(study)
    paths = removal.everything(loaded) if everything else removal.derived(loaded)
    if not paths:
        typer.echo("There is nothing to remove.")
        return
    if dry_run:
        for path in paths:
            typer.echo(one_line(str(path.relative_to(loaded.root))))
        typer.echo(f"{len(paths):,} files would go. Nothing was removed.")
        return
    for folder, files in sorted(Counter(removal.top(loaded, path) for path in paths).items()):
        typer.echo(f"{folder}: {files:,} files")
    if not yes:
        kept = "Only the settings stay." if everything else "Captures, people's work and settings stay."
        typer.confirm(f"{kept} Remove {len(paths):,} files?", abort=True)
    if everything:
        removal.record(loaded, paths, datetime.datetime.now(tz=datetime.UTC).date().isoformat())
    count = removal.remove(loaded, paths)
    typer.echo(f"{count:,} files removed." + (f" The record is {loaded.root / removal.RECORD}" if everything else ""))
