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
from mechanisms.training_rules.social_welfare import SocialWelfare
from mechanisms.valuation import Profile, Valuation


@dataclass(frozen=True)
class Honesty:
    """What would be, did everybody tell the truth; and the best that could be."""

    best: Tensor  # [B], the largest objective of the training rule, whether or not its fine-tuner gets there
    gap: Tensor  # [B], how far its own policy stays below; nobody gains more by a lie if payments are externalities
    utilities: Tensor  # [B, n]
    welfare: Tensor  # [B], affine social welfare of the policy trained on the truth
    best_welfare: Tensor  # [B], of policies in the range of the same fine-tuner; NaN if it cannot


def honesty(mechanism: Mechanism, reference: Reference, truth: Valuation) -> Honesty:
    """Everybody truthful, under the mechanism in force."""
    train, outcome = mechanism.train, mechanism(reference, truth)
    worth, divergence = valuations(reference, truth, outcome.policy), train.divergence(reference, outcome.policy)
    gap = optimality_gap(train, reference, truth)
    return Honesty(
        train.value(reference, truth) + gap.nan_to_num(0.0),
        gap,
        worth - outcome.payments,
        affine_welfare(train.beta, worth.sum(-1), divergence),
        _best_welfare(train, reference, truth),
    )


def optimality_gap(train: TrainingRule, reference: Reference, profile: Profile) -> Tensor:
    """The best objective in the fine-tuner's range - the one that it attains ``[B]``; NaN for rules without one."""
    if isinstance(train, SocialWelfare):
        return train.gap(reference, profile)
    return profile.weights.new_full(profile.weights.shape[:-1], torch.nan)


def affine_welfare(beta: float, social_welfare: Tensor, divergence: Tensor) -> Tensor:
    """social welfare - beta * divergence ``[B]``; NaN where the divergence is infinite."""
    if beta == 0:
        return social_welfare  # a menu's policy may be infinitely far from the reference, and 0 * inf is not 0
    worth = social_welfare - beta * divergence
    return torch.where(worth.isfinite(), worth, torch.nan)


def _best_welfare(train: TrainingRule, reference: Reference, truth: Valuation) -> Tensor:
    tuner = _fine_tuner(train)
    if tuner is None:
        return truth.weights.new_full((), torch.nan)
    return tuner.value(reference, truth.total) + tuner.gap(reference, truth.total)


def _fine_tuner(train: TrainingRule) -> FineTuner | None:
    if isinstance(train, Weighted):
        return _fine_tuner(train.ordinary)
    return train.fine_tuner if isinstance(train, FineTuned) else None
