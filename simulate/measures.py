"""The numbers kept of every round, each a formula of the round; none of them is seen by an agent."""

from __future__ import annotations

import torch
from torch import Tensor

from mechanisms.base import TrainingRule
from mechanisms.divergences.base import likelihood_ratio
from simulate.exploitability import exploitability
from simulate.history import Round
from simulate.honesty import Honesty, affine_welfare, optimality_gap


def agent_measures(played: Round, honest: Honesty) -> dict[str, Tensor]:
    """`AGENT_COLUMNS`, each ``[B, n]``."""
    return {
        "valuation": played.utilities + played.outcome.payments,
        "payment": played.outcome.payments,
        "utility": played.utilities,
        "utility_gain": played.utility_gain,
        "report_weight": played.reports.weights,
        "report_distance": report_distance(played),
        "utility_change": played.utilities - honest.utilities,
        "regret": torch.full_like(played.utilities, torch.nan) if played.regret is None else played.regret,
    }


def outcome_measures(played: Round, train: TrainingRule, honest: Honesty, samples: float) -> dict[str, Tensor]:
    """`OUTCOME_COLUMNS`, each ``[B]``.

    loss_from_rule + loss_from_lies = the best affine social welfare - the one reached: the first is what the policy
    trained on the truth lacks (0 where the rule maximises it and training gets there), the second what lies take away
    from that policy.
    optimality_gap is the deployed fine-tune's; incentive_gap the one at the truth, which bounds what any lie gains.
    """
    policy = played.outcome.policy
    objective = train.objective(played.reference, played.truth, policy)
    welfare, divergence = (
        (played.utilities + played.outcome.payments).sum(-1),
        train.divergence(played.reference, policy),
    )
    reached = affine_welfare(train.beta, welfare, divergence)
    return {
        "social_welfare": welfare,
        "objective": objective,
        "welfare_loss": honest.best - objective,
        "divergence": divergence,
        "revenue": played.outcome.payments.sum(-1),
        "effective_sample_size": effective_sample_size(played, samples),
        "exploitability": torch.full_like(objective, torch.nan)
        if played.lie_gains is None
        else exploitability(played.lie_gains),
        "equilibrium_distance": torch.full_like(objective, torch.nan)
        if played.equilibrium_distance is None
        else played.equilibrium_distance,
        "loss_from_rule": (honest.best_welfare - honest.welfare).expand_as(reached),
        "loss_from_lies": honest.welfare - reached,
        "optimality_gap": optimality_gap(train, played.reference, played.reports).expand_as(reached),
        "incentive_gap": honest.gap.expand_as(reached),
    }


def effective_sample_size(played: Round, samples: float) -> Tensor:
    """samples / (1 + chi-squared(policy, reference)), the least over prompts ``[B]``; NaN where nothing was sampled.

    How many of a pool's samples a policy really rests on; under about 50, what one sees is the pool's extremes.
    """
    ratio = likelihood_ratio(played.outcome.policy, played.reference.policy)
    return (samples / (played.outcome.policy * ratio).sum(-1)).amin(-1)


def report_distance(played: Round) -> Tensor:
    """sum |w' r' - w r| / sum |w r| over prompts and responses: 0 is the truth, 1 as good as silence ``[B, n]``."""
    truth, reports = played.truth, played.reports
    if reports is truth:
        return torch.zeros_like(truth.weights)
    said = reports.weights[..., None, None] * reports.rewards
    meant = truth.weights[..., None, None] * truth.rewards
    scale = meant.abs().flatten(-2).sum(-1)
    return (said - meant).abs().flatten(-2).sum(-1) / torch.where(scale > 0, scale, 1.0)
