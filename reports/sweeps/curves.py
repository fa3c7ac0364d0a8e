"""The arms of a sweep over a number that varies in it: curves with bands."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from reports.beyond.base import Panel, Picture, picture
from reports.sweeps.arms import DRAWN, Swept, by_draws, numeric
from simulate.beyond.base import Found, Point, resampled


def tells(swept: Swept) -> bool:
    """Some number varies."""
    return bool(numeric(swept))


def along(swept: Swept) -> str:
    """The first number that varies."""
    return numeric(swept)[0]


def found(swept: Swept, key: str) -> Found:
    """Means over all runs with the same value of ``key``, by arm."""
    points = [
        _point(metric, arm, float(str(x)), by_draws(own, metric))
        for metric in DRAWN
        for arm in swept.arms  # so that an arm has the same colour in every figure
        for x, own in swept.done[swept.done["arm"] == arm].groupby(key)
    ]
    return Found(tuple(point for point in points if point is not None), (), len(swept.done))


def figure(swept: Swept) -> Figure:
    """One panel a metric."""
    key = along(swept)
    across = "log" if (swept.done[key].astype(float) > 0).all() else "linear"
    titles = {metric: metric.replace("_", " ") for metric in DRAWN}
    panels = tuple(Panel(m, titles[m], key, "mean in settled play", across) for m in DRAWN)
    return picture(Picture(panels, "", columns=2), found(swept, key))


def caption(swept: Swept) -> str:
    """What is drawn, and what varies."""
    return (
        f"Means over all runs with the same {along(swept)}, one line an arm; band: 95 % percentile bootstrap interval "
        f"of the mean over draws. n = {len(swept.done):,} runs; whatever else varies in the sweep is averaged over."
    )


def _point(metric: str, arm: str, x: float, values: np.ndarray) -> Point | None:
    if not len(values):
        return None
    return Point(metric, arm, x, float(values.mean()), *resampled(values), len(values), "measured")
