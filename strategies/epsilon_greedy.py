"""The simplest bandit: mostly the lie with the best average, sometimes any."""

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
class EpsilonGreedy(Bandit):
    """With probability epsilon any lie, else the best mean utility; untried lies come first, ties go to the first.

    It promises nothing: exploration that never ends costs the same in every round.
    """

    menu: str = "overstate"
    epsilon: float = 0.1
    information = "bandit"
    promise = None

    def __post_init__(self) -> None:
        super().__post_init__()
        require(0 <= self.epsilon <= 1, "epsilon", self.epsilon, "0 to 1")

    def choose(self, memory: Accounts, rng: Streams) -> Tensor:
        """Explore or exploit."""
        explore, anywhere = rng.uniform(2).unbind(-1)
        lies = memory.scores.shape[-1]
        return torch.where(explore < self.epsilon, (anywhere * lies).long(), means(memory).argmax(-1))

    def update(self, valuation: Valuation, memory: Accounts, seen: Observation, rng: Streams) -> Accounts:
        """Average the utility into the account of the lie told."""
        told = memory.told
        memory = replace(memory, scores=memory.scores + told * seen.utility[..., None], plays=memory.plays + told)
        return replace(memory, action=self.choose(memory, rng))


def means(memory: Accounts) -> Tensor:
    """The mean utility of each lie, infinite while it is untried: ``[B, m, M]``; scores are sums of utility."""
    return torch.where(memory.plays > 0, memory.scores / memory.plays.clamp(min=1), torch.inf)
