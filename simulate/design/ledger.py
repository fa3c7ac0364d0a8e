"""What a mechanism brings in when everybody tells the truth, game by game, and its mean with an interval."""

from __future__ import annotations

import math
from dataclasses import dataclass

from torch import Tensor

from mechanisms.base import Outcome, TrainingRule
from mechanisms.reference import Reference
from mechanisms.valuation import Valuation

NORMAL = 1.959963984540054  # 97.5 % quantile: 95 % of a normal distribution lie within so many standard errors


@dataclass(frozen=True)
class Mean:
    """A mean over games and its 95 % normal interval."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True)
class Ledger:
    """One number a game ``[B]``, in units of social welfare."""

    revenue: Tensor  # sum of payments
    profit: Tensor  # revenue - beta0 D(policy, reference): what is left when the training is paid for
    welfare: Tensor  # sum of weight * E[reward] - beta0 D
    surplus: Tensor  # welfare - that of the reference model, which asks for no training


def ledger(yardstick: TrainingRule, reference: Reference, truth: Valuation, outcome: Outcome) -> Ledger:
    """``yardstick`` is social welfare at beta0, what a unit of divergence really costs the provider."""
    revenue = outcome.payments.sum(-1)
    cost = yardstick.beta * yardstick.divergence(reference, outcome.policy)
    welfare = truth.welfare(reference, outcome.policy) - cost
    return Ledger(revenue, revenue - cost, welfare, welfare - truth.welfare(reference, reference.policy))


def mean(values: Tensor) -> Mean:
    """Mean of ``values [B]`` with 1.96 standard errors either side; one game has no interval."""
    middle = values.mean().item()
    reach = NORMAL * values.std().item() / math.sqrt(len(values)) if len(values) > 1 else 0.0
    return Mean(middle, middle - reach, middle + reach)


def ratio(values: Tensor, base: Tensor) -> Mean:
    """mean(values) / mean(base) over the same games; interval by the delta method, NaN where the base is not above 0.

    >>> import torch
    >>> ratio(torch.tensor([2.0, 4.0]), torch.tensor([1.0, 2.0])).mean
    2.0
    """
    below = base.mean().item()
    if not below > 0:
        return Mean(math.nan, math.nan, math.nan)
    middle = values.mean().item() / below
    around = mean((values - middle * base) / below)
    return Mean(middle, middle + around.low, middle + around.high)
