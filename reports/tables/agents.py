"""Every agent under every mechanism, in settled play."""

from __future__ import annotations

import pandas as pd

from mechanisms.named import name_of
from reports.settled import per_agent
from reports.study import Study
from simulate.config import Config

SHOWN = ("utility", "utility_change", "payment", "utility_gain", "report_weight", "report_distance")


def agents(study: Study) -> pd.DataFrame:
    """``mechanism, agent, strategy`` and the means over settled play and replicates of `SHOWN`."""
    frames = []
    for game in study.games:
        means = {column: per_agent(game.history, column).mean(0) for column in SHOWN}
        names = {"agent": game.history.agents, "strategy": strategies(game.config)}
        frames.append(pd.DataFrame({"mechanism": game.name, **names, **means}))
    return pd.concat(frames, ignore_index=True)


def strategies(config: Config) -> list[str]:
    """One name an agent."""
    return [name_of(agent.strategy) for agent in config.agents for _ in range(agent.count)]
