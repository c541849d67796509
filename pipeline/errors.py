"""One kind of error that reaches a person: a short letter that says what to mend and where."""

from __future__ import annotations

from pathlib import Path


class GlosaError(Exception):
    """Input that stops the run: names the place, what was found, what was expected, and the remedy.

    The command line prints it without a traceback and exits with code 2.
    """

    def __init__(self, where: str | Path, found: str, expected: str, remedy: str) -> None:
        self.where, self.found, self.expected, self.remedy = str(where), found, expected, remedy
        super().__init__(f"{self.where}: {found} Expected: {expected} {remedy}")

    def letter(self) -> str:
        """Return the message as four short lines."""
        return f"{self.where}\n  found:    {self.found}\n  expected: {self.expected}\n  remedy:   {self.remedy}"
