"""The simplest bandit: mostly the lie with the best average, sometimes any."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from mechanisms.valuation import Valuation
from strategies.base import Observation
from strategies.learner import Accounts, MenuLearner
from strategies.streams import Streams


@dataclass(frozen=True)
class EpsilonGreedy(MenuLearner):
    """With probability epsilon any lie, else the best mean utility; untried lies come first."""

    menu: str = "overstate"
    epsilon: float = 0.1
    information = "bandit"

    def choose(self, memory: Accounts, rng: Streams) -> Tensor:
        """Explore or exploit."""
        explore, anywhere = rng.uniform(2).unbind(-1)
        arms = memory.scores.shape[-1]
        means = torch.where(memory.plays > 0, memory.scores / memory.plays.clamp(min=1), torch.inf)
        return torch.where(explore < self.epsilon, (anywhere * arms).long(), means.argmax(-1))

    def update(self, valuation: Valuation, memory: Accounts, seen: Observation, rng: Streams) -> Accounts:
        """Average the utility into the account of the lie told."""
        told = memory.told
        memory = replace(memory, scores=memory.scores + told * seen.utility[..., None], plays=memory.plays + told)
        return replace(memory, action=self.choose(memory, rng))
