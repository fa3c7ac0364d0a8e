"""Copy the lie of whoever did best."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from mechanisms.valuation import Valuation
from strategies.base import Observation
from strategies.learner import Accounts, Bandit
from strategies.options import require
from strategies.streams import Streams


@dataclass(frozen=True)
class ImitateBest(Bandit):
    """Next action = that of the imitator with the largest utility per unit of weight; with `mutate`, any.

    Imitators of one game see each other's menu entries.  Vega-Redondo (1997), "The evolution of Walrasian behavior":
    imitation of the best with rare mutations, which need not lead to equilibrium, and promises nothing.
    """

    menu: str = "overstate"
    mutate: float = 0.05
    information = "full"
    promise = None

    def __post_init__(self) -> None:
        super().__post_init__()
        require(0 <= self.mutate <= 1, "mutate", self.mutate, "0 to 1")

    def choose(self, memory: Accounts, rng: Streams) -> Tensor:
        """The model's action, unless a mutation strikes."""
        strikes, anywhere = rng.uniform(2).unbind(-1)
        mutant = (anywhere * memory.scores.shape[-1]).long()
        first = memory.plays.sum(-1) == 0  # nobody to imitate yet: begin anywhere
        return torch.where(first | (strikes < self.mutate), mutant, memory.action)

    def update(self, valuation: Valuation, memory: Accounts, seen: Observation, rng: Streams) -> Accounts:
        """Look around."""
        per_unit = seen.utility / torch.where(valuation.weights > 0, valuation.weights, 1.0)
        model = per_unit.argmax(-1, keepdim=True).expand_as(memory.action)
        memory = replace(memory, plays=memory.plays + memory.told, action=memory.action.gather(-1, model))
        return replace(memory, action=self.choose(memory, rng))
