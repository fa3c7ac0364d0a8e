"""SW-Max: the affine maximizer of reported social welfare (arXiv 2405.16276, Def. 4.1)."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from mechanisms.fine_tuners.base import FineTuner, divergence_from
from mechanisms.reference import Reference
from mechanisms.valuation import Profile


@dataclass(frozen=True)
class SocialWelfare:
    """objective = sum_i influence_i w_i E[r_i] + E[boost] - beta * D(policy, reference).

    Influence and boosts, fixed before the reports arrive, make the whole family of affine maximizers (Roberts 1979).
    """

    fine_tuner: FineTuner
    influence: Tensor = torch.ones(1, dtype=torch.float64)  # [n], or [1] for everybody
    boosts: Tensor | None = None  # [P, K]

    @property
    def beta(self) -> float:
        return self.fine_tuner.beta

    def __call__(self, reference: Reference, reports: Profile) -> Tensor:
        return self.fine_tuner(reference, self._reward(reports))

    def objective(self, reference: Reference, reports: Profile, policy: Tensor) -> Tensor:
        welfare = self._scaled(reports).welfare(reference, policy)
        if self.boosts is not None:
            welfare = welfare + reference.expectation(policy, self.boosts)
        return welfare - self.beta * self.divergence(reference, policy)

    def value(self, reference: Reference, reports: Profile) -> Tensor:
        return self.fine_tuner.value(reference, self._reward(reports))

    def divergence(self, reference: Reference, policy: Tensor) -> Tensor:
        return divergence_from(self.fine_tuner, reference, policy)

    def _scaled(self, reports: Profile) -> Profile:
        return reports if bool((self.influence == 1).all()) else reports.scaled(self.influence)

    def _reward(self, reports: Profile) -> Tensor:
        total = self._scaled(reports).total
        return total if self.boosts is None else total + self.boosts
