"""What everybody believes of an agent they know nothing about: a common prior, as Bayesian mechanisms need one."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from mechanisms.reference import Reference
from mechanisms.valuation import Valuation


@dataclass(frozen=True)
class Prior:
    """Rewards independent and uniform on [low, high], weights all the same; as ``samples`` equally likely profiles.

    A finite prior, known to all, is a prior like any other: what is true of it is true exactly, not up to sampling.

    >>> Prior(samples=3).strangers(Reference.of(torch.full((1, 4), 0.25)), 2).rewards.shape
    torch.Size([3, 2, 1, 4])
    """

    samples: int = 32
    low: float = 0.0
    high: float = 1.0
    weight: float = 1.0
    seed: int = 0

    def __post_init__(self) -> None:
        if not 1 <= self.samples <= 100_000:
            raise ValueError(f"samples is {self.samples}; allowed is 1 to 100000")
        if not (self.low <= self.high and self.weight >= 0):
            raise ValueError(f"low {self.low} must not be above high {self.high}, nor weight {self.weight} below 0")

    def strangers(self, reference: Reference, agents: int) -> Valuation:
        """``samples`` draws of so many agents: rewards ``[S, agents, P, K]``, weights ``[S, agents]``."""
        rng = torch.Generator().manual_seed(self.seed)
        shape = (self.samples, agents, *reference.policy.shape[-2:])
        rewards = self.low + (self.high - self.low) * torch.rand(shape, generator=rng, dtype=torch.float64)
        exists = (reference.policy > 0).any(0) if reference.policy.dim() > 2 else reference.policy > 0
        while exists.dim() > 2:
            exists = exists.any(0)
        return Valuation((rewards.to(reference.policy) * exists), reference.policy.new_full(shape[:2], self.weight))


UNIFORM = Prior()
