"""Charts of how far the numbers can be trusted: sensitivity to decisions, calibration and error of the coder."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline import charts
from pipeline.charts import BLUE, GRID, MUTED, ORANGE, SKY

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Ends = tuple[float | None, float | None, float | None]  # value, lower and upper end of its interval

_LABEL = 18


def sensitivity(
    labels: Sequence[str],
    mains: Sequence[float],
    others: Sequence[Sequence[tuple[float, str]]],
    axis: str,
    nothing: str,
) -> Figure:
    """Draw per theme the share reported (solid) on the strip of its shares under all variations (upright ticks).

    Args:
        labels: the themes, from top to bottom.
        mains: the shares reported, 0 to 1.
        others: per theme, (share, name of the variation); the least and the greatest are named.
        axis: what the shares are of.
        nothing: what to say where there is no theme.
    """
    if not any(others):
        return charts._empty(nothing)
    figure, axes = charts._figure(7.2, 0.62 * len(labels) + 0.9)
    everything = [*mains, *(share for varied in others for share, _ in varied)]
    width = max(0.05, max(everything) - min(everything))
    for place, main, varied in zip(np.arange(len(labels))[::-1], mains, others, strict=True):
        shares = [share for share, _ in varied]
        ends = [min([main, *shares]), max([main, *shares])]
        axes.plot(ends, [place, place], color=SKY, lw=6, alpha=0.45, zorder=1, solid_capstyle="butt")
        axes.scatter(shares, [place] * len(shares), s=110, marker="|", color=BLUE, lw=1.2, zorder=2)
        axes.scatter([main], [place], s=56, color=BLUE, edgecolor="white", zorder=3)
        for share, side in zip(ends, ("right", "left"), strict=True):
            name = next((name for other, name in varied if other == share and share != main), None)
            if name:
                text = textwrap.fill(f"{charts.percent(share)} {name}", _LABEL, max_lines=4, placeholder="…")
                shift = -0.02 if side == "right" else 0.02
                axes.text(share + shift * width, place, text, ha=side, va="center", fontsize=8, color=MUTED)
    axes.set_yticks(np.arange(len(labels))[::-1], [charts.named(label) for label in labels])
    axes.set(xlim=(min(everything) - 0.65 * width, max(everything) + 0.65 * width), ylim=(-0.6, len(labels) - 0.4))
    axes.xaxis.set_major_formatter(lambda share, _: charts.percent(share))
    axes.set_xticks([tick for tick in axes.get_xticks() if 0 <= tick <= 1 and _inside(tick, axes.get_xlim())])
    axes.grid(axis="x", color=GRID, lw=0.6)
    axes.set_axisbelow(True)
    axes.tick_params(axis="y", length=0)
    axes.set_xlabel(textwrap.fill(axis, 72))
    return figure


def _inside(tick: float, limits: tuple[float, float]) -> bool:
    return limits[0] <= tick <= limits[1]


def errors(
    labels: Sequence[str],
    calibration: Sequence[tuple[float | None, float | None]],
    right: Sequence[tuple[Ends, Ends]],
    words: tuple[str, str, str, str],
    nothing: str,
) -> Figure:
    """Draw two panels over the same rows: calibration error beside what chance alone gives, and precision with recall.

    Args:
        labels: what is coded, from top to bottom.
        calibration: (error, what a perfectly calibrated coder would show by chance), or Nones.
        right: precision and recall, each as (value, low, high), the ends None where there is no interval.
        words: the axis of either panel, then "precision" and "recall".
        nothing: what to say where nothing is known.
    """
    if not labels:
        return charts._empty(nothing)
    figure, both = charts._figure(7.2, 0.5 * len(labels) + 1.1, panels=2)
    places = np.arange(len(labels))[::-1].astype(float)
    for place, (error, chance) in zip(places, calibration, strict=True):
        if error is not None and chance is not None:
            both[0].plot([0, chance], [place, place], color=GRID, lw=7, solid_capstyle="butt", zorder=1)
            both[0].scatter([error], [place], s=44, color=ORANGE if error > chance else BLUE, zorder=3)
            note = f"{error:.3f}" + (" >" if error > chance else "")
            both[0].text(max(error, chance) + 0.006, place, note, va="center", fontsize=8, color=MUTED)
    for place, (precision, recall) in zip(places, right, strict=True):
        _dot(both[1], precision, place + 0.13, BLUE, BLUE, "o")
        _dot(both[1], recall, place - 0.13, "white", ORANGE, "D")
    _name_first(both[1], places[0], right[0], words[2:])
    both[0].set_yticks(places, [charts.named(label, 24) for label in labels])
    both[0].set(xlim=(0, 1.5 * max([0.06, *(e for pair in calibration for e in pair if e is not None)])))
    both[1].set(xlim=(0, 1.03), ylim=(-0.6, len(labels) - 0.2))
    for axes, axis in zip(both, words[:2], strict=True):
        axes.tick_params(axis="y", length=0)
        axes.grid(axis="x", color=GRID, lw=0.6)
        axes.set_axisbelow(True)
        axes.set_xlabel(textwrap.fill(axis, 34), fontsize=9)
    return figure


def _dot(axes: Any, found: Ends, place: float, face: str, edge: str, marker: str) -> None:
    """Draw a value with its interval, where it has either."""
    value, low, high = found
    if low is not None and high is not None:
        axes.plot([low, high], [place, place], color=edge, lw=2, zorder=2, solid_capstyle="butt")
    if value is not None:
        axes.scatter([value], [place], s=36, facecolor=face, edgecolor=edge, linewidth=1.6, marker=marker, zorder=3)


def _name_first(axes: Any, place: float, first: tuple[Ends, Ends], names: Sequence[str]) -> None:
    """Write beside the first row which mark is which."""
    for (value, low, _), shift, color, name in zip(first, (0.2, -0.2), (BLUE, ORANGE), names, strict=True):
        if value is not None:
            start = min(v for v in (value, low) if v is not None) - 0.045
            axes.text(start, place + shift, name, ha="right", va="center", fontsize=8, color=color)
