"""A quantity over the rounds, one curve a mechanism: median and middle half over replicates."""

from __future__ import annotations

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib import rc_context
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from reports.figures.base import STYLE, Games, colours, dashes, markers, what_varies
from reports.tables.terminal import number
from reports.text import label, listed

MOST_POINTS = 300  # longer games are averaged over blocks of rounds


def curves_data(games: Games, column: str) -> pd.DataFrame:
    """``mechanism, round, low, median, high``: quartiles over replicates of the mean over agents."""
    frames = []
    for game in games:
        plays = game.history.of(column)
        rounds, values = _blocks(plays if plays.ndim == 2 else plays.mean(-1))
        low, median, high = np.quantile(values, [0.25, 0.5, 0.75], axis=1)
        frames.append(
            pd.DataFrame({"mechanism": game.name, "round": rounds, "low": low, "median": median, "high": high})
        )
    return pd.concat(frames, ignore_index=True)


def draw_curves(games: Games, column: str, axis: str) -> Figure:
    """Lines told apart by colour, dash and marker; the zero line always in sight."""
    frame, names = curves_data(games, column), [game.name for game in games]
    labels = {name: label(name, 40) for name in names}
    count = len(names)
    with rc_context(STYLE):
        figure = Figure(figsize=(9, 4.4), layout="constrained")
        axes = figure.subplots()
        every = max(1, int(frame.groupby("mechanism")["round"].size().max()) // 12)
        sns.lineplot(
            frame.replace({"mechanism": labels}), x="round", y="median", hue="mechanism", style="mechanism",
            palette=colours(count), dashes=dashes(count), markers=markers(count), markevery=every, markersize=6,
            linewidth=1.8, estimator=None, ax=axes,
        )  # fmt: skip
        for name, colour in zip(names, colours(count), strict=True):
            own = frame[frame["mechanism"] == name]
            axes.fill_between(own["round"], own["low"], own["high"], color=colour, alpha=0.18, linewidth=0)
        axes.set(xlabel="round", ylabel=axis)
        top = max(1.05 * float(frame["high"].max()), 1e-3)
        axes.set_ylim(min(axes.get_ylim()[0], -0.04 * top), top)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, steps=[1, 2, 5, 10], min_n_ticks=1))
        if frame["round"].max() == 0:
            axes.set_xlim(-0.5, 0.5)
        place = {"bbox_to_anchor": (0.5, 1.0), "ncol": min(count, 3), "handlelength": 3.5}
        sns.move_legend(axes, "lower center", title=None, frameon=False, **place)
    return figure


def curves_caption(games: Games, what: str) -> str:
    """What is drawn, over how many replicates, and what the band is."""
    width = _width(max(len(game.history) for game in games))
    blocks = f" Every point is a mean over {width} rounds." if width > 1 else ""
    return f"{what}: median (line) and interquartile range (band) over replicates. {what_varies(games)}{blocks}"


def curves_finding(games: Games, column: str) -> str:
    """Where every curve ends."""
    frame = curves_data(games, column)
    ends = [f"{number(own['median'].iloc[-1])} under {name}" for name, own in frame.groupby("mechanism", sort=False)]
    return f"The median ends at {listed(ends)}."


def _width(rounds: int) -> int:
    return -(-rounds // MOST_POINTS)


def _blocks(plays: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """``[T, B]`` averaged over blocks of rounds: their middles, and ``[T / width, B]``."""
    rounds = np.flatnonzero(~np.isnan(plays).all(1))  # those in which it was measured
    starts = np.arange(0, len(rounds), _width(len(rounds)))
    sizes = np.diff([*starts, len(rounds)])[:, None]
    return np.add.reduceat(rounds[:, None], starts)[:, 0] / sizes[:, 0], np.add.reduceat(plays[rounds], starts) / sizes
