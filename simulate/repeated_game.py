"""A repeated game from a scenario."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from mechanisms.fine_tuners.training.climb import Watch
from simulate.config import Config
from simulate.engines.base import Engine
from simulate.engines.serial import serial
from simulate.history import History, joined
from simulate.jobs import Progress, jobs_of, played_by, unwatched
from simulate.load import load


def play(
    scenario: str | Path | Mapping[str, Any] | Config,
    settings: Mapping[str, Any] | None = None,
    batch: int | None = None,
    dtype: torch.dtype = torch.float64,
    device: str = "cpu",
    engine: Engine = serial,
    progress: Progress = lambda rounds: None,
    keep: Path | None = None,
    only: int | None = None,
    watch: Watch = unwatched,
) -> History:
    """Play every replicate of a scenario for all its rounds, ``batch`` replicates at a time (default: all at once).

    ``only`` plays that one replicate: its random streams are keyed by its number, so it is the one of the whole game.
    Adapters that are trained go to the folder ``keep``, and those found there are not trained again;
    ``watch`` is told every step of training, where the engine plays in this process.

    >>> history = play("two_camps", {"rounds": 3, "replicates": 2})
    >>> history.of("utility").shape
    (3, 2, 3)
    """
    config = scenario if isinstance(scenario, Config) else load(scenario, settings)
    return joined(played_by(engine, jobs_of(config, batch, dtype, device, keep, only=only), progress, watch))
