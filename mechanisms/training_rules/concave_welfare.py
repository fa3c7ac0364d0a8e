"""Rules that maximise a concave welfare of expected rewards: one class, the welfare is data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from mechanisms.fine_tuners.welfare import Welfare
from mechanisms.reference import Reference
from mechanisms.training_rules.base import EQUAL, FineTuned
from mechanisms.valuation import Profile


@dataclass(frozen=True)
class ConcaveWelfare(FineTuned):
    """objective = W(E[r_1], ..., E[r_n]; w) - beta * D(policy, reference)."""

    welfare: Welfare
    influence: ClassVar[Tensor] = EQUAL

    def __call__(self, reference: Reference, reports: Profile) -> Tensor:
        return self.fine_tuner.concave(reference, reports, self.welfare)

    def objective(self, reference: Reference, reports: Profile, policy: Tensor) -> Tensor:
        expected = reference.expectation(policy[..., None, :, :], reports.rewards)
        return self.welfare.value(expected, reports.weights) - self.beta * self.divergence(reference, policy)

    def value(self, reference: Reference, reports: Profile) -> Tensor:
        return self.objective(reference, reports, self(reference, reports))
