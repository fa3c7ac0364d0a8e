"""Lines with bands, one a mechanism, told apart by colour, dash and marker."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
import seaborn as sns
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from reports.figures.base import STYLE, colours, dashes, markers
from reports.text import label

FEW = 4  # mechanisms; the bands of more lie over each other, and are fainter


def lines(
    frame: pd.DataFrame, names: Sequence[str], x: str, middle: str, said: dict[str, Any], steps: str | None = None
) -> tuple[Figure, Axes]:
    """``middle`` over ``x`` with a band from ``low`` to ``high``; ``said`` names the axes."""
    count, labels = len(names), {name: label(name, 40) for name in names}
    how = {} if steps is None else {"drawstyle": f"steps-{steps}"}
    with rc_context(STYLE):
        figure = Figure(figsize=(9, 4.4), layout="constrained")
        axes = figure.subplots()
        every = max(1, int(frame.groupby("mechanism")[x].size().max()) // 12)
        sns.lineplot(
            frame.replace({"mechanism": labels}), x=x, y=middle, hue="mechanism", style="mechanism",
            palette=colours(count), dashes=dashes(count), markers=markers(count), markevery=every, markersize=6,
            linewidth=1.8, estimator=None, ax=axes, **how,
        )  # fmt: skip
        for name, colour in zip(names, colours(count), strict=True):
            own = frame[frame["mechanism"] == name]
            band: dict[str, Any] = {
                "color": colour,
                "alpha": 0.18 if count <= FEW else 0.07,
                "linewidth": 0,
                "step": steps,
            }
            axes.fill_between(own[x], own["low"], own["high"], **band)
        axes.set(**said)
        place = {"bbox_to_anchor": (0.5, 1.0), "ncol": min(count, 3), "handlelength": 3.5}
        sns.move_legend(axes, "lower center", title=None, frameon=False, **place)
    return figure, axes
