"""What may be reported: a set of reward models, and a range of weights."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from mechanisms.valuation import Valuation


@dataclass(frozen=True)
class MessageSpace:
    """``normalise(rewards [..., P, K], support [P, K])`` maps any rewards into the space, and leaves members alone.

    ``support`` says which responses exist (the rest is padding); weights lie in [0, max_weight].
    """

    name: str
    normalise: Callable[[Tensor, Tensor], Tensor]
    support: Tensor  # [P, K], bool
    max_weight: float = float("inf")
    integer_weights: bool = False

    def project(self, report: Valuation) -> Valuation:
        """The nearest message, rewards and weights each on their own; differentiable almost everywhere."""
        return Valuation(self.normalise(report.rewards, self.support), self._weights(report.weights))

    def violation(self, report: Valuation) -> Tensor:
        """How far each report is from being a message: largest change `project` would make, ``[..., n]``."""
        allowed = self.project(report)
        rewards = torch.where(self.support, (allowed.rewards - report.rewards).abs(), 0.0).flatten(-2).amax(-1)
        return torch.maximum(rewards, (allowed.weights - report.weights).abs())

    def _weights(self, weights: Tensor) -> Tensor:
        clipped = weights.clamp(0, self.max_weight)
        return clipped.round() if self.integer_weights else clipped
