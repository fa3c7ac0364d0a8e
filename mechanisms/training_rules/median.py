"""The weighted median of the rewards, response by response, then welfare: robust to a minority's exaggeration."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from mechanisms.reference import Reference
from mechanisms.training_rules.aggregated import Aggregated
from mechanisms.training_rules.comparisons import ROUNDING
from mechanisms.valuation import Profile


@dataclass(frozen=True)
class Median(Aggregated):
    """objective = W E[median_i r_i] - beta * D, W = sum_i w_i; an even split takes the mean of the two medians."""

    def aggregate(self, reference: Reference, reports: Profile) -> Tensor:
        everyone = reports.weights.sum(-1)[..., None, None]
        return everyone * weighted_median(reports.rewards, reports.weights)


def weighted_median(values: Tensor, weights: Tensor) -> Tensor:
    """The median over agents: values ``[..., n, P, K]``, weights ``[..., n]`` -> ``[..., P, K]``.

    At most half the weight lies below it and at most half above; of an interval of such numbers, its middle.

    >>> weighted_median(torch.tensor([1.0, 5.0, 9.0]).reshape(3, 1, 1), torch.tensor([1.0, 1.0, 2.0]))
    tensor([[7.]])
    """
    values, weights = torch.broadcast_tensors(values, weights[..., None, None])
    ordered, by = values.sort(-3)
    upto = weights.gather(-3, by).cumsum(-3)
    half = upto[..., -1:, :, :] / 2
    lower = (upto < half * (1 - ROUNDING)).sum(-3, keepdim=True)
    upper = (upto <= half * (1 + ROUNDING)).sum(-3, keepdim=True).clamp(max=values.shape[-3] - 1)
    return (ordered.gather(-3, lower) + ordered.gather(-3, upper)).squeeze(-3) / 2
