"""Every agent under every mechanism, in settled play."""

from __future__ import annotations

import numpy as np
import pandas as pd

from mechanisms.named import name_of
from reports.settled import per_agent
from reports.study import Study
from simulate.config import Config
from simulate.history import History
from simulate.statistics import mean_intervals

TOGETHER = 1000  # agents whose resamples are in memory at once
SHOWN = ("utility", "utility_change", "payment", "utility_gain", "report_weight", "report_distance")


def agents(study: Study) -> pd.DataFrame:
    """``mechanism, agent, strategy``, and of `SHOWN` means over settled play and replicates, ``_low``, ``_high``."""
    frames = []
    for game in study.games:
        means = {key: value for column in SHOWN for key, value in _interval(game.history, column).items()}
        names = {"agent": game.history.agents, "strategy": strategies(game.config)}
        frames.append(pd.DataFrame({"mechanism": game.name, **names, **means}))
    return pd.concat(frames, ignore_index=True)


def _interval(history: History, column: str) -> dict[str, np.ndarray]:
    values = per_agent(history, column)
    parts = [mean_intervals(values[:, i : i + TOGETHER]) for i in range(0, values.shape[1], TOGETHER)]
    low, high = (np.concatenate(ends) for ends in zip(*parts, strict=True))
    return {column: values.mean(0), f"{column}_low": low, f"{column}_high": high}


def strategies(config: Config) -> list[str]:
    """One name an agent."""
    return [name_of(agent.strategy) for agent in config.agents for _ in range(agent.count)]
