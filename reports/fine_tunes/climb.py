"""What every step of training saw: rewards of each agent, and the distance from the reference."""

from __future__ import annotations

import pandas as pd
import seaborn as sns
from matplotlib import rc_context
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from reports.figures.base import STYLE, colours, dashes
from reports.text import label
from simulate.fine_tuning.folder import FineTune

SMOOTH = 5  # steps that the thick lines are means over
MOST = 8  # agents with a line of their own


def climb(tune: FineTune) -> Figure:
    """Rewards at the truth above, KL below; thin lines are single steps, thick ones means over the last five."""
    names = [row["name"] for row in tune.summary["agents"]][:MOST]
    with rc_context(STYLE):
        figure = Figure(figsize=(9, 5.4), layout="constrained")
        upper, lower = figure.subplots(2, sharex=True, height_ratios=(2, 1))
        for name, colour, dash in zip(names, colours(len(names)), dashes(len(names)), strict=True):
            _line(upper, tune.steps, f"reward.{name}", colour, dash, label(name))
        _line(lower, tune.steps, "kl", "#444444", (), None)
        upper.set(ylabel="reward at the truth")
        lower.set(xlabel="step", ylabel="KL from the\nreference, nats")
        lower.xaxis.set_major_locator(MaxNLocator(integer=True, steps=[1, 2, 5, 10], min_n_ticks=1))
        upper.legend(frameon=False, loc="lower center", bbox_to_anchor=(0.5, 1.0), ncol=min(len(names), 4))
    return figure


def finding(tune: FineTune) -> str:
    """Where it begins and ends, in words."""
    first, last = tune.steps.head(SMOOTH), tune.steps.tail(SMOOTH)
    names = [row["name"] for row in tune.summary["agents"]][:MOST]
    said = [f"{name} {_mean(first, f'reward.{name}')} to {_mean(last, f'reward.{name}')}" for name in names]
    return f"From the first {len(first)} steps to the last: {', '.join(said)}, KL {_mean(last, 'kl')} nats at the end."


def _line(axes: object, steps: pd.DataFrame, column: str, colour: str, dash: object, name: str | None) -> None:
    sns.lineplot(x=steps["step"], y=steps[column], color=colour, alpha=0.3, linewidth=0.9, ax=axes, legend=False)
    smooth = steps[column].rolling(SMOOTH, min_periods=1).mean()
    style = {"dashes": dash} if dash else {}
    sns.lineplot(x=steps["step"], y=smooth, color=colour, linewidth=2, label=name, ax=axes, legend=False, **style)


def _mean(rows: pd.DataFrame, column: str) -> str:
    return f"{rows[column].mean():.3f}"
