"""The arms of a sweep over a number that varies in it."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from reports.beyond.base import Panel, Picture, picture
from reports.sweeps.arms import Swept, by_draws
from simulate.beyond.base import Found, Point, resampled

DRAWN = ("report_distance", "welfare_loss", "utility_gain", "revenue")


def along(swept: Swept) -> str | None:
    """The first key that varies and is a number in at least three games; None where none is."""
    numeric = (k for k in swept.varies if k in swept.runs and swept.runs[k].dtype == "Float64")
    return next((key for key in numeric if swept.done[key].nunique() >= 3), None)


def found(swept: Swept, key: str) -> Found:
    """Means over all runs with the same value of ``key``, by arm."""
    points = [
        _point(metric, str(arm), float(str(x)), by_draws(own, metric))
        for metric in DRAWN
        for (arm, x), own in swept.done.groupby(["arm", key], sort=True)
    ]
    return Found(tuple(point for point in points if point is not None), (), len(swept.done))


def figure(swept: Swept, key: str) -> Figure:
    """One panel a metric."""
    across = "log" if (swept.done[key].astype(float) > 0).all() else "linear"
    titles = {metric: metric.replace("_", " ") for metric in DRAWN}
    panels = tuple(Panel(m, titles[m], key, "mean in settled play", across) for m in DRAWN)
    return picture(Picture(panels, "", columns=2), found(swept, key))


def caption(swept: Swept, key: str) -> str:
    """What is drawn, and what varies."""
    return (
        f"Means over all runs with the same {key}, one line an arm; band: 95 % percentile bootstrap interval of the "
        f"mean over draws. n = {len(swept.done):,} runs; whatever else varies in the sweep is averaged over."
    )


def _point(metric: str, arm: str, x: float, values: np.ndarray) -> Point | None:
    if not len(values):
        return None
    return Point(metric, arm, x, float(values.mean()), *resampled(values), len(values), "measured")
