"""The arms of a sweep side by side: one row an arm, a dot and its interval for every metric."""

from __future__ import annotations

import seaborn as sns
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from reports.figures.base import STYLE, colours, interval_method, markers
from reports.sweeps.arms import DRAWN, Swept, estimates
from reports.text import label
from simulate.statistics import Estimate

WIDTH, ROW = 9.6, 0.42  # inches
LONG = 30  # letters of an arm
MOST_ARMS = 20


def tells(swept: Swept) -> bool:
    """There are arms to compare, and no more than fit a page."""
    return 2 <= len(swept.arms) <= MOST_ARMS


def figure(swept: Swept) -> Figure:
    """Panels share their rows."""
    found = estimates(swept)
    with rc_context(STYLE):
        height = 2 * (1.1 + ROW * len(swept.arms))
        drawn = Figure(figsize=(WIDTH, height), layout="constrained")
        grid = drawn.subplots(2, 2, sharey=True).flatten()
        for axes, metric in zip(grid, DRAWN, strict=True):
            _panel(axes, metric, [found[metric][arm] for arm in swept.arms])
        grid[0].set_yticks(range(len(swept.arms)), [label(arm, LONG) for arm in swept.arms])
        grid[0].set_ylim(len(swept.arms) - 0.5, -0.5)
    return drawn


def caption(swept: Swept) -> str:
    """What a dot is."""
    return (
        f"Interquartile mean of every arm over the whole grid, in settled play; bar: {interval_method()}, over draws. "
        f"n = {len(swept.done):,} runs. Losses of arms with different training rules, divergences or beta are in units "
        "of their own."
    )


def _panel(axes: Axes, metric: str, found: list[Estimate]) -> None:
    count = len(found)
    axes.axvline(0, color="#444444", linewidth=1)
    for row, (one, colour, marker) in enumerate(zip(found, colours(count), markers(count), strict=True)):
        # The interquartile mean lies inside its interval but for rounding.
        reach = [[max(0.0, one.iqm - one.low)], [max(0.0, one.high - one.iqm)]]
        axes.errorbar([one.iqm], [row], xerr=reach, fmt=marker, color=colour, markersize=7, capsize=3, linewidth=1.6)
    axes.set_title(metric.replace("_", " "), loc="left", fontsize=11)
    axes.grid(axis="y", visible=False)
    sns.despine(ax=axes, left=True)
