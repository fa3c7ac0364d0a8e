"""Rules that maximise a concave welfare of expected rewards: one class, the welfare is data."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from mechanisms.fine_tuners.base import FineTuner, divergence_from
from mechanisms.fine_tuners.welfare import Welfare
from mechanisms.reference import Reference
from mechanisms.valuation import Profile


@dataclass(frozen=True)
class ConcaveWelfare:
    """objective = W(E[r_1], ..., E[r_n]; w) - beta * D(policy, reference)."""

    fine_tuner: FineTuner
    welfare: Welfare
    influence: Tensor = torch.ones(1, dtype=torch.float64)

    @property
    def beta(self) -> float:
        return self.fine_tuner.beta

    def __call__(self, reference: Reference, reports: Profile) -> Tensor:
        return self.fine_tuner.concave(reference, reports, self.welfare)

    def objective(self, reference: Reference, reports: Profile, policy: Tensor) -> Tensor:
        expected = reference.expectation(policy[..., None, :, :], reports.rewards)
        return self.welfare.value(expected, reports.weights) - self.beta * self.divergence(reference, policy)

    def value(self, reference: Reference, reports: Profile) -> Tensor:
        return self.objective(reference, reports, self(reference, reports))

    def divergence(self, reference: Reference, policy: Tensor) -> Tensor:
        return divergence_from(self.fine_tuner, reference, policy)
