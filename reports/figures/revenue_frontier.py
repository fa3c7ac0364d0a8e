"""What does the provider earn, for how much welfare?"""

from __future__ import annotations

from dataclasses import asdict

import pandas as pd
import seaborn as sns
from matplotlib import rc_context
from matplotlib.figure import Figure

from reports.figures.base import STYLE, Games, Illustration, colours, interval_method, markers, what_varies
from reports.figures.crosses import crosses
from reports.numbers import number
from reports.text import label, listed
from simulate.metrics import METRICS
from simulate.statistics import estimate

AXES = ("social_welfare", "revenue")
ROUNDING = 1e-9


def data(games: Games) -> pd.DataFrame:
    """``mechanism``, both quantities with ``_low`` and ``_high``, and whether another mechanism beats it both ways."""
    rows = []
    for game in games:
        row: dict[str, object] = {"mechanism": game.name}
        for metric in AXES:
            found = asdict(estimate(METRICS[metric].value(game.history), game.config.seed))
            row |= {metric: found["iqm"], f"{metric}_low": found["low"], f"{metric}_high": found["high"]}
        rows.append(row)
    frame = pd.DataFrame(rows)
    return frame.assign(dominated=[_dominated(frame, row) for row in range(len(frame))])


def revenue_frontier(games: Games) -> Figure:
    """Right and up is better; a dashed line joins the mechanisms that no other one beats both ways."""
    frame, count = data(games), len(games)
    with rc_context(STYLE):
        figure = Figure(figsize=(9, 4.6), layout="constrained")
        axes = figure.subplots()
        axes.axhline(0, color="#444444", linewidth=1)
        edge = frame[~frame["dominated"]].sort_values(list(AXES))
        axes.plot(edge[AXES[0]], edge[AXES[1]], color="#888888", linewidth=1.2, linestyle=(0, (5, 3)), zorder=1)
        for row, colour, marker in zip(range(count), colours(count), markers(count), strict=True):
            own = frame.iloc[[row]]
            crosses(axes, own, *AXES, colour)
            axes.scatter(
                own[AXES[0]], own[AXES[1]], 75, color=colour, marker=marker, edgecolors="white", linewidths=0.7,
                label=label(str(own["mechanism"].iloc[0]), 40), zorder=3,
            )  # fmt: skip
        axes.margins(0.08)
        axes.set(xlabel="social welfare", ylabel="revenue: sum of payments")
        axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncol=min(count, 3), frameon=False)
        sns.despine(ax=axes)
    return figure


def caption(games: Games) -> str:
    """What a point is, and what revenue leaves out."""
    return (
        "Sum of payments against social welfare (true weight times expected reward), both of a round in settled play "
        f"(last fifth of the rounds). Point: interquartile means; bars: {interval_method()}, each way for itself. "
        "Revenue is before the cost of training. Dashed: mechanisms that none beats in both; differences within the "
        f"bars may be chance. {what_varies(games)}"
    )


def finding(games: Games) -> str:
    """Who is on the frontier, and where."""
    frame = data(games)
    edge = frame[~frame["dominated"]]
    columns = (edge["mechanism"], edge["revenue"], edge["social_welfare"])
    names = [f"{name} ({number(earned)} for {number(welfare)})" for name, earned, welfare in zip(*columns, strict=True)]
    return f"No mechanism has more of both revenue and welfare than {listed(names)}."


def missing(games: Games) -> str | None:
    """A frontier takes several mechanisms, and numbers."""
    if len(games) == 1:
        return "Not drawn: one mechanism makes no frontier."
    if data(games)[list(AXES)].isna().to_numpy().any():
        return "Not drawn: welfare or revenue is not a number under every mechanism."
    return None


def _dominated(frame: pd.DataFrame, row: int) -> bool:
    """Whether some mechanism has no less of either and more of one."""
    gap = frame[list(AXES)] - frame[list(AXES)].iloc[row]
    return bool(((gap >= -ROUNDING).all(axis=1) & (gap > ROUNDING).any(axis=1)).any())


REVENUE_FRONTIER = Illustration(
    "What does the provider earn, for how much welfare?", data, revenue_frontier, caption, finding, missing
)
