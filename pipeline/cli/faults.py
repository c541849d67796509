"""What is said where the fault is ours."""

from __future__ import annotations

import sys
from typing import NoReturn

import typer


def crash(error: Exception) -> NoReturn:
    """A fault of ours: say so, with the traceback, since someone has to mend it."""
    import traceback

    traceback.print_exception(error.__cause__ or error)
    typer.echo(f"Stage {error} broke off by a fault in Glosa. What earlier runs wrote is untouched.", err=True)
    sys.exit(1)
