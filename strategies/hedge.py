"""Multiplicative weights over a menu of lies, every lie's counterfactual known."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from mechanisms.messages.base import MessageSpace
from mechanisms.valuation import Valuation
from strategies.base import Observation
from strategies.menus import menu_of
from strategies.menus.base import chosen, sampled
from strategies.streams import Streams


@dataclass(frozen=True)
class Regrets:
    """The memory of Hedge."""

    menu: Valuation  # rewards [M or 1, B, m, P, K], weights [M, B, m]
    action: Tensor  # [B, m]
    losses: Tensor  # [B, m, M], cumulative, against the best lie of each round
    gap: Tensor  # [B, m], cumulative mixability gap: how much the weights have lost to a perfect mixture


@dataclass(frozen=True)
class Hedge:
    """P(lie) ~ exp(-rate * cumulative loss), rate = log M / mixability gap so far unless a rate is given.

    The adaptive rate (AdaHedge: de Rooij, van Erven, Gruenwald and Koolen 2014, section 2) needs no scale and no
    horizon: it stays high where one lie dominates and falls where the best lie keeps changing.  A fixed rate is
    Freund and Schapire's (1997), in units of 1 / utility.  The play of hedgers tends to the coarse correlated
    equilibria of the menu game.
    """

    menu: str = "overstate"
    rate: float | None = None
    information = "outcome"

    def __post_init__(self) -> None:
        menu_of(self.menu)
        if self.rate is not None and not (isinstance(self.rate, int | float) and 0 < self.rate < math.inf):
            raise ValueError(f"rate is {self.rate!r}; a number above 0 is expected, or none for the adaptive rate")

    def init(self, valuation: Valuation, messages: MessageSpace, rng: Streams) -> Regrets:
        """All lies even."""
        lies = menu_of(self.menu)(valuation, messages)
        zero = torch.zeros_like(valuation.weights)
        losses = zero[..., None].repeat(*(1,) * zero.dim(), lies.weights.shape[0])
        return self._drawn(Regrets(lies, zero.long(), losses, zero), rng)

    def report(self, valuation: Valuation, memory: Regrets, rng: Streams) -> Valuation:
        """The lie decided on."""
        return chosen(memory.menu, memory.action)

    def update(self, valuation: Valuation, memory: Regrets, seen: Observation, rng: Streams) -> Regrets:
        """Debit every lie with what it would have lost against the round's best."""
        assert seen.counterfactual is not None
        utilities = seen.counterfactual(memory.menu).movedim(0, -1)
        loss = utilities.amax(-1, keepdim=True) - utilities
        rate, log_weights = self._rate(memory)[..., None], self._log_weights(memory)
        expected = (log_weights.exp() * loss).sum(-1)
        mixed = -torch.logsumexp(log_weights - rate * loss, -1) / rate.squeeze(-1)
        gap = memory.gap + (expected - mixed).clamp(min=0)
        return self._drawn(replace(memory, losses=memory.losses + loss, gap=gap), rng)

    def _rate(self, memory: Regrets) -> Tensor:
        if self.rate is not None:
            return torch.full_like(memory.gap, self.rate)
        # Before anything is lost the rate is infinite in theory; 1e6 per unit of utility follows the leader as well.
        return math.log(memory.losses.shape[-1]) / memory.gap.clamp(min=1e-6)

    def _log_weights(self, memory: Regrets) -> Tensor:
        return torch.log_softmax(-self._rate(memory)[..., None] * memory.losses, -1)

    def _drawn(self, memory: Regrets, rng: Streams) -> Regrets:
        return replace(memory, action=sampled(self._log_weights(memory).exp(), rng.uniform()))
