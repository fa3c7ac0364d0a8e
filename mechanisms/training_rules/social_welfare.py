"""SW-Max: the affine maximizer of reported social welfare (arXiv 2405.16276, Def. 4.1)."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from mechanisms.reference import Reference
from mechanisms.training_rules.base import EQUAL, FineTuned
from mechanisms.valuation import Profile


@dataclass(frozen=True)
class SocialWelfare(FineTuned):
    """objective = sum_i influence_i w_i E[r_i] + E[boost] - beta * D(policy, reference).

    Influence and boosts, fixed before the reports arrive, make the whole family of affine maximizers (Roberts 1979).
    """

    influence: Tensor = EQUAL  # [n], or [1] for everybody
    boosts: Tensor | None = None  # [P, K]

    def __call__(self, reference: Reference, reports: Profile) -> Tensor:
        return self.fine_tuner(reference, self._reward(reports))

    def objective(self, reference: Reference, reports: Profile, policy: Tensor) -> Tensor:
        welfare = self._scaled(reports).welfare(reference, policy)
        if self.boosts is not None:
            welfare = welfare + reference.expectation(policy, self.boosts)
        return welfare - self.beta * self.divergence(reference, policy)

    def value(self, reference: Reference, reports: Profile) -> Tensor:
        return self.fine_tuner.value(reference, self._reward(reports))

    def _scaled(self, reports: Profile) -> Profile:
        return reports if bool((self.influence == 1).all()) else reports.scaled(self.influence)

    def _reward(self, reports: Profile) -> Tensor:
        total = self._scaled(reports).total
        return total if self.boosts is None else total + self.boosts
