"""Tell each lie in proportion to how much one regrets not having told it."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from strategies.learner import FullInformation
from strategies.promises import REGRET_MATCHING


@dataclass(frozen=True)
class RegretMatching(FullInformation[Tensor]):
    """P(lie) ~ max(0, R), R(lie) = sum over rounds of u(lie) - E_P[u]; all lies even while none is regretted.

    Hart and Mas-Colell (2000), "A simple adaptive procedure leading to correlated equilibrium", section 4: the
    unconditional version, whose play tends to the coarse correlated equilibria of the menu game.  It needs no rate
    and no scale.
    """

    menu: str = "overstate"
    promise = REGRET_MATCHING

    def opened(self, zero: Tensor) -> Tensor:
        """No regrets."""
        return zero

    def mixture(self, account: Tensor) -> Tensor:
        """In proportion to the regrets."""
        return proportional(account)

    def entered(self, account: Tensor, mixture: Tensor, utilities: Tensor) -> Tensor:
        """Add what each lie would have brought beyond the mixture."""
        return account + surplus(mixture, utilities)


def proportional(regrets: Tensor) -> Tensor:
    """max(0, R) / its sum, even where nothing is positive: ``[B, m, M]``."""
    positive = regrets.clamp(min=0)
    total = positive.sum(-1, keepdim=True)
    return torch.where(total > 0, positive / torch.where(total > 0, total, 1.0), 1 / regrets.shape[-1])


def surplus(mixture: Tensor, utilities: Tensor) -> Tensor:
    """u(lie) - E_mixture[u]: ``[B, m, M]``."""
    return utilities - (mixture * utilities).sum(-1, keepdim=True)
