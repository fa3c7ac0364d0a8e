"""Exp3: multiplicative weights that see only the utility of the lie they told."""

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
class Exp3(MenuLearner):
    """P = (1 - explore) softmax(rate * scores) + explore / M; the lie told scores utility / P.

    Utilities are put on [0, 1] by the range seen so far.  Auer, Cesa-Bianchi, Freund and Schapire (2002), Figure 1,
    with the rate set apart from the exploration.
    """

    menu: str = "overstate"
    rate: float = 0.1
    explore: float = 0.1
    information = "bandit"

    def _probabilities(self, memory: Accounts) -> Tensor:
        even = 1 / memory.scores.shape[-1]
        return (1 - self.explore) * torch.softmax(self.rate * memory.scores, -1) + self.explore * even

    def choose(self, memory: Accounts, rng: Streams) -> Tensor:
        """A draw from the mixture."""
        return sampled(self._probabilities(memory), rng.uniform())

    def update(self, valuation: Valuation, memory: Accounts, seen: Observation, rng: Streams) -> Accounts:
        """Credit the lie told with its importance-weighted utility."""
        memory, gain = memory.ranged(seen.utility)
        credit = memory.told * gain[..., None] / self._probabilities(memory)
        memory = replace(memory, scores=memory.scores + credit)
        return replace(memory, action=self.choose(memory, rng))
