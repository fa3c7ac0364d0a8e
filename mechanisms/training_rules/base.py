"""What training rules have in common: the regulariser, and a yardstick for rules that maximise nothing."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from mechanisms.fine_tuners.base import FineTuner, divergence_from
from mechanisms.reference import Reference
from mechanisms.valuation import Profile

EQUAL = torch.ones(1, dtype=torch.float64)  # influence, the same for everybody


@dataclass(frozen=True)
class FineTuned:
    """The regulariser of a rule."""

    fine_tuner: FineTuner
    iterative: ClassVar[bool] = False  # is every policy the end of a solver's iterations? Searches then try less

    @property
    def beta(self) -> float:
        """What a unit of divergence costs."""
        return self.fine_tuner.beta

    def divergence(self, reference: Reference, policy: Tensor) -> Tensor:
        """D(policy, reference), a mean over prompts ``[...]``."""
        return divergence_from(self.fine_tuner, reference, policy)


@dataclass(frozen=True)
class SocialChoice(FineTuned, ABC):
    """A rule that maximises nothing: it is measured by sum_i w_i E[r_i] - beta * D all the same.

    ``value`` is the most that any policy attains of it, so such a rule has a welfare loss even at the truth.
    """

    influence: ClassVar[Tensor] = EQUAL

    @abstractmethod
    def __call__(self, reference: Reference, reports: Profile) -> Tensor:
        """The policy ``[..., P, K]``."""

    def objective(self, reference: Reference, reports: Profile, policy: Tensor) -> Tensor:
        return reports.welfare(reference, policy) - self.beta * self.divergence(reference, policy)

    def value(self, reference: Reference, reports: Profile) -> Tensor:
        return self.fine_tuner.value(reference, reports.total)
