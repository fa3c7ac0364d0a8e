"""Try a handful of lies, keep the best few, draw the next handful around them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from mechanisms.messages.base import MessageSpace
from mechanisms.valuation import Valuation
from strategies.base import Observation
from strategies.options import require
from strategies.parametric import DIMENSIONS, lie
from strategies.streams import Streams

FIRST = 0.5  # standard deviation of the first handful: the box is [-1, 1]
LEAST = 0.02  # below this the search would be blind to others who move


@dataclass(frozen=True)
class Sampler:
    """The memory of the cross-entropy search: a Gaussian over lies, and the handful drawn from it."""

    messages: MessageSpace
    mean: Tensor  # [B, m, 2], lies of strategies/parametric.py
    deviation: Tensor  # [B, m, 2]
    tries: Tensor  # [B, m, handful, 2]
    found: Tensor  # [B, m, tried], utilities so far; once all are tried, a new handful is drawn


@dataclass(frozen=True)
class CrossEntropy:
    """mean, deviation <- smooth * (those of the ``elite`` best of ``handful`` lies) + (1 - smooth) * the old ones.

    Rubinstein (1999), with the smoothing of de Boer, Kroese, Mannor and Rubinstein (2005), section 3; one lie a
    round.  Only the order of utilities counts; of equal ones the lie tried first is kept.  Others who move within a
    handful blur the comparison.
    """

    handful: int = 8
    elite: int = 3
    smooth: float = 0.7
    information = "bandit"
    promise = None

    def __post_init__(self) -> None:
        require(self.handful >= 2, "handful", self.handful, "2 and above")
        require(1 <= self.elite < self.handful, "elite", self.elite, f"1 to {self.handful - 1}, below handful")
        require(0 < self.smooth <= 1, "smooth", self.smooth, "above 0, up to 1")

    def init(self, valuation: Valuation, messages: MessageSpace, rng: Streams) -> Sampler:
        """Around the truth."""
        mean = torch.zeros_like(valuation.weights)[..., None].repeat(1, 1, DIMENSIONS)
        return self._drawn(Sampler(messages, mean, mean + FIRST, mean, mean), rng)

    def report(self, valuation: Valuation, memory: Sampler, rng: Streams) -> Valuation:
        """The next of the handful."""
        return lie(valuation, memory.messages, memory.tries[:, :, memory.found.shape[-1]])

    def update(self, valuation: Valuation, memory: Sampler, seen: Observation, rng: Streams) -> Sampler:
        """Note the utility; after the last of the handful, move the Gaussian."""
        memory = replace(memory, found=torch.cat([memory.found, seen.utility[..., None]], -1))
        return memory if memory.found.shape[-1] < self.handful else self._drawn(self._moved(memory), rng)

    def _moved(self, memory: Sampler) -> Sampler:
        order = memory.found.argsort(dim=-1, descending=True, stable=True)[..., : self.elite]
        best = memory.tries.take_along_dim(order[..., None], -2)
        mean = self.smooth * best.mean(-2) + (1 - self.smooth) * memory.mean
        spread = best.std(-2, correction=0)
        deviation = self.smooth * spread + (1 - self.smooth) * memory.deviation
        return replace(memory, mean=mean, deviation=deviation.clamp(min=LEAST))

    def _drawn(self, memory: Sampler, rng: Streams) -> Sampler:
        noise = rng.normal(self.handful, DIMENSIONS).to(memory.mean)
        tries = memory.mean[..., None, :] + memory.deviation[..., None, :] * noise
        return replace(memory, tries=tries.clamp(-1, 1), found=memory.found[..., :0])
