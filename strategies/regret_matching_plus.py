"""Regret matching that forgets what it does not regret."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from strategies.learner import FullInformation
from strategies.promises import REGRET_MATCHING_PLUS
from strategies.regret_matching import proportional, surplus


@dataclass(frozen=True)
class RegretMatchingPlus(FullInformation[Tensor]):
    """P(lie) ~ Q, Q(lie) <- max(0, Q + u(lie) - E_P[u]); all lies even while Q is zero.

    Tammelin (2014), "Solving large imperfect information games using CFR+".  A lie that starts to pay is told at
    once, however long it has not paid; against regret matching the worst case is the same.
    """

    menu: str = "overstate"
    promise = REGRET_MATCHING_PLUS

    def opened(self, zero: Tensor) -> Tensor:
        """No regrets."""
        return zero

    def mixture(self, account: Tensor) -> Tensor:
        """In proportion to what is left of the regrets."""
        return proportional(account)

    def entered(self, account: Tensor, mixture: Tensor, utilities: Tensor) -> Tensor:
        """Add what each lie would have brought beyond the mixture, and cut at zero."""
        return (account + surplus(mixture, utilities)).clamp(min=0)
