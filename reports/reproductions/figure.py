"""The figure of an experiment: a picture a panel, a line with a band for everything that is compared."""

from __future__ import annotations

from math import ceil

import pandas as pd
import seaborn as sns
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from reports.figures.base import STYLE, colours, dashes, markers
from simulate.reproductions.base import Drawing, Panel

ACROSS = 2  # panels


def figure(drawing: Drawing) -> Figure:
    """Lines keep their colour, dash and marker from panel to panel; the legend stands above."""
    names = list(dict.fromkeys(drawing.frame["line"]))
    rows = ceil(len(drawing.panels) / ACROSS)
    with rc_context(STYLE):
        page = Figure(figsize=(9.5, 0.5 + 3.5 * rows), layout="constrained")
        places = page.subplots(rows, ACROSS, squeeze=False).ravel()
        for axes, panel in zip(places, drawing.panels, strict=False):
            _draw(axes, drawing, panel, names)
        for axes in places[len(drawing.panels) :]:
            axes.set_axis_off()
        handles = {
            text: handle for axes in places for handle, text in zip(*axes.get_legend_handles_labels(), strict=True)
        }
        page.legend(
            [handles[name] for name in names if name in handles], [name for name in names if name in handles],
            loc="outside upper center", ncol=3, frameon=False, handlelength=3.5,
        )  # fmt: skip
    return page


def _draw(axes: Axes, drawing: Drawing, panel: Panel, names: list[str]) -> None:
    frame = drawing.frame[drawing.frame["panel"] == panel.name]
    for name, colour, dash, marker in zip(
        names, colours(len(names)), dashes(len(names)), markers(len(names)), strict=True
    ):
        own = frame[frame["line"] == name].sort_values("x")
        if len(own):
            style = {"color": colour, "dashes": dash} if dash else {"color": colour}
            axes.plot(own["x"], own["value"], marker=marker, markersize=5, linewidth=1.7, label=name, **style)
            axes.fill_between(own["x"], own["low"], own["high"], color=colour, alpha=0.14, linewidth=0)
    axes.set(title=panel.name, xlabel=drawing.x, ylabel=panel.axis)
    axes.title.set_fontsize("medium")
    if drawing.logarithmic:
        axes.set_xscale("log", base=2)
        axes.xaxis.set_major_formatter("{x:g}")
    if panel.logarithmic and _positive(frame):
        axes.set_yscale("log")
    else:
        axes.set_ylim(*_with_nought(frame))
    sns.despine(ax=axes)


def _positive(frame: pd.DataFrame) -> bool:
    return bool((frame[["value", "low"]] > 0).all(axis=None))


def _with_nought(frame: pd.DataFrame) -> tuple[float, float]:
    """Nought is in sight, and nothing touches the frame."""
    low, high = min(0.0, float(frame["low"].min())), max(0.0, float(frame["high"].max()))
    room = 0.05 * (high - low) or 1.0
    return low - room * (low < 0), high + room
