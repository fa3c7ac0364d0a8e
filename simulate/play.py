"""A repeated game from a scenario: the only loop over rounds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch

from simulate.config import Config, override, parse
from simulate.errors import BadInput, no_such
from simulate.files import SUFFIXES, read_mapping
from simulate.history import History, joined
from simulate.market import Market
from simulate.scenario import build
from simulate.scenarios import SCENARIOS

Progress = Callable[[int], None]  # called with 1 after each round of each batch


def load(scenario: str | Path | Mapping[str, Any], settings: Mapping[str, Any] | None = None) -> Config:
    """A built-in name, a file or a mapping, with dotted ``settings`` on top.  Raises BadInput."""
    data, source = _data(scenario)
    return parse(override(data, settings or {}), source)


def _data(scenario: str | Path | Mapping[str, Any]) -> tuple[Mapping[str, Any], str]:
    if isinstance(scenario, Mapping):
        return scenario, "scenario"
    if str(scenario) in SCENARIOS:
        return SCENARIOS[str(scenario)], str(scenario)
    path = Path(scenario)
    if path.suffix in SUFFIXES or path.exists():
        data = read_mapping(path)
        return {"name": _stem(path), **data}, str(path)
    raise BadInput(f"{no_such('scenario', str(scenario), SCENARIOS)}, or a {', '.join(SUFFIXES)} file")


def _stem(path: Path) -> str:
    """The file's name where it can name a scenario."""
    stem = "".join(c if c.isascii() and (c.isalnum() or c in "._-") else "-" for c in path.stem)[:100]
    return stem if stem[:1].isalnum() else "game"


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
