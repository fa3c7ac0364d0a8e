"""What everybody's honesty would bring: the yardsticks of a round, the same until mechanism, reference or truth move.

Affine social welfare is sum_i w_i E[r_i] - beta * D at the truth, in the mechanism's own divergence and beta, whatever
its training rule maximises: what welfare is lost against its best splits into a cost of the rule and a cost of lies.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from mechanisms.base import Mechanism, TrainingRule, valuations
from mechanisms.fine_tuners.base import FineTuner
from mechanisms.reference import Reference
from mechanisms.repeated.weighted import Weighted
from mechanisms.training_rules.base import FineTuned
from mechanisms.valuation import Valuation


@dataclass(frozen=True)
class Honesty:
    """What would be, did everybody tell the truth; and the best that could be."""

    best: Tensor  # [B], the largest objective of the training rule
    utilities: Tensor  # [B, n]
    welfare: Tensor  # [B], affine social welfare of the policy trained on the truth
    best_welfare: Tensor  # [B], of the policy that the same fine-tuner trains for social welfare; NaN if it cannot


def honesty(mechanism: Mechanism, reference: Reference, truth: Valuation) -> Honesty:
    """Everybody truthful, under the mechanism in force."""
    train, outcome = mechanism.train, mechanism(reference, truth)
    worth, divergence = valuations(reference, truth, outcome.policy), train.divergence(reference, outcome.policy)
    return Honesty(
        train.value(reference, truth),
        worth - outcome.payments,
        affine_welfare(train.beta, worth.sum(-1), divergence),
        _best_welfare(train, reference, truth),
    )


def affine_welfare(beta: float, social_welfare: Tensor, divergence: Tensor) -> Tensor:
    """social welfare - beta * divergence ``[B]``; NaN where the divergence is infinite."""
    if beta == 0:
        return social_welfare  # a menu's policy may be infinitely far from the reference, and 0 * inf is not 0
    worth = social_welfare - beta * divergence
    return torch.where(worth.isfinite(), worth, torch.nan)


def _best_welfare(train: TrainingRule, reference: Reference, truth: Valuation) -> Tensor:
    tuner = _fine_tuner(train)
    return truth.weights.new_full((), torch.nan) if tuner is None else tuner.value(reference, truth.total)


def _fine_tuner(train: TrainingRule) -> FineTuner | None:
    if isinstance(train, Weighted):
        return _fine_tuner(train.ordinary)
    return train.fine_tuner if isinstance(train, FineTuned) else None
