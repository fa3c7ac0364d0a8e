"""Tabular Q-learning: what to say, by what one said last and what it brought."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from mechanisms.messages.base import MessageSpace
from mechanisms.valuation import Valuation
from strategies.base import Observation
from strategies.learner import MenuLearner, Ranged, opened
from strategies.options import require
from strategies.streams import Streams

ROUNDS, LEVELS = 3, 4  # the most that a state holds: the table has (M * levels)^rounds * M entries an agent


@dataclass(frozen=True)
class Table(Ranged):
    """The memory of a Q-learner."""

    values: Tensor  # [B, m, S, M], discounted utility on [0, 1] expected of each lie in each state
    state: Tensor  # [B, m]


@dataclass(frozen=True)
class QLearning(MenuLearner):
    """Q(s, lie) += rate * (utility + discount * max Q(s', .) - Q(s, lie)); any lie with probability epsilon.

    The state is one's own last ``memory`` lies, each with which of ``levels`` equal parts of the range of utilities it
    brought.  Watkins and Dayan (1992); agents that learn so from each other's prices may come to collude (Calvano,
    Calzolari, Denicolo and Pastorello 2020).  Utilities are put on [0, 1] by the range seen so far, values begin at
    1 / (1 - discount), the most there could be, so that every lie is tried; ties go to the first.  It promises nothing.
    """

    menu: str = "overstate"
    memory: int = 1
    levels: int = 2
    rate: float = 0.2
    discount: float = 0.9
    epsilon: float = 0.1
    information = "bandit"
    promise = None

    def __post_init__(self) -> None:
        super().__post_init__()
        require(0 <= self.memory <= ROUNDS, "memory", self.memory, f"0 to {ROUNDS} rounds")
        require(1 <= self.levels <= LEVELS, "levels", self.levels, f"1 to {LEVELS}")
        require(0 < self.rate <= 1, "rate", self.rate, "above 0, up to 1")
        require(0 <= self.discount < 1, "discount", self.discount, "0 up to, but not including, 1")
        require(0 <= self.epsilon <= 1, "epsilon", self.epsilon, "0 to 1")

    def init(self, valuation: Valuation, messages: MessageSpace, rng: Streams) -> Table:
        """The best is hoped for."""
        empty = opened(self.menu, valuation, messages)
        states = (empty.scores.shape[-1] * self.levels) ** self.memory
        hope = empty.scores[..., None, :] + 1 / (1 - self.discount)
        values = hope.repeat(*(1,) * (hope.dim() - 2), states, 1)
        table = Table(empty.menu, empty.action, empty.low, empty.high, values, torch.zeros_like(empty.action))
        return replace(table, action=self._choose(table, rng))

    def update(self, valuation: Valuation, memory: Table, seen: Observation, rng: Streams) -> Table:
        """One step of the Bellman equation for the lie told."""
        table, gain = memory.ranged(seen.utility)
        states, lies = table.values.shape[-2:]
        level = (gain * self.levels).long().clamp(max=self.levels - 1)
        after = (table.state * lies * self.levels + table.action * self.levels + level) % states
        goal = gain + self.discount * _row(table.values, after).amax(-1)
        flat, cell = table.values.flatten(-2), (table.state * lies + table.action)[..., None]
        old = flat.gather(-1, cell)
        values = flat.scatter(-1, cell, old + self.rate * (goal[..., None] - old)).unflatten(-1, (states, lies))
        table = replace(table, values=values, state=after)
        return replace(table, action=self._choose(table, rng))

    def _choose(self, table: Table, rng: Streams) -> Tensor:
        explore, anywhere = rng.uniform(2).unbind(-1)
        anything = (anywhere * table.values.shape[-1]).long()
        return torch.where(explore < self.epsilon, anything, _row(table.values, table.state).argmax(-1))


def _row(values: Tensor, state: Tensor) -> Tensor:
    """The values of one state an agent: ``[B, m, S, M]`` at ``[B, m]`` -> ``[B, m, M]``."""
    return values.take_along_dim(state[..., None, None], -2).squeeze(-2)
