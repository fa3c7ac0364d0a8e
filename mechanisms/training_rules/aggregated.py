"""Rules that aggregate the reports into one reward, response by response, and fine-tune towards that."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from mechanisms.reference import Reference
from mechanisms.training_rules.base import EQUAL, FineTuned
from mechanisms.valuation import Profile


@dataclass(frozen=True)
class Aggregated(FineTuned, ABC):
    """objective = E[R] - beta * D, R the aggregated reward in units of weight * reward."""

    influence: ClassVar[Tensor] = EQUAL

    @abstractmethod
    def aggregate(self, reference: Reference, reports: Profile) -> Tensor:
        """R: ``[..., P, K]``, zero where nobody is present."""

    def __call__(self, reference: Reference, reports: Profile) -> Tensor:
        return self.fine_tuner(reference, self.aggregate(reference, reports))

    def objective(self, reference: Reference, reports: Profile, policy: Tensor) -> Tensor:
        welfare = reference.expectation(policy, self.aggregate(reference, reports))
        return welfare - self.beta * self.divergence(reference, policy)

    def value(self, reference: Reference, reports: Profile) -> Tensor:
        return self.fine_tuner.value(reference, self.aggregate(reference, reports))
