"""Exp3 with a bonus for lies seldom told, so that regret is small almost surely and not on average only."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from mechanisms.valuation import Valuation
from strategies.base import Observation
from strategies.learner import Accounts, Bandit
from strategies.menus.base import sampled
from strategies.options import require
from strategies.promises import Promise
from strategies.streams import Streams


@dataclass(frozen=True)
class Tuning:
    """The three constants of Exp3.P."""

    bonus: float
    explore: float
    rate: float


@dataclass(frozen=True)
class Exp3P(Bandit):
    """P = (1 - explore) softmax(rate * scores) + explore / M; every lie scores (bonus + utility if told) / P.

    Bubeck and Cesa-Bianchi (2012), section 3.2; Auer, Cesa-Bianchi, Freund and Schapire (2002), section 6.  With
    probability 1 - ``confidence`` average regret after ``horizon`` rounds is below
    5.15 sqrt(M log(M / confidence) / horizon).  Utilities are put on [0, 1] by the range seen so far.
    """

    menu: str = "overstate"
    horizon: int = 1000
    confidence: float = 0.05
    information = "bandit"

    def __post_init__(self) -> None:
        super().__post_init__()
        require(self.horizon >= 1, "horizon", self.horizon, "1 or more rounds")
        require(0 < self.confidence < 1, "confidence", self.confidence, "between 0 and 1")

    @property
    def promise(self) -> Promise:
        """For the horizon and the confidence asked for."""
        order = "sqrt(M log(M / confidence) / T) at T = horizon"
        source = "Bubeck and Cesa-Bianchi (2012), section 3.2"
        return Promise("no_external_regret", "adaptive", "with high probability", order, self._bound, source)

    def _bound(self, rounds: int, lies: int) -> float:
        """bonus M + explore + (1 + bonus) rate M + (log(M / confidence) / bonus + log M / rate) / T."""
        tuned = self.tuning(lies)
        lasting = tuned.bonus * lies + tuned.explore + (1 + tuned.bonus) * tuned.rate * lies
        start = math.log(lies / self.confidence) / tuned.bonus + math.log(lies) / tuned.rate
        return lasting + start / rounds

    def tuning(self, lies: int) -> Tuning:
        """As in their theorem, held to explore <= 1/2 and (1 + bonus) M rate <= explore where the horizon is short."""
        bonus = math.sqrt(math.log(lies / self.confidence) / (self.horizon * lies))
        explore = min(0.5, 1.05 * math.sqrt(lies * math.log(lies) / self.horizon))
        rate = min(0.95 * math.sqrt(math.log(lies) / (self.horizon * lies)), explore / ((1 + bonus) * lies))
        return Tuning(bonus, explore, rate)

    def mixture(self, memory: Accounts) -> Tensor:
        """How likely each lie is to be told ``[B, m, M]``."""
        lies = memory.scores.shape[-1]
        tuned = self.tuning(lies)
        return (1 - tuned.explore) * torch.softmax(tuned.rate * memory.scores, -1) + tuned.explore / lies

    def choose(self, memory: Accounts, rng: Streams) -> Tensor:
        """A draw from the mixture."""
        return sampled(self.mixture(memory), rng.uniform())

    def update(self, valuation: Valuation, memory: Accounts, seen: Observation, rng: Streams) -> Accounts:
        """Credit the lie told with its importance-weighted utility, and every lie with its bonus."""
        chance = self.mixture(memory)
        memory, gain = memory.ranged(seen.utility)
        bonus = self.tuning(chance.shape[-1]).bonus
        scores = memory.scores + (memory.told * gain[..., None] + bonus) / chance
        memory = replace(memory, scores=scores, plays=memory.plays + memory.told)
        return replace(memory, action=self.choose(memory, rng))
