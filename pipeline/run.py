"""Hand the stages to pytask, which decides by content what is stale and runs it in this process."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipeline import manifest
from pipeline.errors import GlosaError
from pipeline.stages import STAGES, Stage
from pipeline.study import Study

_CONFIG = "[tool.pytask.ini_options]\n"


@dataclass
class Outcome:
    """What a run did: stages that ran (with seconds) and stages that were up to date."""

    ran: dict[str, float] = field(default_factory=dict)
    unchanged: list[str] = field(default_factory=list)


class StageError(Exception):
    """A stage broke off for a reason that is not the user's input; carries the original exception."""


def run(study: Study, until: str | None = None, force: str | None = None, quiet: bool = False) -> Outcome:
    """Run the stages that are stale, in order, up to `until`; run `force` even if it isn't stale.

    Raises `GlosaError` where the input stops a stage, `StageError` where anything else does. What earlier
    stages and earlier runs have written stays.
    """
    prepare(study)
    stages = STAGES[: index(until) + 1] if until else STAGES
    outcome = Outcome()
    if force:
        split = index(force)
        _build(study, stages[:split], outcome, quiet)
        _build(study, stages[split : split + 1], outcome, quiet, force=True)
        _build(study, stages[split + 1 :], outcome, quiet)
    else:
        _build(study, stages, outcome, quiet)
    if outcome.ran:
        _write_manifest(study, stages, outcome)
    return outcome


def stale(study: Study) -> list[str]:
    """Return the names of the stages that would run now, without running any."""
    prepare(study)
    session = _session(study, STAGES, Outcome(), dry_run=True, quiet=True, force=False)
    return [_stage_name(r) for r in session.execution_reports if r.outcome.name == "WOULD_BE_EXECUTED"]


def index(name: str) -> int:
    """Return the place of a stage in the order; raise `GlosaError` for a name that is none."""
    names = [stage.name for stage in STAGES]
    if name not in names:
        raise GlosaError(
            f"stage {name!r}", "there is no such stage.", f"one of {', '.join(names)}.", "Name one of these."
        )
    return names.index(name)


def _stage_name(report: Any) -> str:
    return str(report.task.name).split("::")[-1]


def prepare(study: Study) -> None:
    """Make the folder of the program's own state, and the secret behind the pseudonyms."""
    study.state.mkdir(exist_ok=True)
    (study.state / ".gitignore").write_text("*\n", encoding="utf-8")
    (study.state / "pyproject.toml").write_text(_CONFIG, encoding="utf-8")
    if not study.voice_key.exists():
        study.voice_key.write_text(secrets.token_hex(32) + "\n", encoding="utf-8")
        study.voice_key.chmod(0o600)


def _build(study: Study, stages: Sequence[Stage], outcome: Outcome, quiet: bool, force: bool = False) -> None:
    if not stages:
        return
    session = _session(study, stages, outcome, dry_run=False, quiet=quiet, force=force)
    for report in session.execution_reports:
        if report.exc_info and isinstance(report.exc_info[1], GlosaError):
            raise report.exc_info[1]
        if report.exc_info and report.outcome.name == "FAIL":
            raise StageError(_stage_name(report)) from report.exc_info[1]
        if report.outcome.name == "SKIP_UNCHANGED":
            outcome.unchanged.append(_stage_name(report))
    if session.exit_code != 0:
        raise StageError("pytask stopped before the stages could run")


def _session(
    study: Study,
    stages: Sequence[Stage],
    outcome: Outcome,
    *,
    dry_run: bool,
    quiet: bool,
    force: bool,
) -> Any:
    import pytask

    was_quiet, pytask.console.quiet = pytask.console.quiet, quiet
    try:
        return pytask.build(
            tasks=[_task(study, stage, outcome) for stage in stages],
            config=study.state / "pyproject.toml",
            paths=study.state,
            capture="no",
            dry_run=dry_run,
            force=force,
            show_traceback=False,
            stop_after_first_failure=True,
            sort_table=False,
            disable_warnings=True,
        )
    finally:
        pytask.console.quiet = was_quiet


def _task(study: Study, stage: Stage, outcome: Outcome) -> Callable[..., Any]:
    """Wrap a stage as a pytask task: its files and a fingerprint of code and settings decide if it's stale."""
    import pytask

    set_by_people = sorted(path for name in stage.optional for path in study.root.glob(name) if path.is_file())
    inputs = [*(study.root / name for name in stage.reads), *set_by_people]
    fingerprint = f"{manifest.code_hash()} {study.fingerprint(stage.settings)} {sorted(manifest.versions().items())}"
    fingerprint += repr([path.relative_to(study.root).as_posix() for path in set_by_people])
    if not stage.reads:
        captures = study.captures()
        inputs = [*captures, study.voice_key, *set_by_people]
        fingerprint += repr([path.relative_to(study.raw).as_posix() for path in captures])
        fingerprint += repr([(str(r.path.relative_to(study.raw)), r.reason, r.detail) for r in study.refused()])

    def execute(depends_on: list[Path], fingerprint: str, produces: list[Path]) -> None:
        del depends_on, fingerprint, produces
        started = time.perf_counter()
        _run_stage(study, stage)
        outcome.ran[stage.name] = time.perf_counter() - started

    task: Callable[..., Any] = pytask.task(
        name=stage.name,
        kwargs={
            "depends_on": inputs,
            "fingerprint": pytask.PythonNode(name=f"{stage.name}-fingerprint", value=fingerprint, hash=True),
            "produces": [study.root / name for name in stage.outputs(study)],
        },
    )(execute)
    return task


def _run_stage(study: Study, stage: Stage) -> None:
    """Run one stage; its outputs appear together when it has finished, or not at all."""
    from pipeline.store import Store

    store = Store(study.root, stage.reads, stage.outputs(study))
    try:
        stage.load()(study, store)
        store.commit()
    finally:
        store.discard()


def _write_manifest(study: Study, stages: Sequence[Stage], outcome: Outcome) -> None:
    from pipeline.store import write_json

    outputs = [name for stage in stages for name in stage.outputs(study)]
    if stages == STAGES:
        _remove_stale(study, manifest.read(study).get("outputs", {}), outputs)
    write_json(study.processed / "manifest.json", manifest.build(study, outputs, outcome.ran))


def _remove_stale(study: Study, before: Mapping[str, Mapping[str, str]], outputs: Sequence[str]) -> None:
    """Remove what the last run published and this one doesn't, unless somebody has changed it since."""
    for name in sorted(before.keys() - set(outputs), reverse=True):
        path = study.root / name
        if path.is_relative_to(study.reports) and path.is_file() and manifest.sha256(path) == before[name]["sha256"]:
            path.unlink()
            if path.parent != study.reports and not any(path.parent.iterdir()):
                path.parent.rmdir()
