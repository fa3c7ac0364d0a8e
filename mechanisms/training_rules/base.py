"""What every training rule has from its fine-tuner."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from mechanisms.fine_tuners.base import FineTuner, divergence_from
from mechanisms.reference import Reference

EQUAL = torch.ones(1, dtype=torch.float64)  # influence, the same for everybody


@dataclass(frozen=True)
class FineTuned:
    """The regulariser of a rule."""

    fine_tuner: FineTuner

    @property
    def beta(self) -> float:
        """What a unit of divergence costs."""
        return self.fine_tuner.beta

    def divergence(self, reference: Reference, policy: Tensor) -> Tensor:
        """D(policy, reference), a mean over prompts ``[...]``."""
        return divergence_from(self.fine_tuner, reference, policy)
