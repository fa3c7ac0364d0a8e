"""Rules that maximise a concave welfare of expected rewards: one class, the welfare is data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from mechanisms.fine_tuners.welfare import Welfare
from mechanisms.reference import Reference
from mechanisms.training_rules.base import EQUAL, FineTuned
from mechanisms.valuation import Profile, Valuation

SILENT = 1e-100  # rewards below this are no wish at all: their squares would not be numbers any more


@dataclass(frozen=True)
class ConcaveWelfare(FineTuned):
    """objective = W(E[r_1], ..., E[r_n]; w) - beta * D(policy, reference)."""

    welfare: Welfare
    influence: ClassVar[Tensor] = EQUAL
    iterative: ClassVar[bool] = True

    def __call__(self, reference: Reference, reports: Profile) -> Tensor:
        return self.fine_tuner.concave(reference, self._heard(reference, reports), self.welfare)

    def objective(self, reference: Reference, reports: Profile, policy: Tensor) -> Tensor:
        heard = self._heard(reference, reports)
        expected = reference.expectation(policy[..., None, :, :], heard.rewards)
        return self.welfare.value(expected, heard.weights) - self.beta * self.divergence(reference, policy)

    def value(self, reference: Reference, reports: Profile) -> Tensor:
        return self.objective(reference, reports, self(reference, reports))

    def _heard(self, reference: Reference, reports: Profile) -> Profile:
        """Where welfare needs positive rewards: negative ones count as 0, whom no policy can please is left out."""
        if self.welfare.simplex:
            return reports
        exists = (reference.policy > 0)[..., None, :, :]
        best = reports.rewards.where(exists, -torch.inf).flatten(-2).amax(-1)
        return Valuation(reports.rewards.clamp(min=0), reports.weights * (best > SILENT))
