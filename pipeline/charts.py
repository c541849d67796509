"""Charts: tables in, matplotlib figures out; nothing is saved here.

One house style: Okabe–Ito colours, direct labels, no colour without another sign of the same difference.
"""

from __future__ import annotations

import io
import textwrap
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from matplotlib.figure import Figure

INK, MUTED, GRID = "#1f2430", "#5b6472", "#d9dde3"
# Ink on a coloured ground is another colour to the page, which turns the plain ink, and white, around in the dark.
ON_LIGHT, ON_DARK, BOX = "#1f2431", "#fffffe", "#eef4fa"
BLUE, ORANGE, GREEN, SKY = "#0072B2", "#D55E00", "#009E73", "#56B4E9"
_MARGIN = 0.12  # inches
_MANY = 6  # columns from which names stand aslant
_STYLE = {
    "font.family": "DejaVu Sans",
    "font.size": 10,
    "text.color": INK,
    "axes.labelcolor": INK,
    "xtick.color": MUTED,
    "ytick.color": INK,
    "axes.edgecolor": GRID,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "svg.hashsalt": "glosa",
    "figure.facecolor": "white",
    "hatch.linewidth": 0.6,
    "hatch.color": "#9aa3af",
}


def flow(steps: Sequence[tuple[str, int]], asides: Mapping[int, Sequence[tuple[str, int]]]) -> Figure:
    """Draw how many passages and units remain after each step, and what was set aside between two steps.

    Args:
        steps: (label, count) from top to bottom.
        asides: for the gap after step i, what was set aside there.
    """
    figure, axes = _figure(7.2, 0.95 * len(steps) + 0.2)
    axes.set(xlim=(0, 10), ylim=(-len(steps) + 0.45, 0.55))
    axes.axis("off")
    for i, (label, count) in enumerate(steps):
        axes.text(
            2.6,
            -i,
            f"{count:,}  {label}",
            ha="center",
            va="center",
            color=INK,
            bbox={"boxstyle": "round,pad=0.5", "facecolor": BOX, "edgecolor": BLUE},
        )
        if i + 1 < len(steps):
            axes.annotate("", (2.6, -i - 0.74), (2.6, -i - 0.26), arrowprops={"arrowstyle": "-|>", "color": MUTED})
        parts = [f"{what}: {n:,}" for what, n in asides.get(i, ()) if n]
        if parts:
            axes.plot([2.6, 5.1], [-i - 0.5, -i - 0.5], color=GRID, lw=1)
            axes.text(5.2, -i - 0.5, textwrap.fill(" · ".join(parts), 46), va="center", fontsize=9, color=MUTED)
    return figure


def prevalence(
    labels: Sequence[str],
    shares: Sequence[float],
    counts: Sequence[str],
    corrected: Sequence[tuple[float, float, float] | None],
    axis: str,
) -> Figure:
    """Draw a hollow dot per theme at its raw share (0 to 1); where corrected, a solid one with its interval below.

    Args:
        labels: the themes, from top to bottom.
        shares: raw shares of units.
        counts: what stands beside each.
        corrected: (share, low, high) or None.
        axis: what the shares are of.
    """
    figure, axes = _figure(7.2, 0.46 * len(labels) + 0.9)
    places = np.arange(len(labels))[::-1].astype(float)
    shift = 0.13 if any(corrected) else 0.0
    axes.hlines(places + shift, 0, shares, color=GRID, lw=2, zorder=1)
    axes.scatter(shares, places + shift, s=60, facecolor="white", edgecolor=BLUE, linewidth=2, zorder=3)
    ends = list(shares)
    for i, (place, found) in enumerate(zip(places, corrected, strict=True)):
        if found is not None:
            share, low, high = found
            axes.plot([low, high], [place - shift] * 2, color=ORANGE, lw=2, zorder=2, solid_capstyle="butt")
            axes.scatter([share], [place - shift], s=44, color=ORANGE, zorder=3)
            ends[i] = max(ends[i], high)
    for place, end, count in zip(places, ends, counts, strict=True):
        axes.text(end + 0.025, place, count, va="center", fontsize=9, color=MUTED)
    axes.set_yticks(places, [named(label) for label in labels])
    _percent_axis(axes, max([*ends, 0.1]))
    axes.set_ylim(-0.6, len(labels) - 0.4)
    axes.set_xlabel(textwrap.fill(axis, 72))
    return figure


def forest(
    labels: Sequence[str],
    found: Sequence[tuple[float | None, float | None, float | None]],
    notes: Sequence[str],
    lines: Sequence[float],
    axis: str,
    nothing: str,
) -> Figure:
    """Draw a coefficient per row (value, low, high) with its interval and a note, and upright lines to read it by.

    An undefined coefficient has a note alone; without rows the figure says so.
    """
    if not labels:
        return _empty(nothing)
    figure, axes = _figure(7.2, 0.42 * len(labels) + 0.9)
    places = np.arange(len(labels))[::-1]
    lowest = min([0.0, *(low for _, low, _ in found if low is not None)])
    for line in lines:
        axes.axvline(line, color=MUTED, lw=1, ls="--", zorder=1)
    for place, (value, low, high), note in zip(places, found, notes, strict=True):
        if low is not None and high is not None:
            axes.plot([low, high], [place, place], color=BLUE, lw=2, zorder=2, solid_capstyle="butt")
        if value is not None:
            axes.scatter([value], [place], s=44, color=BLUE, zorder=3)
        axes.text(1.04, place, note, va="center", fontsize=9, color=MUTED)
    axes.set_yticks(places, [named(label) for label in labels])
    axes.set(xlim=(lowest - 0.03, 1.03), ylim=(-0.6, len(labels) - 0.4))
    axes.tick_params(axis="y", length=0)
    axes.set_xlabel(textwrap.fill(axis, 72))
    return figure


def heat(
    rows: Sequence[str],
    columns: Sequence[str],
    shares: np.ndarray,
    hidden: np.ndarray,
    axis: str,
    nothing: str,
) -> Figure:
    """Draw a table of shares (rows × columns, 0 to 1) as shades with their figures; hidden cells are hatched.

    `axis` says what hatching means, and is left out where nothing is; `nothing` stands where everything would be.
    """
    if hidden.all():
        return _empty(nothing)
    figure, axes = _figure(min(7.6, 3.6 + 0.85 * len(columns)), 0.46 * len(rows) + 1.1)
    top = max(float(np.nanmax(np.where(hidden, np.nan, shares), initial=0.0)), 0.01)
    for (i, j), share in np.ndenumerate(shares):
        y = len(rows) - 1 - i
        blank = hidden[i, j] or np.isnan(share)
        color = "white" if blank else _shade(share / top)
        axes.add_patch(_rectangle((j - 0.5, y - 0.5), color, "////" if blank else ""))
        if not blank:
            ink = ON_DARK if share / top > 0.6 else ON_LIGHT
            axes.text(j, y, percent(share), ha="center", va="center", color=ink, fontsize=9)
    axes.set(xlim=(-0.5, len(columns) - 0.5), ylim=(-0.5, len(rows) - 0.5))
    axes.set_xticks(range(len(columns)), [named(column, 12) for column in columns], color=INK)
    axes.set_yticks(range(len(rows)), [named(row) for row in reversed(rows)])
    axes.tick_params(length=0)
    axes.xaxis.tick_top()
    axes.spines[:].set_visible(False)
    if hidden.any():
        axes.text(-0.5, -0.72, textwrap.fill(axis, 26 + 10 * len(columns)), fontsize=9, color=MUTED, va="top")
    return figure


def pairs(labels: Sequence[str], counts: np.ndarray, axis: str) -> Figure:
    """Draw the lower triangle of a symmetric table of counts as circles with their figures."""
    n = len(labels)
    figure, axes = _figure(7.2, 0.62 * max(n - 1, 1) + 1.3)
    top = max(int(counts.max(initial=0)), 1)
    for i in range(1, n):
        for j in range(i):
            value = int(counts[i, j])
            if value:
                axes.scatter(j, n - 1 - i, s=90 + 900 * value / top, color=SKY, alpha=0.85, zorder=2)
            axes.text(
                j,
                n - 1 - i,
                f"{value}",
                ha="center",
                va="center",
                fontsize=9,
                zorder=3,
                color=ON_LIGHT if value else MUTED,
            )
    shown = max(n - 1, 1)
    wide = n <= _MANY
    below = [named(label, 18) if wide else textwrap.shorten(label, 28, placeholder="…") for label in labels[:shown]]
    aslant: dict[str, Any] = {} if wide else {"rotation": 40, "ha": "right", "rotation_mode": "anchor", "fontsize": 9}
    axes.set_xticks(range(shown), below, color=INK, **aslant)
    axes.set_yticks(range(shown), [named(label) for label in reversed(labels[1:] or labels[:1])])
    axes.set(xlim=(-0.6, shown - 0.4), ylim=(-0.6, shown - 0.4))
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    axes.set_xlabel(axis, fontsize=9, color=MUTED, loc="left", labelpad=8)
    return figure


def to_svg(figure: Figure) -> bytes:
    """Return the figure as SVG, the same bytes for the same figure."""
    return _render(figure, "svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})


def to_png(figure: Figure) -> bytes:
    """Return the figure as PNG at 300 dpi, the same bytes for the same figure."""
    return _render(figure, "png", dpi=300, metadata={"Software": None}, pil_kwargs={"compress_level": 4})


def percent(share: float) -> str:
    """Return a share as the page writes it."""
    return f"{100 * share:.0f}\u00a0%"


def named(label: str, width: int = 30) -> str:
    """Return a name on two lines at most, as it stands beside a row or below a column."""
    return textwrap.fill(label, width, max_lines=2, placeholder="…")


def _render(figure: Figure, kind: str, **options: Any) -> bytes:
    import matplotlib

    out = io.BytesIO()
    with matplotlib.rc_context(_STYLE):
        figure.savefig(out, format=kind, bbox_inches=_settled(figure), **options)
    return out.getvalue()


def _settled(figure: Figure) -> Any:
    """Return the box around all that is drawn, with a margin; the layout is found once for all kinds of files."""
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    if isinstance(figure.get_layout_engine(), ConstrainedLayoutEngine):
        figure.draw_without_rendering()
        figure.set_layout_engine("none")
    return figure.get_tightbbox().padded(_MARGIN)


def _figure(width: float, height: float, panels: int = 1) -> tuple[Figure, Any]:
    """Make a figure that no global state holds on to, with its axes; several panels share the y axis."""
    import matplotlib
    from matplotlib.figure import Figure

    with matplotlib.rc_context(_STYLE):
        figure = Figure(figsize=(width, height), layout="constrained")
        return figure, figure.add_subplot() if panels == 1 else figure.subplots(1, panels, sharey=True)


def _empty(nothing: str) -> Figure:
    """Say why there is nothing to draw."""
    figure, axes = _figure(7.2, 1.3)
    axes.axis("off")
    axes.text(
        0.5, 0.5, textwrap.fill(nothing, 60), ha="center", va="center", color=MUTED, transform=axes.transAxes
    )  # fmt: skip
    return figure


def _percent_axis(axes: Any, highest: float) -> None:
    axes.set_xlim(0, min(1.0, highest * 1.15) + 0.22)
    axes.xaxis.set_major_formatter(lambda share, _: percent(share))
    axes.grid(axis="x", color=GRID, lw=0.6)
    axes.set_axisbelow(True)
    axes.tick_params(axis="y", length=0)
    ticks = [t for t in axes.get_xticks() if 0 <= t <= 1.0 and t <= axes.get_xlim()[1]]
    axes.set_xticks(ticks)


def _shade(share: float) -> tuple[float, ...]:
    light, dark = np.array([0.93, 0.96, 0.99]), np.array([0.0, 0.35, 0.60])
    return tuple(float(v) for v in light + (dark - light) * min(max(share, 0.0), 1.0))


def _rectangle(corner: tuple[float, float], color: Any, hatch: str) -> Any:
    from matplotlib.patches import Rectangle

    return Rectangle(corner, 1, 1, facecolor=color, edgecolor="white" if not hatch else "#9aa3af", hatch=hatch, lw=1.2)
