"""Multiplicative weights over a menu of lies, every lie's counterfactual known."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from mechanisms.valuation import Valuation
from strategies.base import Observation
from strategies.learner import Accounts, MenuLearner
from strategies.menus.base import sampled
from strategies.streams import Streams


@dataclass(frozen=True)
class Hedge(MenuLearner):
    """P(lie) ~ exp(rate * sum of its counterfactual utilities / widest spread seen).

    Freund and Schapire (1997); the play of hedgers tends to the coarse correlated equilibria of the menu game.
    """

    menu: str = "overstate"
    rate: float = 0.3
    information = "outcome"

    def choose(self, memory: Accounts, rng: Streams) -> Tensor:
        """A draw from the weights."""
        spread = torch.where(memory.high > memory.low, memory.high - memory.low, 1.0)
        return sampled(torch.softmax(self.rate * memory.scores / spread[..., None], -1), rng.uniform())

    def update(self, valuation: Valuation, memory: Accounts, seen: Observation, rng: Streams) -> Accounts:
        """Debit every lie with what it would have lost against the round's best."""
        assert seen.counterfactual is not None
        utilities = seen.counterfactual(memory.menu).movedim(0, -1)
        losses = utilities - utilities.amax(-1, keepdim=True)
        low = torch.minimum(memory.low, losses.amin(-1))
        memory = replace(memory, scores=memory.scores + losses, low=low, high=torch.zeros_like(low))
        return replace(memory, action=self.choose(memory, rng))
