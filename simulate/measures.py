"""The numbers kept of every round, each a formula of the round; none of them is seen by an agent."""

from __future__ import annotations

import torch
from torch import Tensor

from mechanisms.base import TrainingRule
from mechanisms.divergences.base import likelihood_ratio
from simulate.history import Round


def agent_measures(played: Round) -> dict[str, Tensor]:
    """`AGENT_COLUMNS`, each ``[B, n]``."""
    return {
        "valuation": played.utilities + played.outcome.payments,
        "payment": played.outcome.payments,
        "utility": played.utilities,
        "utility_gain": played.utility_gain,
        "report_weight": played.reports.weights,
        "report_distance": report_distance(played),
    }


def outcome_measures(played: Round, train: TrainingRule, best: Tensor, samples: float) -> dict[str, Tensor]:
    """`OUTCOME_COLUMNS`, each ``[B]``; ``best`` is the largest objective at the truth."""
    policy = played.outcome.policy
    objective = train.objective(played.reference, played.truth, policy)
    return {
        "social_welfare": (played.utilities + played.outcome.payments).sum(-1),
        "objective": objective,
        "welfare_loss": best - objective,
        "divergence": train.divergence(played.reference, policy),
        "revenue": played.outcome.payments.sum(-1),
        "effective_sample_size": effective_sample_size(played, samples),
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
