"""Settled play of single agents, by the metrics' own mean."""

from __future__ import annotations

import numpy as np

from simulate.history import History
from simulate.metrics.base import settled

MOST_AGENTS = 12  # figures of single agents show no more


def per_agent(history: History, column: str) -> np.ndarray:
    """The mean over settled play of every replicate and agent ``[B, n]``: agents are laid beside the replicates."""
    shape = history.rounds[column][0].shape
    alone = History(("anyone",), history.replicates, {column: [play.reshape(-1, 1) for play in history.rounds[column]]})
    return settled(column)(alone).reshape(shape)


def shown_agents(histories: list[History]) -> list[int]:
    """Everybody, or the `MOST_AGENTS` whose gain from lying is largest in size under any of the mechanisms."""
    n = len(histories[0].agents)
    if n <= MOST_AGENTS:
        return list(range(n))
    size = np.max([np.abs(per_agent(history, "utility_gain").mean(0)) for history in histories], 0)
    return sorted(np.argsort(-size, kind="stable")[:MOST_AGENTS].tolist())
