"""Optimism: the lie with the largest upper confidence bound."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from mechanisms.valuation import Valuation
from strategies.base import Observation
from strategies.epsilon_greedy import means
from strategies.learner import Accounts, Bandit
from strategies.promises import UCB1
from strategies.streams import Streams


@dataclass(frozen=True)
class Ucb(Bandit):
    """argmax mean utility + spread * sqrt(2 log t / times told); untried lies come first, ties go to the first.

    UCB1 of Auer, Cesa-Bianchi and Fischer (2002), Figure 1; the spread is that of the utilities seen so far.  It draws
    nothing at random, and promises nothing where the others move.
    """

    menu: str = "overstate"
    information = "bandit"
    promise = UCB1

    def choose(self, memory: Accounts, rng: Streams) -> Tensor:
        """The largest bound."""
        rounds = memory.plays.sum(-1, keepdim=True).clamp(min=1)
        width = torch.sqrt(2 * rounds.log() / memory.plays.clamp(min=1))
        return (means(memory) + memory.spread[..., None] * width).argmax(-1)

    def update(self, valuation: Valuation, memory: Accounts, seen: Observation, rng: Streams) -> Accounts:
        """Add the utility to the account of the lie told."""
        memory, _ = memory.ranged(seen.utility)
        told = memory.told
        memory = replace(memory, scores=memory.scores + told * seen.utility[..., None], plays=memory.plays + told)
        return replace(memory, action=self.choose(memory, rng))
