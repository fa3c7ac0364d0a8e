"""Exp3: multiplicative weights that see only the utility of the lie they told."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from mechanisms.valuation import Valuation
from strategies.base import Observation
from strategies.hedge import require_rate
from strategies.learner import Accounts, Bandit
from strategies.menus.base import sampled
from strategies.options import require
from strategies.promises import EXP3, Promise
from strategies.streams import Streams


@dataclass(frozen=True)
class Exp3(Bandit):
    """P = (1 - explore) softmax(rate * scores) + explore / M; the lie told scores (utility - 1) / P.

    rate = sqrt(log M / (M t)) in round t unless one is given.  Utilities are put on [0, 1] by the range seen so far.
    Auer, Cesa-Bianchi, Freund and Schapire (2002) with losses and a falling rate: Bubeck and Cesa-Bianchi (2012),
    Theorem 3.1.  Exploration beyond that, or a fixed rate, promises nothing.
    """

    menu: str = "overstate"
    rate: float | None = None
    explore: float = 0.0
    information = "bandit"

    def __post_init__(self) -> None:
        super().__post_init__()
        require_rate(self.rate)
        require(0 <= self.explore <= 1, "explore", self.explore, "0 to 1")

    @property
    def promise(self) -> Promise | None:
        """That of the falling rate."""
        return EXP3 if self.rate is None and self.explore == 0 else None

    def mixture(self, memory: Accounts) -> Tensor:
        """How likely each lie is to be told ``[B, m, M]``."""
        lies = memory.scores.shape[-1]
        rounds = memory.plays.sum(-1, keepdim=True) + 1
        rate = torch.sqrt(math.log(lies) / (lies * rounds)) if self.rate is None else self.rate
        return (1 - self.explore) * torch.softmax(rate * memory.scores, -1) + self.explore / lies

    def choose(self, memory: Accounts, rng: Streams) -> Tensor:
        """A draw from the mixture."""
        return sampled(self.mixture(memory), rng.uniform())

    def update(self, valuation: Valuation, memory: Accounts, seen: Observation, rng: Streams) -> Accounts:
        """Debit the lie told with its importance-weighted loss."""
        chance = self.mixture(memory)
        memory, gain = memory.ranged(seen.utility)
        told = memory.told
        # A lie not told may have a chance that underflowed: 0 / 0 is kept away.
        scores = memory.scores - told * (1 - gain)[..., None] / chance.clamp(min=torch.finfo(chance.dtype).tiny)
        memory = replace(memory, scores=scores, plays=memory.plays + told)
        return replace(memory, action=self.choose(memory, rng))
