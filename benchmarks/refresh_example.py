"""Copy the public report of the study at the root into `examples/report`, with a picture of its first screen.

Usage: python benchmarks/refresh_example.py, after a run. The picture needs Chromium; without it the old one stays.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TARGET = ROOT / "examples" / "report"
BROWSERS = ("chromium", "google-chrome")


def copy(reports: Path, target: Path) -> list[Path]:
    """Copy page, prevalence figure and tables; return the copies. A table that is no longer made is removed."""
    page, figure = reports / "theme_report.html", reports / "figures" / "prevalence.png"
    if not page.is_file() or not figure.is_file():
        sys.exit("There is no report yet. Run `make report` first.")
    tables = target / "tables"
    shutil.rmtree(tables, ignore_errors=True)
    tables.mkdir(parents=True)
    wanted = [(file, target / file.name) for file in (page, reports / "explorer.html", figure)]
    wanted += [(file, tables / file.name) for file in sorted((reports / "tables").glob("*.csv"))]
    for source, copied in wanted:
        shutil.copyfile(source, copied)
    return [copied for _, copied in wanted]


def screenshot(page: Path, picture: Path) -> bool:
    """Render the first screen of a page, where a browser is found; say whether there is a new picture."""
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        return False
    with tempfile.TemporaryDirectory() as folder:
        fresh = Path(folder) / "screenshot.png"
        subprocess.run(
            [
                browser,
                "--headless",
                "--disable-gpu",
                "--disable-background-networking",
                "--hide-scrollbars",
                "--no-first-run",
                "--window-size=1200,1000",
                f"--user-data-dir={folder}/profile",
                f"--screenshot={fresh}",
                *(["--no-sandbox"] if os.geteuid() == 0 else []),
                page.as_uri(),
            ],
            check=True,
            capture_output=True,
            timeout=120,
        )
        shutil.copyfile(fresh, picture)
    return True


def main() -> None:
    """Refresh the example report."""
    copied = copy(ROOT / "reports" / "public", TARGET)
    taken = screenshot(TARGET / "theme_report.html", TARGET / "screenshot.png")
    for path in copied:
        print(path.relative_to(ROOT))
    print((TARGET / "screenshot.png").relative_to(ROOT) if taken else "no Chromium: the picture was not refreshed")


if __name__ == "__main__":
    main()
