"""SW-Max: the affine maximizer of reported social welfare (arXiv 2405.16276, Def. 4.1)."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from mechanisms.fine_tuners.trained import Trained
from mechanisms.reference import Reference
from mechanisms.training_rules.base import EQUAL, FineTuned
from mechanisms.valuation import Deviations, Profile, Valuation

Billed = Valuation | Deviations  # profiles that somebody is billed for, so that models without somebody are wanted


@dataclass(frozen=True)
class SocialWelfare(FineTuned):
    """objective = sum_i influence_i w_i E[r_i] + E[boost] - beta * D(policy, reference).

    Influence and boosts, fixed before the reports arrive, make the whole family of affine maximizers (Roberts 1979).
    ``status_quo`` is a boost of every response in proportion to its reference probability, so much for the likeliest.
    """

    influence: Tensor = EQUAL  # [n], or [1] for everybody
    boosts: Tensor | None = None  # [P, K]
    status_quo: float = 0.0

    def __call__(self, reference: Reference, reports: Profile) -> Tensor:
        reward = self.reward(reference, reports)
        if isinstance(self.fine_tuner, Trained) and self.fine_tuner.together and isinstance(reports, Billed):
            self.fine_tuner.train_at_once(reference, reward, self.reward(reference, reports.others()))
        return self.fine_tuner(reference, reward)

    def objective(self, reference: Reference, reports: Profile, policy: Tensor) -> Tensor:
        welfare = self._scaled(reports).welfare(reference, policy)
        boost = self._boost(reference)
        if boost is not None:
            welfare = welfare + reference.expectation(policy, boost)
        return welfare - self.beta * self.divergence(reference, policy)

    def value(self, reference: Reference, reports: Profile) -> Tensor:
        return self.fine_tuner.value(reference, self.reward(reference, reports))

    def gap(self, reference: Reference, reports: Profile) -> Tensor:
        """How far the policy's objective is from the best that the fine-tuner could choose ``[...]``."""
        return self.fine_tuner.gap(reference, self.reward(reference, reports))

    def reward(self, reference: Reference, reports: Profile) -> Tensor:
        """What the fine-tuner climbs: sum_i influence_i w_i r_i + boost ``[..., P, K]``."""
        total, boost = self._scaled(reports).total, self._boost(reference)
        return total if boost is None else total + boost

    def _scaled(self, reports: Profile) -> Profile:
        return reports if bool((self.influence == 1).all()) else reports.scaled(self.influence)

    def _boost(self, reference: Reference) -> Tensor | None:
        if self.status_quo == 0:
            return self.boosts
        usual = self.status_quo * reference.policy / reference.policy.amax(-1, keepdim=True)
        return usual if self.boosts is None else self.boosts + usual
