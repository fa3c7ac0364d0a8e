"""What a stack of fine-tunes climbs, on candidate responses."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from mechanisms.reference import Reference


@dataclass(frozen=True)
class Task:
    """R fine-tunes of one stack: ``log_reference`` and ``reward`` ``[R, P, K]``, padding minus infinity and 0."""

    reference: Reference
    log_reference: Tensor
    reward: Tensor
    beta: float

    def objective(self, log_policy: Tensor) -> Tensor:
        """E[reward] - beta KL: ``[R]``."""
        return self.reference.mean(self.expected(log_policy) - self.beta * self.kl(log_policy))

    def expected(self, log_policy: Tensor) -> Tensor:
        """E[reward] ``[R, P]``."""
        return (log_policy.exp() * self.reward).sum(-1)

    def kl(self, log_policy: Tensor) -> Tensor:
        """KL(policy, reference) ``[R, P]``, 0 log 0 = 0."""
        exists = self.log_reference > -torch.inf
        ratio = torch.where(exists, log_policy, 0.0) - torch.where(exists, self.log_reference, 0.0)
        return (log_policy.exp() * ratio).sum(-1)
