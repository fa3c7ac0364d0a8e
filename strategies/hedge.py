"""Multiplicative weights over a menu of lies, every lie's counterfactual known."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from strategies.learner import FullInformation
from strategies.options import require
from strategies.promises import ADA_HEDGE, Promise


@dataclass(frozen=True)
class Losses:
    """The account of Hedge."""

    losses: Tensor  # [B, m, M], cumulative, against the best lie of each round
    gap: Tensor  # [B, m], cumulative mixability gap: how much the weights have lost to a perfect mixture


@dataclass(frozen=True)
class Hedge(FullInformation[Losses]):
    """P(lie) ~ exp(-rate * cumulative loss), rate = log M / mixability gap so far unless a rate is given.

    The adaptive rate (AdaHedge: de Rooij, van Erven, Gruenwald and Koolen 2014, section 2) needs no scale and no
    horizon: it stays high where one lie dominates and falls where the best lie keeps changing.  A fixed rate is
    Freund and Schapire's (1997), in units of 1 / utility; it promises nothing, for its regret need not vanish.  The
    play of hedgers tends to the coarse correlated equilibria of the menu game.
    """

    menu: str = "overstate"
    rate: float | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        require_rate(self.rate)

    @property
    def promise(self) -> Promise | None:
        """AdaHedge's."""
        return ADA_HEDGE if self.rate is None else None

    def opened(self, zero: Tensor) -> Losses:
        """All lies even."""
        return Losses(zero, zero[..., 0])

    def mixture(self, account: Losses) -> Tensor:
        """The weights."""
        return log_weights(account.losses, self._rate(account)).exp()

    def entered(self, account: Losses, mixture: Tensor, utilities: Tensor) -> Losses:
        """Debit every lie with what it would have lost against the round's best."""
        loss, rate = losses_of(utilities), self._rate(account)
        gap = mixability_gap(mixture, log_weights(account.losses, rate), loss, rate)
        return Losses(account.losses + loss, account.gap + gap.clamp(min=0))

    def _rate(self, account: Losses) -> Tensor:
        return rate_at(account.gap, account.losses.shape[-1], self.rate)


def require_rate(rate: float | None) -> None:
    """Raises ValueError for a rate that is neither None nor a positive number."""
    positive = rate is None or (isinstance(rate, int | float) and 0 < rate < math.inf)
    require(positive, "rate", rate, "a number above 0, or none for the adaptive rate")


def losses_of(utilities: Tensor) -> Tensor:
    """Against the best lie of the round ``[B, m, M]``."""
    return utilities.amax(-1, keepdim=True) - utilities


def rate_at(gap: Tensor, lies: int, given: float | None) -> Tensor:
    """log M / gap ``[B, m]``, or the rate that was given."""
    if given is not None:
        return torch.full_like(gap, given)
    # Before anything is lost the rate is infinite in theory; 1e6 per unit of utility follows the leader as well.
    return math.log(lies) / gap.clamp(min=1e-6)


def log_weights(losses: Tensor, rate: Tensor) -> Tensor:
    """log of exp(-rate * losses), normalised ``[B, m, M]``."""
    return torch.log_softmax(-rate[..., None] * losses, -1)


def mixability_gap(played: Tensor, log_weights: Tensor, loss: Tensor, rate: Tensor) -> Tensor:
    """E_played[loss] + log E_weights[exp(-rate * loss)] / rate ``[B, m]``: regret is at most log M / rate + its sum."""
    return (played * loss).sum(-1) + torch.logsumexp(log_weights - rate[..., None] * loss, -1) / rate
