"""Render the theme report with Jinja2."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from pipeline.report.strings import Strings

SECTIONS = (
    "summary",
    "purpose",
    "team",
    "corpus",
    "units",
    "codebook",
    "procedure",
    "reliability",
    "validation",
    "prevalence",
    "groups",
    "cooccurrence",
    "themes",
    "topics",
    "uncoded",
    "sensitivity",
    "limitations",
    "ethics",
    "data-statement",
    "reproducibility",
    "checklists",
    "cite",
)


def render(results: Mapping[str, Any], figures: Mapping[str, str], language: str, facts: Mapping[str, Any]) -> str:
    """Return the page.

    Args:
        results: what `pipeline.results.build` returns.
        figures: SVG by name, with their alternative texts under `<name>_alt`.
        language: the report's language; English where Glosa has no strings for it.
        facts: what the page says of itself (version, whether the codebook is the shipped one, …).
    """
    strings = Strings(language)
    environment = _environment().overlay()
    environment.filters = {
        **environment.filters,
        "theme_label": lambda code: facts["labels"].get(code, code),
        "language_name": lambda code: strings.name("languages", code),
    }
    template = environment.get_template("theme_report.html.j2")
    rendered: str = template.render(r=results, figures=figures, t=strings, facts=facts, sections=SECTIONS)
    return rendered + "\n"


@cache
def _environment() -> Any:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("pipeline.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"percent": percent, "figure": figure, "spread": spread, "with_interval": with_interval}
    return environment


def percent(share: float | None) -> str:
    """Return a share as whole per cent, or a dash where there is none."""
    return "–" if share is None else f"{100 * share:.0f}\u00a0%"


def figure(value: float | None) -> str:
    """Return a coefficient with three decimals, or a dash where it is undefined."""
    return "–" if value is None else f"{value:.3f}"


def spread(row: Mapping[str, Any], name: str) -> str:
    """Return a row's coefficient with its interval."""
    return with_interval(row[name], (row[f"{name}_low"], row[f"{name}_high"]))


def with_interval(value: float | None, interval: Sequence[float | None]) -> str:
    """Return a coefficient with its interval, where it has one."""
    low, high = interval
    return figure(value) + ("" if low is None or high is None else f" [{figure(low)}, {figure(high)}]")
