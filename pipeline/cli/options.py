"""Options that several commands take."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

StudyOption = Annotated[
    Path, typer.Option("--study", help="Folder of the study (with study.toml).", show_default="this folder")
]
