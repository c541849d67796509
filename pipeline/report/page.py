"""Render the theme report with Jinja2."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from pipeline.editions import Edition
from pipeline.report import facts as page_facts
from pipeline.report import forms, scrolling
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


def make(found: Mapping[str, Any], readings: object, edition: Edition, strings: Strings) -> dict[str, bytes]:
    """Return the page, and the same as PDF and Markdown, as files; a maker of `publish`."""
    del readings
    html = render(found, strings, page_facts.make(found, edition, strings))
    return {f"theme_report{strings.suffix}.html": html.encode(), **forms.files(html, strings.suffix)}


def render(found: Mapping[str, Any], strings: Strings, facts: Mapping[str, Any]) -> str:
    """Return the page.

    Args:
        found: the results, in the report's language, with the figures under `figures`.
        strings: the strings of that language.
        facts: what the page says of itself (version, whether the codebook is the shipped one, …).
    """
    template = environment().get_template("theme_report.html.j2")
    rendered: str = template.render(r=found, figures=found["figures"], t=strings, facts=facts, sections=SECTIONS)
    return scrolling.framed(rendered) + "\n"


@cache
def environment() -> Any:
    """Return what renders the templates: everything is escaped, and a missing value is an error."""
    from jinja2 import Environment, PackageLoader, StrictUndefined, pass_context

    made = Environment(
        loader=PackageLoader("pipeline.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {
        "percent": percent,
        "points": points,
        "figure": figure,
        "spread": spread,
        "with_interval": with_interval,
        "theme_label": pass_context(_theme_label),
        "language_name": pass_context(_language_name),
    }
    return made


def _theme_label(context: Mapping[str, Any], code: str) -> str:
    return str(context["facts"]["labels"].get(code, code))


def _language_name(context: Mapping[str, Any], code: str) -> str:
    strings: Strings = context["t"]
    return strings.name("languages", code)


def percent(share: float | None) -> str:
    """Return a share as whole per cent, or a dash where there is none."""
    return "–" if share is None else f"{100 * share:.0f}\u00a0%"


def points(difference: float) -> str:
    """Return a difference in percentage points with its sign."""
    return f"{difference:+.1f}".replace("-", "−")


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
