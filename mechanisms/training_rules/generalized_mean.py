"""Aggregation response by response with a generalised mean (Park et al., arXiv 2405.00254), then welfare."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from mechanisms.reference import Reference
from mechanisms.training_rules.base import EQUAL, FineTuned
from mechanisms.valuation import Profile


@dataclass(frozen=True)
class GeneralizedMean(FineTuned):
    """objective = W E[R] - beta * D, R = (1/a) log sum_i (w_i / W) e^{a r_i}, W = sum_i w_i.

    a -> -inf is the minimum, 0 the weighted mean, +inf the maximum, response by response.
    """

    alpha: float = 1.0
    influence: ClassVar[Tensor] = EQUAL

    def __post_init__(self) -> None:
        if not math.isfinite(self.alpha):
            raise ValueError(f"generalized_mean: alpha is {self.alpha}; allowed is any finite number")

    def aggregate(self, reports: Profile) -> Tensor:
        """W * R: ``[..., P, K]``; zero when nobody is present."""
        if self.alpha == 0:
            return reports.total
        here = reports.weights > 0
        log_weights = torch.where(here, torch.where(here, reports.weights, 1.0).log(), -torch.inf)
        logs = log_weights[..., None, None] + self.alpha * reports.rewards
        everyone = reports.weights.sum(-1)[..., None, None]
        mean = (torch.logsumexp(logs, -3) - everyone.log()) / self.alpha
        return torch.where(everyone > 0, everyone * mean, 0.0)

    def __call__(self, reference: Reference, reports: Profile) -> Tensor:
        return self.fine_tuner(reference, self.aggregate(reports))

    def objective(self, reference: Reference, reports: Profile, policy: Tensor) -> Tensor:
        welfare = reference.expectation(policy, self.aggregate(reports))
        return welfare - self.beta * self.divergence(reference, policy)

    def value(self, reference: Reference, reports: Profile) -> Tensor:
        return self.fine_tuner.value(reference, self.aggregate(reports))
