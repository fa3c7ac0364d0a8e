"""Hedge that expects the next round to be like the last one."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from strategies.hedge import log_weights, losses_of, mixability_gap, rate_at, require_rate
from strategies.learner import FullInformation
from strategies.promises import OPTIMISTIC_HEDGE, Promise


@dataclass(frozen=True)
class Expectations:
    """The account of optimistic Hedge."""

    losses: Tensor  # [B, m, M], cumulative
    expected: Tensor  # [B, m, M], the last round's, taken for the next one's
    paid: Tensor  # [B, m], cumulative mixability gap; falls where the guess was good
    gap: Tensor  # [B, m], the largest that it has been


@dataclass(frozen=True)
class OptimisticHedge(FullInformation[Expectations]):
    """P(lie) ~ exp(-rate * (cumulative loss + last loss)), rate = log M / largest mixability gap unless given.

    Rakhlin and Sridharan (2013, section 3); Syrgkanis, Agarwal, Luo and Schapire (2015).  Regret is at most
    sqrt(log M * sum of squared changes of the utilities) + twice the largest change.  Among its like utilities change
    slowly: with a small fixed rate everybody's regret grows as a power of log T (Daskalakis, Fishelson and Golowich
    2021), Hedge's as sqrt(T).  A fixed rate, in units of 1 / utility, promises nothing against an adversary.
    """

    menu: str = "overstate"
    rate: float | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        require_rate(self.rate)

    @property
    def promise(self) -> Promise | None:
        """The worst case is that of Hedge with the changes, up to twice as large, for losses."""
        return OPTIMISTIC_HEDGE if self.rate is None else None

    def opened(self, zero: Tensor) -> Expectations:
        """Nothing is expected."""
        return Expectations(zero, zero, zero[..., 0], zero[..., 0])

    def mixture(self, account: Expectations) -> Tensor:
        """The weights as they would be if the last round came again."""
        return log_weights(account.losses + account.expected, self._rate(account)).exp()

    def entered(self, account: Expectations, mixture: Tensor, utilities: Tensor) -> Expectations:
        """The gap is that of the mixture played, to the weights without the guess."""
        loss, rate = losses_of(utilities), self._rate(account)
        gap = mixability_gap(mixture, log_weights(account.losses, rate), loss, rate)
        paid = account.paid + gap
        return Expectations(account.losses + loss, loss, paid, torch.maximum(account.gap, paid))

    def _rate(self, account: Expectations) -> Tensor:
        return rate_at(account.gap, account.losses.shape[-1], self.rate)
