"""Under which mechanism does lying pay, and in how many replicates?"""

from __future__ import annotations

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib import rc_context
from matplotlib.figure import Figure

from reports.figures.base import STYLE, Games, Illustration, colours, interval_method, markers, what_varies
from reports.figures.who_gains import missing
from reports.numbers import number
from reports.text import label
from simulate.metrics import METRICS
from simulate.statistics import Estimate, estimate

METRIC = "utility_gain"
MOST_DOTS = 200  # replicates drawn one by one
ROUNDING = 1e-6  # gains below this are rounding
GOLDEN = 0.618034  # steps of it spread dots evenly, and the same way every time


def data(games: Games) -> pd.DataFrame:
    """``mechanism, replicate, gain``: the mean over agents, in settled play."""
    frames = []
    for game in games:
        columns = {"replicate": game.history.replicates, "gain": METRICS[METRIC].value(game.history)}
        frames.append(pd.DataFrame({"mechanism": game.name, **columns}))
    return pd.concat(frames, ignore_index=True)


def manipulation_gain(games: Games) -> Figure:
    """A row a mechanism: a dot for each replicate, a box around the middle half, the verdict's number below."""
    count, frame = len(games), data(games)
    with rc_context(STYLE):
        figure = Figure(figsize=(9, 1.3 + 0.62 * count), layout="constrained")
        axes = figure.subplots()
        axes.axvline(0, color="#444444", linewidth=1)
        for row, (game, colour, marker) in enumerate(zip(games, colours(count), markers(count), strict=True)):
            own = frame.loc[frame["mechanism"] == game.name, "gain"].to_numpy()
            low, median, high = np.nanquantile(own, [0.25, 0.5, 0.75])
            axes.barh(row, high - low, 0.5, left=low, color="#ebebeb", edgecolor="#777777", linewidth=0.8)
            axes.vlines(median, row - 0.25, row + 0.25, color="#555555", linewidth=1.4)
            own = own[:MOST_DOTS]
            across = row + 0.36 * ((GOLDEN * np.arange(len(own))) % 1 - 0.5)
            axes.scatter(own, across, 26, color=colour, marker=marker, alpha=0.75, linewidths=0, zorder=3)
            found = _settled(games)[game.name]
            axes.errorbar(
                [found.iqm], [row + 0.38], xerr=[[max(found.iqm - found.low, 0)], [max(found.high - found.iqm, 0)]],
                fmt="|", color="black", markersize=9, capsize=3, linewidth=1.6, zorder=4,
            )  # fmt: skip
        axes.set_yticks(range(count), [label(game.name, 30) for game in games])
        axes.set_ylim(count - 0.4, -0.5)
        if frame["gain"].abs().max() < 1e-9:
            axes.set_xlim(-1, 1)
        axes.set(xlabel="gain over telling the truth, mean over agents, in units of utility", ylabel="")
        axes.grid(axis="y", visible=False)
        sns.despine(ax=axes, left=True)
    return figure


def caption(games: Games) -> str:
    """What a dot, the box and the bar are."""
    most = max(len(game.history.replicates) for game in games)
    some = f" The first {MOST_DOTS} replicates have dots." if most > MOST_DOTS else ""
    return (
        "Utility in settled play (last fifth of the rounds) minus what the truth would have brought against the same "
        "reports of the others, mean over agents. Dot: a replicate; box: middle half, with its median; "
        f"bar below: interquartile mean with its {interval_method()}. {what_varies(games)}{some}"
    )


def finding(games: Games) -> str:
    """How large the gain is, and how often it is one."""
    sentences = []
    for name, own in data(games).groupby("mechanism", sort=False):
        found, gained = _settled(games)[str(name)], int((own["gain"] > ROUNDING).sum())
        said = f"{number(found.iqm)} [{number(found.low)}, {number(found.high)}]"
        sentences.append(f"Under {name} lying gained {said} an agent, and more than nothing in {gained} of {len(own)}.")
    return " ".join(sentences)


def _settled(games: Games) -> dict[str, Estimate]:
    return {game.name: estimate(METRICS[METRIC].value(game.history), game.config.seed) for game in games}


MANIPULATION_GAIN = Illustration("Does lying pay?", data, manipulation_gain, caption, finding, missing)
