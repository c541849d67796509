"""Charts of topics: how large and how stable, in which languages, where on the map, and why so many.

Nothing is told by colour alone: unstable topics are hatched and say so, languages are named inside their bars, themes
have a marker each. The same values give the same drawing.
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline import charts
from pipeline.charts import BLUE, GRID, INK, MUTED, ON_DARK, ON_LIGHT

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Okabe and Ito (2008), the dark ones first; yellow last, since it is faint on white.
_COLORS = ("#0072B2", "#E69F00", "#009E73", "#D55E00", "#56B4E9", "#CC79A7", "#F0E442")
_MARKERS = ("o", "^", "s", "D", "v", "P", "X", "<", ">", "p", "h", "*")
_HATCH, _HATCHED = "////", "#9aa3af"
_WIDTH, _ROW, _LABEL = 7.2, 0.42, 34
_NAMED = 0.075  # the least share of a bar that has room for a language's name
_MAP = (0.02, 0.02, 0.96, 0.96)
_STEP = 6.0  # of the places that are tried for a name, in pixels


def sizes(
    labels: Sequence[str], units: Sequence[int], notes: Sequence[str], unstable: Sequence[bool], axis: str, nothing: str
) -> Figure:
    """Draw a bar per topic with its units and, in words, its stability; unstable ones are hatched.

    Args:
        labels: the topics, from top to bottom.
        units: how many units each has.
        notes: what stands beside each bar.
        unstable: which are hatched.
        axis: what the bars count.
        nothing: what to say where there is no topic.
    """
    if not labels:
        return charts._empty(nothing)
    figure, axes = charts._figure(_WIDTH, _ROW * len(labels) + 0.9)
    places = np.arange(len(labels))[::-1]
    for place, size, note, weak in zip(places, units, notes, unstable, strict=True):
        style = _hatched() if weak else {"color": BLUE}
        axes.barh(place, size, height=0.62, **style)
        axes.text(size + max(units) * 0.015, place, note, va="center", fontsize=9, color=MUTED)
    _name_rows(axes, places, labels)
    axes.set(xlim=(0, max(units) * 1.75), ylim=(-0.6, len(labels) - 0.4))
    axes.set_xticks([tick for tick in axes.get_xticks() if tick <= max(units) and tick == int(tick)])
    axes.set_xlabel(textwrap.fill(axis, 72), loc="left")
    return figure


def languages(
    labels: Sequence[str],
    names: Sequence[str],
    shares: np.ndarray,
    rest: str,
    axis: str,
    nothing: str,
) -> Figure:
    """Draw how the units of every topic divide among the languages; what belongs to hidden levels is hatched.

    Args:
        labels: the rows, from top to bottom.
        names: the languages that may be shown.
        shares: rows × languages, 0 to 1; what is missing to 1 is hatched.
        rest: what the legend calls the hatched part.
        axis: what the bars show.
        nothing: what to say where there is no row, since there is no topic or every language is hidden.
    """
    if not labels:
        return charts._empty(nothing)
    figure, axes = charts._figure(_WIDTH, _ROW * len(labels) + 1.3)
    places = np.arange(len(labels))[::-1]
    ends = np.cumsum(shares, axis=1)
    for j, name in enumerate(names):
        color = _COLORS[j % len(_COLORS)]
        axes.barh(places, shares[:, j], left=ends[:, j] - shares[:, j], height=0.66, color=color, edgecolor="white")
        for place, share, end in zip(places, shares[:, j], ends[:, j], strict=True):
            if share >= _NAMED:
                text = _fitting(name, share)
                axes.text(end - share / 2, place, text, ha="center", va="center", fontsize=8, color=_ink(color))
    left = np.clip(1 - ends[:, -1], 0, 1)
    axes.barh(places, left, left=ends[:, -1], height=0.66, **_hatched())
    _name_rows(axes, places, labels)
    _language_key(axes, names, rest if (left > 0.001).any() else "")
    axes.set(xlim=(0, 1), ylim=(-0.6, len(labels) - 0.4))
    axes.xaxis.set_major_formatter(lambda share, _: charts.percent(share))
    axes.set_xlabel(textwrap.fill(axis, 72))
    return figure


def evidence(
    numbers: Sequence[int],
    silhouettes: Sequence[float | None],
    agreements: Sequence[float | None],
    chosen: int | None,
    names: tuple[str, str, str, str],
    nothing: str,
) -> Figure:
    """Draw silhouette and agreement of refits by the number of topics, one above the other, the chosen one marked.

    Args:
        numbers: the numbers of topics tried, ascending.
        silhouettes: mean silhouette of each, or None.
        agreements: mean adjusted Rand index of each with its refits, or None.
        chosen: the number taken.
        names: of the upper panel, the lower panel, the axis, and the mark.
        nothing: what to say where nothing was tried.
    """
    import matplotlib

    curves = {names[0]: silhouettes, names[1]: agreements}
    points = {name: [(k, v) for k, v in zip(numbers, of, strict=True) if v is not None] for name, of in curves.items()}
    series = {name: values for name, values in points.items() if values}
    if not series:
        return charts._empty(nothing)
    figure, first = charts._figure(_WIDTH, 1.5 * len(series) + 0.8)
    figure.delaxes(first)
    with matplotlib.rc_context(charts._STYLE):
        panels = figure.subplots(len(series), 1, sharex=True, squeeze=False)[:, 0]
    for axes, (name, values) in zip(panels, series.items(), strict=True):
        axes.plot(*zip(*values, strict=True), color=BLUE, lw=1.5, marker="o", markersize=4, zorder=2)
        axes.set_title(name, loc="left", fontsize=9, color=MUTED)
        axes.grid(axis="y", color=GRID, lw=0.6)
        axes.margins(y=0.2)
        if chosen is not None:
            axes.axvline(chosen, color=MUTED, lw=1, ls="--", zorder=1)
            own = [value for k, value in values if k == chosen]
            axes.scatter([chosen] * len(own), own, s=90, color="#D55E00", zorder=3)
    if chosen is not None:
        panels[0].annotate(names[3], (chosen, 1), xycoords=("data", "axes fraction"), xytext=(0, 3),
                           textcoords="offset points", ha="center", fontsize=9, color=INK)  # fmt: skip
    panels[-1].set_xticks(list(numbers)[:: max(1, -(-len(numbers) // 20))])
    panels[-1].set_xlabel(names[2])
    return figure


def units(
    points: Mapping[str, Sequence[Any]],
    themes: Mapping[str, str],
    topics: Sequence[tuple[float, float, str]],
    note: str,
    nothing: str,
) -> Figure:
    """Draw the map: a point per unit, its theme by colour and marker, and the topics' names where their middles are.

    Args:
        points: `x` and `y` (0 to 1) and `theme` of every point drawn.
        themes: names of the themes by id, in the order of the legend; the last two are what fits none and what is
            undecided.
        topics: (x, y, name) of every topic.
        note: what stands below the map.
        nothing: what to say where there is no unit.
    """
    if not len(points["x"]):
        return charts._empty(nothing)
    figure, axes = charts._figure(_WIDTH, 5.6)
    figure.set_layout_engine("none")
    axes.set_position(_MAP)
    axes.set(xlim=(-0.03, 1.03), ylim=(-0.03, 1.03), xticks=[], yticks=[])
    axes.spines[:].set_visible(True)
    x, y, theme = np.asarray(points["x"]), np.asarray(points["y"]), np.asarray(points["theme"])
    area = float(np.clip(9_000 / len(x), 5, 46))
    for (i, name), style in zip(themes.items(), _theme_styles(len(themes)), strict=True):
        own = theme == i
        if own.any():
            axes.scatter(x[own], y[own], s=area, label=f"{name} ({own.sum():,})", alpha=0.85, **style)
    columns = 2 if max(map(len, themes.values())) > 24 else 3
    lines = textwrap.wrap(note, 112)
    axes.text(0, -0.015, "\n".join(lines), transform=axes.transAxes, va="top", fontsize=8.5, color=MUTED)
    axes.legend(loc="upper left", bbox_to_anchor=(0, -0.03 - 0.033 * len(lines)), ncols=columns, frameon=False,
                fontsize=8.5, markerscale=1.2 if area > 20 else 2.2, borderaxespad=0, handletextpad=0.3)  # fmt: skip
    _place_names(axes, topics)
    return figure


def _theme_styles(n: int) -> list[dict[str, Any]]:
    """Return colour and marker for every theme; the last two, which are no themes, are grey."""
    styles: list[dict[str, Any]] = [
        {
            "color": _COLORS[i % len(_COLORS)],
            "marker": _MARKERS[i % len(_MARKERS)],
            "edgecolor": "white",
            "linewidth": 0.3,
        }
        for i in range(n - 2)
    ]
    grey = [{"color": color, "marker": marker, "linewidth": 0.9} for color, marker in ((MUTED, "+"), (_HATCHED, "x"))]
    return [*styles, *grey]


def _place_names(axes: Any, topics: Sequence[tuple[float, float, str]]) -> None:
    """Write the topics' names at their middles or near by, with a line to the middle of those that had to move."""
    box = {"boxstyle": "round,pad=0.25", "facecolor": "white", "edgecolor": GRID, "alpha": 0.9}
    texts = [axes.text(x, y, name, ha="center", va="center", fontsize=8.5, bbox=box, zorder=5) for x, y, name in topics]
    if not texts:
        return
    extents = [text.get_window_extent() for text in texts]
    frame = axes.get_window_extent()
    middles = np.array([axes.transData.transform((x, y)) for x, y, _ in topics])
    halves = np.array([[e.width / 2 + 7, e.height / 2 + 5] for e in extents])
    placed = apart(middles, halves, np.array([[frame.x0, frame.y0], [frame.x1, frame.y1]]))
    for text, middle, place, half in zip(texts, middles, placed, halves, strict=True):
        x, y = axes.transData.inverted().transform(place)
        text.set_position((float(x), float(y)))
        if (np.abs(place - middle) > half).any():
            ends = axes.transData.inverted().transform([middle, place])
            axes.plot(ends[:, 0], ends[:, 1], color=INK, lw=0.7, zorder=4)
            axes.scatter(*ends[0], s=12, color=INK, zorder=4)


def apart(middles: np.ndarray, halves: np.ndarray, frame: np.ndarray) -> np.ndarray:
    """Return where boxes stand so that none covers another: in order, each at the free place nearest to its middle.

    Where no place is free, a box stays at its middle.

    Args:
        middles: boxes × (x, y).
        halves: half of each box's width and height.
        frame: its lower left and upper right corner; no box leaves it.
    """
    placed: np.ndarray = np.clip(middles, frame[0] + halves, frame[1] - halves).astype(float)
    grid = np.stack(np.meshgrid(*(np.arange(a, b, _STEP) for a, b in frame.T)), axis=-1).reshape(-1, 2)
    for i in range(1, len(placed)):
        inside = ((grid >= frame[0] + halves[i]) & (grid <= frame[1] - halves[i])).all(axis=1)
        places = np.vstack([placed[i], grid[inside]])
        covers = (np.abs(places[:, None] - placed[None, :i]) < halves[i] + halves[:i]).all(axis=2).any(axis=1)
        if not covers.all():
            far = np.linalg.norm(places - placed[i], axis=1).round(6)
            placed[i] = places[np.where(covers, np.inf, far).argmin()]
    return placed


def _hatched() -> dict[str, Any]:
    return {"color": "white", "edgecolor": _HATCHED, "hatch": _HATCH, "linewidth": 0.8}


def _name_rows(axes: Any, places: np.ndarray, labels: Sequence[str]) -> None:
    axes.set_yticks(places, [textwrap.shorten(label, _LABEL, placeholder="…") for label in labels])
    axes.tick_params(axis="y", length=0)


def _language_key(axes: Any, names: Sequence[str], rest: str) -> None:
    from matplotlib.patches import Patch

    key = [Patch(color=_COLORS[j % len(_COLORS)], label=name) for j, name in enumerate(names)]
    key += [Patch(facecolor="white", edgecolor=_HATCHED, hatch=_HATCH, label=rest)] if rest else []
    axes.legend(handles=key, loc="lower left", bbox_to_anchor=(0, 1), ncols=4, frameon=False, fontsize=8.5,
                borderaxespad=0.2, handlelength=1.4)  # fmt: skip


def _fitting(name: str, share: float) -> str:
    """Return a language's name with its share, or what of it the bar has room for."""
    for text in (f"{name} {charts.percent(share)}", f"{name[:3]} {charts.percent(share)}"):
        if len(text) * 0.0155 + 0.012 <= share:
            return text
    return charts.percent(share)


def _ink(color: str) -> str:
    """Return the ink that can be read on a colour: white on dark, dark on light (relative luminance, WCAG 2.2)."""
    channels = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return ON_DARK if 1.05 / (luminance + 0.05) >= (luminance + 0.05) / 0.064 else ON_LIGHT
