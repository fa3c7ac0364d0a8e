"""How an objective is maximised: exactly, over a fixed menu, by training a language model."""

from __future__ import annotations

from typing import Protocol

import numpy as np
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

    def gap(self, reference: Reference, reward: Tensor) -> Tensor:
        """How far its policy stays behind the best that it could choose ``[...]``; 0 where it maximises in its range.

        An affine maximizer whose payments use attained objectives has ex-post regret at most the gap at the truth.
        """
        ...

    def anchor(self, reference: Reference) -> Reference:
        """What the divergence is charged from: the reference, or the part of it that the tuner has seen."""
        ...


class Iterative(FineTuner, Protocol):
    """A fine-tuner that trains in steps: its run can be looked at on the way, and given up early."""

    def checkpoints(self, reference: Reference, reward: Tensor) -> Tensor:
        """Policies along one training run ``[C, ..., P, K]``, the last one its answer."""
        ...

    def stopped(self, fraction: float) -> Iterative:
        """The same tuner with ceil(fraction * steps) steps."""
        ...


def divergence_from(fine_tuner: FineTuner, reference: Reference, policy: Tensor) -> Tensor:
    """D(policy, anchor), the divergence that the fine-tuner charges, a mean over prompts ``[...]``."""
    return reference.mean(fine_tuner.divergence(policy, fine_tuner.anchor(reference).policy))


def no_gap(reference: Reference, reward: Tensor) -> Tensor:
    """Zeros ``[...]``: the gap of a tuner that maximises."""
    return reward.new_zeros(np.broadcast_shapes(reference.policy.shape[:-2], reward.shape[:-2]))
