"""How an objective is maximised: exactly, over a fixed menu, by training a language model."""

from __future__ import annotations

from typing import Protocol

from torch import Tensor

from mechanisms.divergences.base import Divergence
from mechanisms.fine_tuners.welfare import Welfare
from mechanisms.reference import Reference
from mechanisms.valuation import Profile


class FineTuner(Protocol):
    """Maximises E_policy[reward] - beta * D(policy, reference), and concave welfares of expected rewards likewise."""

    @property
    def divergence(self) -> Divergence: ...

    @property
    def beta(self) -> float: ...

    def __call__(self, reference: Reference, reward: Tensor) -> Tensor:
        """The policy ``[..., P, K]`` for one reward ``[..., P, K]``."""
        ...

    def value(self, reference: Reference, reward: Tensor) -> Tensor:
        """The maximum attained ``[...]``."""
        ...

    def concave(self, reference: Reference, reports: Profile, welfare: Welfare) -> Tensor:
        """The policy that maximises welfare(E[r_1], ..., E[r_n]) - beta * D."""
        ...


def divergence_from(fine_tuner: FineTuner, reference: Reference, policy: Tensor) -> Tensor:
    """D(policy, reference), a mean over prompts ``[...]``."""
    return reference.mean(fine_tuner.divergence(policy, reference.policy))
