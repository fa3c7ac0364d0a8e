"""A picture of an experiment: panels side by side, a curve with a band for every series."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import pandas as pd
import seaborn as sns
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, NullFormatter, NullLocator, PercentFormatter

from reports.figures.base import STYLE, colours, dashes, markers
from reports.numbers import number
from reports.text import listed
from simulate.beyond.base import Experiment, Found

WIDTH, HEIGHT = 4.9, 3.7  # of a panel, inches
DERIVED = "#333333"
NEAR_ZERO = 0.5  # the zero line is shown where curves come nearer to it than half of the way
APART, MOST_TICKS = 1.3, 8  # neighbouring ticks on a logarithmic axis, as a ratio
LONG = 30  # letters of a series; longer ones get a line each in the legend


@dataclass(frozen=True)
class Panel:
    """One quantity over x."""

    quantity: str
    title: str
    x: str  # what the horizontal axis says
    y: str
    across: str = "log"  # scale
    up: str = "linear"
    share: bool = False  # is the vertical axis in per cent?


@dataclass(frozen=True)
class Picture:
    """The panels, and what the caption says beyond setting, n and interval."""

    panels: tuple[Panel, ...]
    said: str
    columns: int = 2


def picture(drawn: Picture, found: Found) -> Figure:
    """All panels; a series has the same colour, dash and marker in each."""
    frame, count = found.frame(), len(drawn.panels)
    columns = min(drawn.columns, count)
    rows = -(-count // columns)
    names = list(dict.fromkeys(name for panel in drawn.panels for name in _of(frame, panel)["series"]))
    looks = _looks(frame, names)
    with rc_context(STYLE):
        figure = Figure(figsize=(WIDTH * columns, HEIGHT * rows), layout="constrained")
        grid = figure.subplots(rows, columns, squeeze=False).flatten()
        for axes, panel in zip(grid, drawn.panels, strict=False):
            _panel(axes, panel, _of(frame, panel), looks)
        for axes in grid[count:]:
            axes.set_axis_off()
    return figure


def caption(drawn: Picture, experiment: Experiment, found: Found) -> str:
    """What is drawn, over how many games, and what the band is."""
    derived = any(point.status == "derived" for point in found.points)
    return (
        f"{drawn.said} Line: mean over games; band: 95 % interval of the mean (percentile bootstrap over games, "
        f"Wilson's for shares of games). n = {found.games} games, each on a random stream of its own: "
        f"{experiment.setting}." + derived * " Dark lines without markers are derived, not measured."
    )


def finding(drawn: Picture, found: Found) -> str:
    """Where every curve ends, in words: the alternative text."""
    sentences = []
    for panel in drawn.panels:
        ends = _of(found.frame(), panel).groupby("series", sort=False).last()
        said = listed(f"{number(row.value)} for {name}" for name, row in ends.iterrows())
        sentences.append(f"{panel.title}: ends at {said}.")
    return " ".join(sentences)


def _of(frame: pd.DataFrame, panel: Panel) -> pd.DataFrame:
    return frame[frame["quantity"] == panel.quantity].dropna(subset=["value"])


def _looks(frame: pd.DataFrame, names: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Derived series are dotted and dark; the others take the colours of the house."""
    derived = set(frame.loc[frame["status"] == "derived", "series"])
    seen = [name for name in names if name not in derived]
    looks = {
        name: {"color": colour, "marker": marker, "dashes": dash or (None, None)}
        for name, colour, marker, dash in zip(
            seen, colours(len(seen)), markers(len(seen)), dashes(len(seen)), strict=True
        )
    }
    return looks | {name: {"color": DERIVED, "marker": "", "dashes": (1, 1.5)} for name in names if name in derived}


def _panel(axes: Axes, panel: Panel, frame: pd.DataFrame, looks: dict[str, dict[str, Any]]) -> None:
    if panel.up == "log":
        frame = frame[frame["value"] > 0]
    for name, own in frame.groupby("series", sort=False):
        look = looks[str(name)]
        axes.plot(own["x"], own["value"], label=str(name), linewidth=1.7, markersize=5.5, **look)
        axes.fill_between(own["x"], own["low"], own["high"], color=look["color"], alpha=0.15, linewidth=0)
    axes.set(xscale=panel.across, yscale=panel.up, xlabel=panel.x, ylabel=panel.y)
    axes.set_title(panel.title, loc="left", fontsize=11)
    _ticks(axes, panel, sorted(set(frame["x"])))
    if panel.up == "linear" and frame["low"].min() < NEAR_ZERO * frame["high"].max():
        axes.axhline(0, color="#444444", linewidth=0.9, zorder=1)
    if frame["series"].nunique() > 1:  # below, where no curve is hidden
        columns = 1 if max(map(len, frame["series"])) > LONG else 2
        axes.legend(
            loc="upper left", bbox_to_anchor=(0, -0.17), ncol=columns, fontsize=8.5, frameon=False, handlelength=3.4
        )
    sns.despine(ax=axes)


def _ticks(axes: Axes, panel: Panel, places: Sequence[float]) -> None:
    """Where something was measured, if there is room; plain numbers, for no mathematics is set here."""
    plain = FuncFormatter(lambda value, _: f"{value:g}")
    room = all(later / earlier > APART for earlier, later in pairwise(places)) and len(places) <= MOST_TICKS
    if panel.across == "log":
        axes.xaxis.set_major_locator(FixedLocator(places) if room else LogLocator(subs=(1.0, 2.0, 5.0)))
        axes.xaxis.set_minor_locator(NullLocator())
    elif all(float(place).is_integer() for place in places):
        axes.xaxis.set_major_locator(FixedLocator(places))
    axes.xaxis.set_major_formatter(plain)
    if panel.up == "log":
        axes.yaxis.set_major_formatter(plain)
        axes.yaxis.set_minor_formatter(NullFormatter())
    elif panel.share:
        axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
