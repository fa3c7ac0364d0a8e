"""Overstate the size of one's group for as long as that pays."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from mechanisms.messages.base import MessageSpace
from mechanisms.valuation import Valuation
from strategies.base import Observation
from strategies.options import require
from strategies.streams import Streams

TIE = 1e-9  # a fall of utility smaller than this, relative to its size, is rounding


@dataclass(frozen=True)
class Inflation:
    """The memory of a size inflater, ``[B, m]`` each."""

    factor: Tensor
    up: Tensor  # bool: which way the factor is going
    utility: Tensor  # of the last round


@dataclass(frozen=True)
class SizeInflater:
    """weight * factor, true rewards; factor *= growth while utility does not fall, else turn round, within [1, most].

    `overstate` is the same lie in a size fixed beforehand; this one finds the size from its own utility alone, by
    "win-continue, lose-reverse" (Huck, Normann and Oechssler 2004, "Through trial and error to collusion").  What
    others change in the same round counts as its own doing.  At 1 and at the cap a tie keeps it where it is.
    """

    growth: float = 1.2
    most: float = 100.0
    information = "bandit"
    promise = None

    def __post_init__(self) -> None:
        require(self.growth > 1, "growth", self.growth, "above 1")
        require(self.most >= 1, "most", self.most, "from 1 up")

    def init(self, valuation: Valuation, messages: MessageSpace, rng: Streams) -> Inflation:
        """The truth, on the way up."""
        one = torch.ones_like(valuation.weights)
        return Inflation(one, one > 0, -torch.inf * one)

    def report(self, valuation: Valuation, memory: Inflation, rng: Streams) -> Valuation:
        """The true rewards under the inflated weight."""
        return Valuation(valuation.rewards, valuation.weights * memory.factor)

    def update(self, valuation: Valuation, memory: Inflation, seen: Observation, rng: Streams) -> Inflation:
        """Go on or turn round."""
        paid = seen.utility >= memory.utility - TIE * seen.utility.abs()
        up = memory.up == paid
        factor = torch.where(up, memory.factor * self.growth, memory.factor / self.growth)
        return Inflation(self._capped(factor, valuation, seen.messages), up, seen.utility)

    def _capped(self, factor: Tensor, valuation: Valuation, messages: MessageSpace) -> Tensor:
        """No further than a report can show: up to ``most`` and the largest weight allowed."""
        room = messages.max_weight / torch.where(valuation.weights > 0, valuation.weights, 1.0)
        return torch.minimum(factor, room.clamp(max=self.most)).clamp(min=1)
