"""A quantity over the rounds, one curve a mechanism: median and middle half over replicates."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from reports.figures.base import Games, what_varies
from reports.figures.lines import lines
from reports.numbers import number
from reports.text import listed

MOST_POINTS = 300  # longer games are averaged over blocks of rounds


def curves_data(games: Games, column: str) -> pd.DataFrame:
    """``mechanism, round, low, median, high``: quartiles over replicates of the mean over agents."""
    frames = []
    for game in games:
        plays = game.history.of(column)
        rounds, values = blocks(plays if plays.ndim == 2 else plays.mean(-1))
        low, median, high = np.quantile(values, [0.25, 0.5, 0.75], axis=1)
        frames.append(
            pd.DataFrame({"mechanism": game.name, "round": rounds, "low": low, "median": median, "high": high})
        )
    return pd.concat(frames, ignore_index=True)


def draw_curves(games: Games, column: str, axis: str) -> Figure:
    """The zero line always in sight."""
    frame = curves_data(games, column)
    figure, axes = lines(frame, [game.name for game in games], "round", "median", {"xlabel": "round", "ylabel": axis})
    top = max(1.05 * float(frame["high"].max()), 1e-3)
    axes.set_ylim(min(axes.get_ylim()[0], -0.04 * top), top)
    whole_rounds(axes, frame)
    return figure


def whole_rounds(axes: Axes, frame: pd.DataFrame) -> None:
    """Ticks at rounds that were played; a game of one round is a point in the middle."""
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, steps=[1, 2, 5, 10], min_n_ticks=1))
    if frame["round"].max() == 0:
        axes.set_xlim(-0.5, 0.5)


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


def blocks(plays: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """``[T, B]`` averaged over blocks of rounds: their middles, and ``[T / width, B]``."""
    rounds = np.flatnonzero(~np.isnan(plays).all(1))  # those in which it was measured
    starts = np.arange(0, len(rounds), _width(len(rounds)))
    sizes = np.diff([*starts, len(rounds)])[:, None]
    return np.add.reduceat(rounds[:, None], starts)[:, 0] / sizes[:, 0], np.add.reduceat(plays[rounds], starts) / sizes
