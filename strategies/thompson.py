"""Thompson sampling: each lie as often as it is likely to be the best."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from scipy import special
from torch import Tensor

from mechanisms.valuation import Valuation
from strategies.base import Observation
from strategies.learner import Accounts, Bandit
from strategies.promises import THOMPSON
from strategies.streams import Streams


@dataclass(frozen=True)
class Thompson(Bandit):
    """argmax of draws from Beta(1 + heads, 1 + tails) for each lie, heads with the chance of its utility on [0, 1].

    Prior: every lie's mean is uniform on the range of utilities, independently.  Utilities are put on [0, 1] by the
    range seen so far, and a coin with that chance is thrown, so that the posterior is a Beta distribution whatever
    the utilities are (Agrawal and Goyal 2012, Algorithm 2; Thompson 1933).
    """

    menu: str = "overstate"
    information = "bandit"
    promise = THOMPSON

    def choose(self, memory: Accounts, rng: Streams) -> Tensor:
        """The best of the draws; scores are heads."""
        heads, tails = memory.scores, memory.plays - memory.scores
        uniform = rng.uniform(heads.shape[-1])
        draws = special.betaincinv(
            1 + heads.cpu().double().numpy(), 1 + tails.cpu().double().numpy(), uniform.cpu().numpy()
        )
        return torch.from_numpy(draws).to(heads.device).argmax(-1)

    def update(self, valuation: Valuation, memory: Accounts, seen: Observation, rng: Streams) -> Accounts:
        """Throw a coin for the lie told."""
        memory, gain = memory.ranged(seen.utility)
        told, heads = memory.told, (rng.uniform() < gain).to(memory.scores.dtype)
        memory = replace(memory, scores=memory.scores + told * heads[..., None], plays=memory.plays + told)
        return replace(memory, action=self.choose(memory, rng))
