"""Lies over two numbers that vary in a sweep: a heat map an arm."""

from __future__ import annotations

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib import rc_context
from matplotlib.figure import Figure

from reports.figures.base import STYLE
from reports.sweeps.arms import Swept, numeric
from reports.text import label

METRIC = "report_distance"
MOST_ARMS, COLUMNS = 8, 2
ANNOTATED = 8  # columns, up to which there is room for numbers
WIDTH, HEIGHT = 4.8, 3.6  # of a panel, inches


def tells(swept: Swept) -> bool:
    """Two numbers vary, and together: points of a list may each have one of them."""
    return len(numeric(swept)) >= 2 and bool(_tables(swept))


def figure(swept: Swept) -> Figure:
    """One panel an arm, all on one scale."""
    tables = _tables(swept)
    values = np.concatenate([found.to_numpy().ravel() for found in tables.values()])
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    rows, columns = -(-len(tables) // COLUMNS), min(COLUMNS, len(tables))
    with rc_context(STYLE):
        drawn = Figure(figsize=(WIDTH * columns, HEIGHT * rows), layout="constrained")
        grid = drawn.subplots(rows, columns, squeeze=False).flatten()
        for axes, (arm, found) in zip(grid, tables.items(), strict=False):
            few = max(found.shape) <= ANNOTATED
            sns.heatmap(
                found, ax=axes, vmin=low, vmax=high, cmap="cividis_r", annot=few, fmt=".2g", cbar=not few,
                linewidths=0.6 * few, annot_kws={"fontsize": 8.5},
            )  # fmt: skip
            axes.set_title(label(arm, 30), loc="left", fontsize=11)
            axes.invert_yaxis()
            axes.tick_params(axis="y", rotation=0)
        for axes in grid[len(tables) :]:
            axes.set_axis_off()
    return drawn


def table(swept: Swept, arm: str) -> pd.DataFrame:
    """Means of the lies of an arm over all runs with the same two numbers."""
    across, up = numeric(swept)[:2]
    own = swept.done[swept.done["arm"] == arm].dropna(subset=[across, up])
    runs = own[[across, up, METRIC]].astype(float)
    return runs.pivot_table(index=up, columns=across, values=METRIC, aggfunc="mean")


def _tables(swept: Swept) -> dict[str, pd.DataFrame]:
    tables = {arm: table(swept, arm) for arm in swept.arms[:MOST_ARMS]}
    return {arm: found for arm, found in tables.items() if found.size}


def caption(swept: Swept) -> str:
    """What a cell is."""
    across, up = numeric(swept)[:2]
    said = (
        f"Mean distance of reports from the truth in settled play, over all runs with the same {across} and {up}; "
        f"darker is more, on one scale for all panels. n = {len(swept.done):,} runs."
    )
    left_out = len(swept.arms) - MOST_ARMS
    return said + f" {left_out} more arms are not drawn." * (left_out > 0)
