"""Which agents do better than the truth would have done?"""

from __future__ import annotations

from dataclasses import asdict

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib import rc_context
from matplotlib.figure import Figure

from reports.figures.base import STYLE, Games, Illustration, colours, interval_method, markers, what_varies
from reports.settled import MOST_AGENTS, per_agent, shown_agents
from reports.tables.terminal import number
from reports.text import label
from simulate.statistics import estimate


def data(games: Games) -> pd.DataFrame:
    """``mechanism, agent, mean, iqm, low, high`` of the gain over truth-telling in settled play."""
    rows = []
    chosen = shown_agents([game.history for game in games])
    for game in games:
        gains = per_agent(game.history, "utility_gain")
        for agent in chosen:
            found = asdict(estimate(gains[:, agent], game.config.seed))
            rows.append({"mechanism": game.name, "agent": game.history.agents[agent], **found})
    return pd.DataFrame(rows)


def who_gains(games: Games) -> Figure:
    """One row an agent, one dot a mechanism; right of zero lying pays."""
    frame, count = data(games), len(games)
    agents = list(dict.fromkeys(frame["agent"]))
    with rc_context(STYLE):
        step = 0.7 / max(count, 3)
        figure = Figure(figsize=(9, 1.6 + len(agents) * max(0.42, 0.15 * count)), layout="constrained")
        axes = figure.subplots()
        axes.axvline(0, color="#444444", linewidth=1)
        for i, (game, colour, marker) in enumerate(zip(games, colours(count), markers(count), strict=True)):
            own = frame[frame["mechanism"] == game.name]
            places = [row + (i - (count - 1) / 2) * step for row in range(len(agents))]
            # The interquartile mean lies inside its interval but for rounding.
            reach = [(own["iqm"] - own["low"]).clip(lower=0), (own["high"] - own["iqm"]).clip(lower=0)]
            axes.errorbar(
                own["iqm"], places, xerr=reach, fmt=marker, color=colour, markersize=7 if count <= 4 else 5,
                capsize=3, linewidth=1.6, label=label(game.name, 40),
            )  # fmt: skip
        axes.set_yticks(range(len(agents)), [label(agent) for agent in agents])
        axes.set_ylim(len(agents) - 0.5, -0.5)
        axes.grid(axis="y", visible=False)
        for edge in range(1, len(agents)):
            axes.axhline(edge - 0.5, color="#e4e4e4", linewidth=0.8)
        if frame[["low", "high"]].abs().to_numpy().max() < 1e-9:
            axes.set_xlim(-1, 1)
        axes.set(xlabel="gain over telling the truth, in units of utility", ylabel="")
        axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncol=min(count, 3), frameon=False)
        sns.despine(ax=axes, left=True)
    return figure


def caption(games: Games) -> str:
    """What a dot is, what its bar is, and who is left out."""
    agents = len(games[0].history.agents)
    some = f" Shown are the {MOST_AGENTS} of {agents:,} agents with the largest gain or loss." * (agents > MOST_AGENTS)
    return (
        "Utility in settled play (last fifth of the rounds) minus what the truth would have brought against the same "
        f"reports of the others. Dot: interquartile mean; bar: {interval_method()}. {what_varies(games)}{some}"
    )


def finding(games: Games) -> str:
    """Who gains most under each mechanism."""
    sentences = []
    for name, own in data(games).groupby("mechanism", sort=False):
        best = own.iloc[int(own["iqm"].fillna(0.0).argmax())]
        gains = number(best.iqm) != "0" and best.iqm > 0
        sentences.append(f"Under {name} {f'{best.agent} gains most, {number(best.iqm)}' if gains else 'nobody gains'}.")
    return " ".join(sentences)


def missing(games: Games) -> str | None:
    """Where nobody lies, nobody can gain by it."""
    lied = any(bool(np.any(play)) for game in games for play in game.history.rounds["report_distance"])
    return None if lied else "Not drawn: nobody told a lie."


WHO_GAINS = Illustration("Who gains by lying?", data, who_gains, caption, finding, missing)
