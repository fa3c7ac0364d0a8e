"""The lie that always pays without payments: Theorem 4.2's construction."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from mechanisms.messages.base import MessageSpace
from mechanisms.valuation import Valuation
from strategies.base import Fixed
from strategies.streams import Streams


def sharpened(rewards: Tensor, messages: MessageSpace, epsilon: float) -> Tensor:
    """Move epsilon of reward from the least to the most liked response of every prompt, as far as there is room.

    Under maximum normalisation the best is one already, so the least liked alone is lowered
    (arXiv 2405.16276, Theorem 4.2, both constructions).  Ties go to the first response.
    """
    support = messages.support
    best = torch.where(support, rewards, -torch.inf).argmax(-1, keepdim=True)
    worst = torch.where(support, rewards, torch.inf).argmin(-1, keepdim=True)
    room = rewards.gather(-1, worst).clamp(min=0)
    if messages.name == "max_one":
        return rewards.scatter_add(-1, worst, -room.clamp(max=epsilon))
    moved = torch.minimum(room, (1 - rewards.gather(-1, best)).clamp(min=0)).clamp(max=epsilon)
    return rewards.scatter_add(-1, best, moved).scatter_add(-1, worst, -moved)


@dataclass(frozen=True)
class Sharpen(Fixed):
    """r(best) + epsilon, r(worst) - epsilon, true weight; which normalisation is the message space's affair."""

    epsilon: float = 0.1

    def report(self, valuation: Valuation, memory: MessageSpace, rng: Streams) -> Valuation:
        """The sharpened rewards."""
        return Valuation(sharpened(valuation.rewards, memory, self.epsilon), valuation.weights)
