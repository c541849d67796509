"""Charts of how far the numbers can be trusted: sensitivity to decisions, calibration and error of the coder."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from pipeline import charts
from pipeline.charts import BLUE, GRID, MUTED, SKY

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_LABEL = 26


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
    figure, axes = charts._figure(7.2, 0.54 * len(labels) + 0.9)
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
                text = textwrap.fill(f"{share:.0%} {name}", _LABEL, max_lines=2, placeholder="…")
                shift = -0.02 if side == "right" else 0.02
                axes.text(share + shift * width, place, text, ha=side, va="center", fontsize=8, color=MUTED)
    axes.set_yticks(np.arange(len(labels))[::-1], [textwrap.shorten(label, 34, placeholder="…") for label in labels])
    axes.set(xlim=(min(everything) - 0.6 * width, max(everything) + 0.6 * width), ylim=(-0.6, len(labels) - 0.4))
    axes.xaxis.set_major_formatter(lambda share, _: f"{share:.0%}")
    axes.set_xticks([tick for tick in axes.get_xticks() if 0 <= tick <= 1 and _inside(tick, axes.get_xlim())])
    axes.grid(axis="x", color=GRID, lw=0.6)
    axes.set_axisbelow(True)
    axes.tick_params(axis="y", length=0)
    axes.set_xlabel(textwrap.fill(axis, 72))
    return figure


def _inside(tick: float, limits: tuple[float, float]) -> bool:
    return limits[0] <= tick <= limits[1]
