"""A repeated game from a scenario: the only loop over rounds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch

from simulate.config import Config
from simulate.history import History, joined
from simulate.load import load
from simulate.market import Market
from simulate.scenario import build

Progress = Callable[[int], None]  # called with 1 after each round of each batch


def play(
    scenario: str | Path | Mapping[str, Any] | Config,
    settings: Mapping[str, Any] | None = None,
    batch: int | None = None,
    dtype: torch.dtype = torch.float64,
    device: str = "cpu",
    progress: Progress = lambda rounds: None,
) -> History:
    """Play every replicate of a scenario for all its rounds, ``batch`` replicates at a time (default: all at once).

    >>> history = play("two_camps", {"rounds": 3, "replicates": 2})
    >>> history.of("utility").shape
    (3, 2, 3)
    """
    config = scenario if isinstance(scenario, Config) else load(scenario, settings)
    numbers = range(config.replicates)
    size = batch or config.replicates
    parts = []
    for first in range(0, config.replicates, size):
        market = Market(build(config, config.name, numbers[first : first + size], dtype, device))
        for _ in range(config.rounds):
            market.step()
            progress(1)
        parts.append(market.history)
    return joined(parts) if len(parts) > 1 else parts[0]
