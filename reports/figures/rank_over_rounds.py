"""Which mechanism leads, round by round?"""

from __future__ import annotations

import numpy as np
import pandas as pd
import scipy
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from reports.figures.base import Games, Illustration, ranked_by, what_varies
from reports.figures.curves import blocks, whole_rounds
from reports.figures.lines import lines
from reports.numbers import number
from reports.text import listed
from simulate.metrics import METRICS
from simulate.statistics import LEVEL, RESAMPLES, mean_intervals


def data(games: Games) -> pd.DataFrame:
    """``mechanism, round, rank, low, high``: the mean rank over replicates, 1 the best."""
    column = ranked_by(games)
    sign = -1 if METRICS[column].better == "higher" else 1
    length = min(len(game.history) for game in games)
    played = [blocks(game.history.of(column)[:length]) for game in games]
    values = np.stack([sign * found for _, found in played])  # [mechanisms, T, B]
    ranks = scipy.stats.rankdata(np.round(values, 9), axis=0)  # ties share a rank; differences by rounding are ties
    frames = []
    for game, (rounds, _), own in zip(games, played, ranks, strict=True):
        low, high = mean_intervals(own.T, game.config.seed)
        columns = {"round": rounds, "rank": own.mean(1), "low": low, "high": high}
        frames.append(pd.DataFrame({"mechanism": game.name, **columns}))
    return pd.concat(frames, ignore_index=True)


def rank_over_rounds(games: Games) -> Figure:
    """The best at the top."""
    frame = data(games)
    said = {"xlabel": "round", "ylabel": "mean rank"}
    figure, axes = lines(frame, [game.name for game in games], "round", "rank", said)
    axes.set_ylim(len(games) + 0.15, 0.85)
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    whole_rounds(axes, frame)
    return figure


def caption(games: Games) -> str:
    """By what mechanisms are ranked, and what the band is."""
    return (
        f"Rank among the {len(games)} mechanisms by {ranked_by(games).replace('_', ' ')} in the same round of the same "
        f"replicate, 1 the best, ties shared: mean over replicates, with its {LEVEL:.0%} percentile bootstrap interval "
        f"({RESAMPLES} resamples). {what_varies(games)}"
    )


def finding(games: Games) -> str:
    """The first and the last round's ranks."""
    frame = data(games)
    ends = [
        f"{name} from {number(own['rank'].iloc[0])} to {number(own['rank'].iloc[-1])}"
        for name, own in frame.groupby("mechanism", sort=False)
    ]
    return f"From the first round to the last the mean rank goes {listed([f'under {end}' for end in ends])}."


def missing(games: Games) -> str | None:
    """Ranks are among several mechanisms that met the same replicates."""
    if len(games) == 1:
        return "Not drawn: one mechanism has no rank."
    if len({(game.config.seed, game.history.replicates) for game in games}) > 1:
        return "Not drawn: the replicates are not the same under all mechanisms, so nothing is ranked within one."
    if any(np.isnan(game.history.of(ranked_by(games))).any() for game in games):
        return f"Not drawn: {ranked_by(games).replace('_', ' ')} was not measured in every round."
    return None


RANK_OVER_ROUNDS = Illustration("Who leads, round by round?", data, rank_over_rounds, caption, finding, missing)
