"""Sequences of utilities to learn from, and a table at which a learner meets them: no market is involved."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from mechanisms.messages.base import MessageSpace
from mechanisms.messages.free import free
from mechanisms.valuation import Valuation
from strategies.base import Observation
from strategies.learner import Informed, MenuLearner

MESSAGES = MessageSpace("free", free, torch.ones(1, 3, dtype=torch.bool))
LIES = {"overstate": 6, "polarise": 5}
World = Callable[[int, Tensor], Tensor]  # round, mixtures or actions told [B, m, M] -> utilities [B, m, M]


class Draws:
    """In place of `Streams`: one generator for all, which is faster."""

    def __init__(self, seed: int, *shape: int) -> None:
        self.rng, self.shape = torch.Generator().manual_seed(seed), shape

    def uniform(self, *shape: int) -> Tensor:
        return torch.rand(*self.shape, *shape, generator=self.rng, dtype=torch.float64)


@dataclass(frozen=True)
class Met:
    """What was met, round by round."""

    utilities: Tensor  # [T, B, m, M]
    played: Tensor  # [T, B, m, M], mixtures of those who see all, the lies told of those who do not
    told: Tensor  # [T, B, m]

    def external(self) -> Tensor:
        """Cumulative regret after each round ``[T, B, m]``."""
        return self.utilities.cumsum(0).amax(-1) - (self.played * self.utilities).sum(-1).cumsum(0)

    def swap(self) -> Tensor:
        """Cumulative regret of not having told another lie for each lie ``[T, B, m]``."""
        better = self.utilities[..., None, :] - self.utilities[..., None]
        return (self.played[..., None] * better).cumsum(0).amax(-1).sum(-1)

    def spread(self) -> Tensor:
        """The largest difference between two lies within a round ``[B, m]``."""
        return (self.utilities.amax(-1) - self.utilities.amin(-1)).amax(0)


def meet(
    learner: MenuLearner, world: World, rounds: int, shape: tuple[int, int], seed: int = 1, known: bool = False
) -> Met:
    """Play ``rounds`` rounds in ``shape = (B, m)``; with ``known``, the learner has seen utilities 0 and 1 before."""
    rng = Draws(seed, *shape)
    truth = Valuation(torch.ones(*shape, 1, 3, dtype=torch.float64), torch.ones(shape, dtype=torch.float64))
    memory = learner.init(truth, MESSAGES, rng)
    if known:
        memory = memory.ranged(torch.zeros(shape).double())[0].ranged(torch.ones(shape).double())[0]
    met = []
    for t in range(rounds):
        told = torch.nn.functional.one_hot(memory.action, LIES[learner.menu]).double()
        played = memory.mixture if isinstance(memory, Informed) else told
        utilities = world(t, played)
        met.append((utilities, played, memory.action))
        memory = learner.update(truth, memory, _seen(truth, utilities, told), rng)
    return Met(*(torch.stack(column) for column in zip(*met, strict=True)))


def _seen(truth: Valuation, utilities: Tensor, told: Tensor) -> Observation:
    everybody = utilities.movedim(-1, 0)
    return Observation(truth, (utilities * told).sum(-1), None, lambda lies: everybody, None, MESSAGES)


def script(table: Tensor) -> World:
    """Utilities ``[T, B, M]`` decided beforehand, for single agents."""
    return lambda t, played: table[t, :, None]


def spiteful(t: int, played: Tensor) -> Tensor:
    """1 for the lie that is least likely to be told, 0 for the others: it has read the mixture."""
    return torch.nn.functional.one_hot(played.argmin(-1), played.shape[-1]).double()


def jealous(table: Tensor) -> World:
    """Utilities ``[T, B, M]``, but the lie told most often so far pays nothing: it has read the past."""
    counts = torch.zeros(table.shape[1], 1, table.shape[2], dtype=torch.float64)

    def world(t: int, played: Tensor) -> Tensor:
        nonlocal counts
        favourite = torch.nn.functional.one_hot(counts.argmax(-1), counts.shape[-1])
        counts = counts + played
        return table[t, :, None] * (1 - favourite)

    return world


def coins(rounds: int, lies: int, count: int = 16) -> Tensor:
    """Fair coins: nothing to learn, and yet one lie comes out ahead by sqrt(T)."""
    return (torch.rand(rounds, count, lies, generator=torch.Generator().manual_seed(3)) < 0.5).double()


def alternating(rounds: int, lies: int) -> Tensor:
    """The first two lies pay in turn, after a half for the first: the leader is always about to fail."""
    table = torch.zeros(rounds, 1, lies, dtype=torch.float64)
    table[0, 0, 0] = 0.5
    t = torch.arange(1, rounds)
    table[t, 0, t % 2] = 1.0
    return table


def cycling(rounds: int, lies: int) -> Tensor:
    """Every lie pays for a while, each time for longer, as leaders do in Shapley's game."""
    table, t, leader, length = torch.zeros(rounds, 1, lies, dtype=torch.float64), 0, 0, 1.0
    while t < rounds:
        table[t : t + int(length), 0, leader % lies] = 1.0
        t, leader, length = t + int(length), leader + 1, length * 1.3
    return table


def switching(rounds: int, lies: int) -> Tensor:
    """The best lie changes twice, for good: what was learned first is wrong."""
    table = torch.full((rounds, 1, lies), 0.4, dtype=torch.float64)
    for third in range(3):
        table[rounds * third // 3 : rounds * (third + 1) // 3, 0, third] = 0.9
    return table


def arms(means: Tensor, rounds: int, seed: int = 0) -> Tensor:
    """Bernoulli utilities of mean ``[B, M]``: ``[T, B, M]``."""
    return (torch.rand(rounds, *means.shape, generator=torch.Generator().manual_seed(seed)) < means).double()
