"""Fine-tuning over a fixed menu of policies: the base paper's own experiments choose among a finite set of models.

A menu fixed before the reports arrive makes an affine maximizer exactly incentive compatible whatever is on it.
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from mechanisms.divergences.base import Divergence
from mechanisms.fine_tuners.base import no_gap
from mechanisms.fine_tuners.welfare import Welfare
from mechanisms.reference import Reference
from mechanisms.valuation import Profile


@dataclass(frozen=True)
class Menu:
    """argmax over ``policies [C, P, K]``; ties go to the first.  beta may be 0: no regulariser, as in the paper."""

    policies: Tensor
    divergence: Divergence
    beta: float = 0.0

    def __call__(self, reference: Reference, reward: Tensor) -> Tensor:
        return self.policies[self._scores(reference, reward).argmax(-1)]

    def value(self, reference: Reference, reward: Tensor) -> Tensor:
        return self._scores(reference, reward).amax(-1)

    def concave(self, reference: Reference, reports: Profile, welfare: Welfare) -> Tensor:
        expected = reference.expectation(self.policies[:, None], reports.rewards[..., None, :, :, :])  # [..., C, n]
        scores = welfare.value(expected, reports.weights[..., None, :]) - self._costs(reference)
        return self.policies[scores.argmax(-1)]

    def gap(self, reference: Reference, reward: Tensor) -> Tensor:
        return no_gap(reference, reward)

    def anchor(self, reference: Reference) -> Reference:
        return reference

    def _scores(self, reference: Reference, reward: Tensor) -> Tensor:
        return reference.expectation(self.policies, reward[..., None, :, :]) - self._costs(reference)  # [..., C]

    def _costs(self, reference: Reference) -> Tensor | float:
        if self.beta == 0:
            return 0.0  # a candidate may lie infinitely far from the reference, and 0 * inf is not 0
        return self.beta * reference.mean(self.divergence(self.policies, reference.policy[..., None, :, :]))
