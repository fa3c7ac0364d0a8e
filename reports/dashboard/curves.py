"""One picture of the dashboard: what happened so far, as lines over the rounds."""

from __future__ import annotations

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from reports.dashboard.panels import Panel
from reports.figures.base import STYLE, colours, dashes, markers
from reports.numbers import number
from reports.text import label, listed
from simulate.history import History

MOST_LINES = 8  # agents with a line of their own
SIZE = (5.0, 3.1)
MARGINS = {"left": 0.16, "right": 0.97, "bottom": 0.16, "top": 0.9}  # a layout made to fit would double the time


def curves(history: History, panel: Panel) -> Figure:
    """Means over replicates, the lines told apart by colour, dash and marker; empty before the first round."""
    with rc_context(STYLE):
        figure = Figure(figsize=SIZE)
        axes = figure.subplots(gridspec_kw=MARGINS)
        if len(history):
            _lines(axes, history, panel.column)
        axes.set(xlabel="round", ylabel=panel.axis, title=panel.title)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    return figure


def said(history: History, panel: Panel) -> str:
    """The last values in words, for whoever does not see the picture."""
    if not len(history):
        return f"{panel.title} No round has been played."
    last = [f"{number(values[-1])}{f' ({name})' if name else ''}" for name, values in _series(history, panel.column)]
    return f"{panel.title} In round {len(history)} the {panel.axis} is {listed(last)}."


def _lines(axes: Axes, history: History, column: str) -> None:
    series = _series(history, column)
    looks = zip(series, colours(len(series)), dashes(len(series)), markers(len(series)), strict=True)
    for (name, values), colour, dash, marker in looks:
        rounds, every = range(1, len(values) + 1), max(1, len(values) // 12)
        (line,) = axes.plot(rounds, values, color=colour, marker=marker, markevery=every, markersize=4, label=name)
        if dash:
            line.set_dashes(dash)
    if series[0][0]:
        axes.legend(frameon=False, fontsize="small")


def _series(history: History, column: str) -> list[tuple[str, list[float]]]:
    """Of each agent, or of the market under no name: means over replicates, a value a round."""
    plays = history.of(column)
    if plays.ndim == 2:
        return [("", plays.mean(1).tolist())]
    means = plays.mean(1)[:, :MOST_LINES]
    return [(label(name), values.tolist()) for name, values in zip(history.agents, means.T, strict=False)]
