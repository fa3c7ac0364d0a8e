"""A number of every agent under every mechanism, in settled play: one row an agent, one dot a mechanism."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict

import pandas as pd
import seaborn as sns
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from reports.figures.base import STYLE, Games, colours, markers
from reports.settled import MOST_AGENTS, per_agent, shown_agents
from reports.text import label
from simulate.statistics import estimate


def agents_data(games: Games, column: str) -> pd.DataFrame:
    """``mechanism, agent, mean, iqm, low, high`` over replicates."""
    rows = []
    chosen = shown_agents([game.history for game in games])
    for game in games:
        values = per_agent(game.history, column)
        for agent in chosen:
            found = asdict(estimate(values[:, agent], game.config.seed))
            rows.append({"mechanism": game.name, "agent": game.history.agents[agent], **found})
    return pd.DataFrame(rows)


def draw_dots(games: Games, panels: Mapping[str, pd.DataFrame]) -> Figure:
    """A panel for each frame of `agents_data`, by what its numbers are."""
    count = len(games)
    agents = list(dict.fromkeys(next(iter(panels.values()))["agent"]))
    with rc_context(STYLE):
        size = (9, 1.6 + len(agents) * max(0.42, 0.15 * count))
        figure = Figure(figsize=size, layout="constrained")
        grid = figure.subplots(1, len(panels), sharey=True, squeeze=False)[0]
        for axes, (said, frame) in zip(grid, panels.items(), strict=True):
            _draw(axes, games, frame, len(agents))
            axes.set(xlabel=said, ylabel="")
        grid[0].set_yticks(range(len(agents)), [label(agent) for agent in agents])
        handles, labels = grid[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside upper center", ncol=min(count, 3), frameon=False)
    return figure


def who_is_shown(games: Games) -> str:
    """A sentence on those left out, or nothing."""
    agents = len(games[0].history.agents)
    if agents <= MOST_AGENTS:
        return ""
    return f" Shown are the {MOST_AGENTS} of {agents:,} agents with the largest gain or loss from lying."


def _draw(axes: Axes, games: Games, frame: pd.DataFrame, agents: int) -> None:
    count, step = len(games), 0.7 / max(len(games), 3)
    axes.axvline(0, color="#444444", linewidth=1)
    for i, (game, colour, marker) in enumerate(zip(games, colours(count), markers(count), strict=True)):
        own = frame[frame["mechanism"] == game.name]
        places = [row + (i - (count - 1) / 2) * step for row in range(len(own))]
        # The interquartile mean lies inside its interval but for rounding.
        reach = [(own["iqm"] - own["low"]).clip(lower=0), (own["high"] - own["iqm"]).clip(lower=0)]
        axes.errorbar(
            own["iqm"], places, xerr=reach, fmt=marker, color=colour, markersize=7 if count <= 4 else 5,
            capsize=3, linewidth=1.6, label=label(game.name, 40),
        )  # fmt: skip
    axes.set_ylim(agents - 0.5, -0.5)
    axes.grid(axis="y", visible=False)
    for edge in range(1, agents):
        axes.axhline(edge - 0.5, color="#e4e4e4", linewidth=0.8)
    if frame[["low", "high"]].abs().to_numpy().max() < 1e-9:
        axes.set_xlim(-1, 1)
    sns.despine(ax=axes, left=True)
