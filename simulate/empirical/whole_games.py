"""Empirical games whose actions are strategies, each played for a whole repeated game."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from math import comb, prod
from typing import Any

import numpy as np
import torch

from mechanisms.named import Named, name_of
from simulate.config import AgentConfig, Config
from simulate.empirical.normal_form import Array
from simulate.empirical.sampled import Sampled
from simulate.engines.base import Engine
from simulate.engines.serial import serial
from simulate.errors import BadInput
from simulate.history import History, joined
from simulate.jobs import Progress, jobs_of, played_by

MOST_GAMES = 4096  # repeated games played for one table: hours beyond
Cell = tuple[int, ...]


def whole_games(
    config: Config,
    strategies: Sequence[Named],
    batch: int | None = None,
    engine: Engine = serial,
    progress: Progress = lambda rounds: None,
) -> Sampled:
    """Every profile of ``strategies`` played out; payoffs are mean utilities a round, over all rounds ``[B, n, ...]``.

    Random streams belong to (seed, replicate, agent), whatever the agent plays, so that profiles are paired.  Agents
    of equal truth are interchangeable: of profiles that differ by their names only, one is played, and those who do the
    same in it share what they got.  Welfare is the
    objective at the truth.  Raises BadInput where there are too many games.
    """
    agents = _one_by_one(config)
    kinds = _kinds(agents)
    if not 2 <= len(agents) <= 6:
        raise BadInput(f"agents: {len(agents)} of them; a table of strategies is made for 2 to 6 agents")
    cells = list(product(range(len(strategies)), repeat=len(agents)))
    played = sorted({_canonical(cell, kinds) for cell in cells})
    if len(played) > MOST_GAMES:
        raise BadInput(f"{len(played):,} repeated games would be played; at most {MOST_GAMES:,} are allowed")
    found = {cell: _summed(_history(config, agents, strategies, cell, batch, engine, progress)) for cell in played}
    shape = (len(strategies),) * len(agents)
    payoffs = np.empty((config.replicates, len(agents), *shape))
    welfare = np.empty((config.replicates, *shape))
    for cell in cells:
        here: Any = (slice(None), *cell)
        utility, reached, optimum = found[_canonical(cell, kinds)]
        payoffs[(slice(None), *here)] = utility @ _alike(cell, kinds).T
        welfare[here] = reached
    names = tuple(_label(spec) for spec in strategies)
    players = tuple(agent.name or f"agent-{i + 1}" for i, agent in enumerate(agents))
    return Sampled(payoffs, welfare, optimum, players, (names,) * len(agents))


def games_to_play(config: Config, strategies: Sequence[Named]) -> int:
    """How many repeated games `whole_games` plays: multisets of strategies within every kind of agent."""
    kinds = _kinds(_one_by_one(config))
    return prod(comb(kinds.count(kind) + len(strategies) - 1, kinds.count(kind)) for kind in set(kinds))


def _one_by_one(config: Config) -> list[AgentConfig]:
    """Agents given by a count, spelled out."""
    found = []
    for agent in config.agents:
        names = [agent.name] if agent.count == 1 else [f"{agent.name or 'agent'}-{i + 1}" for i in range(agent.count)]
        found += [agent.model_copy(update={"count": 1, "name": name}) for name in names]
    return found


def _kinds(agents: Sequence[AgentConfig]) -> list[int]:
    """Which agents are alike: by the first agent of the same rewards and weight; who is drawn or wanders is its own."""
    keys = [
        (i,)
        if agent.wander > 0 or (isinstance(agent.rewards, dict) and "random" in agent.rewards)
        else (str(agent.rewards), str(agent.weight))
        for i, agent in enumerate(agents)
    ]
    return [keys.index(key) for key in keys]


def _canonical(cell: Cell, kinds: Sequence[int]) -> Cell:
    """The profile in which agents of a kind play in order: the one that is played."""
    ordered = {kind: iter(sorted(a for a, k in zip(cell, kinds, strict=True) if k == kind)) for kind in kinds}
    return tuple(next(ordered[kind]) for kind in kinds)


def _alike(cell: Cell, kinds: Sequence[int]) -> Array:
    """``[n, n]``: who in the canonical profile stands for each agent of ``cell``, equally often."""
    stands = np.array(
        [[k == kind and b == a for k, b in zip(kinds, _canonical(cell, kinds), strict=True)]
         for kind, a in zip(kinds, cell, strict=True)]
    )  # fmt: skip
    return stands / stands.sum(1, keepdims=True)


def _history(
    config: Config,
    agents: Sequence[AgentConfig],
    strategies: Sequence[Named],
    cell: Cell,
    batch: int | None,
    engine: Engine,
    progress: Progress,
) -> History:
    playing = [agent.model_copy(update={"strategy": strategies[a]}) for agent, a in zip(agents, cell, strict=True)]
    game = config.model_copy(update={"agents": playing, "exploitability": 0})
    return joined(played_by(engine, jobs_of(game, batch, torch.float64, "cpu"), progress))


def _summed(history: History) -> tuple[Array, Array, Array]:
    """Means over rounds: utilities ``[B, n]``, the objective ``[B]``, the best objective there was ``[B]``."""
    objective, loss = history.of("objective").mean(0), history.of("welfare_loss").mean(0)
    return history.of("utility").mean(0), objective, objective + loss


def _label(spec: Named) -> str:
    """``hedge(menu=polarise)``."""
    options = {} if isinstance(spec, str) else {key: value for key, value in spec.items() if key != "name"}
    said = ", ".join(f"{key}={value}" for key, value in options.items())
    return f"{name_of(spec)}({said})" if said else name_of(spec)
