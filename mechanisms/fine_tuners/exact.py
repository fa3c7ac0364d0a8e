"""Exact fine-tuning over candidate responses, for every f-divergence."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from mechanisms.divergences.base import Divergence
from mechanisms.fine_tuners.base import divergence_from, no_gap
from mechanisms.fine_tuners.dual import concave_optimum
from mechanisms.fine_tuners.optimum import optimum
from mechanisms.fine_tuners.welfare import Welfare
from mechanisms.reference import Reference
from mechanisms.valuation import Profile


@dataclass(frozen=True)
class Exact:
    """argmax over all policies; closed form where the divergence has one, safeguarded Newton otherwise."""

    divergence: Divergence
    beta: float = 1.0

    def __post_init__(self) -> None:
        if not self.beta > 0:
            raise ValueError(f"beta is {self.beta}; it must be above 0 (only the fine-tuner menu allows 0)")

    def __call__(self, reference: Reference, reward: Tensor) -> Tensor:
        return optimum(self.divergence, reference, reward, self.beta)

    def value(self, reference: Reference, reward: Tensor) -> Tensor:
        if self.divergence.conjugate is not None:
            return reference.mean(self.divergence.conjugate(reference, reward, self.beta))
        # Danskin: the maximum's derivative is the policy itself, so the policy is held fixed under autograd.
        policy = self(reference, reward).detach()
        return reference.expectation(policy, reward) - self.beta * divergence_from(self, reference, policy)

    def concave(self, reference: Reference, reports: Profile, welfare: Welfare) -> Tensor:
        """Raises ValueError for a divergence with a kink, whose dual does not determine the policy."""
        return concave_optimum(self.divergence, self.beta, reference, reports, welfare)

    def gap(self, reference: Reference, reward: Tensor) -> Tensor:
        return no_gap(reference, reward)

    def anchor(self, reference: Reference) -> Reference:
        return reference
