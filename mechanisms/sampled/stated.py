"""The payments that a fine-tune on samples may state: an interval that admits its samples and its training."""

from __future__ import annotations

import torch
from torch import Tensor

from mechanisms.sampled.estimate import Estimate
from mechanisms.sampled.gap_bound import optimum_bound
from mechanisms.sampled.policy import SampledPolicy
from mechanisms.sampled.quantities import gap, payments, to_optimum
from mechanisms.sampled.thin import effective_sample_size, refuse_below, refuse_thin


def stated_payments(
    sampled: SampledPolicy, weights: Tensor, beta: float, spread: Tensor, least: float = 0.0, seed: int = 0
) -> Estimate:
    """`payments`, their interval widened by `optimum_bound` at the upper end of the gap: ``[..., n]``.

    About the payments of the mechanism that trains to the optimum.  ``spread [n]`` is each agent's weight times the
    range of rewards it may report.  Raises ThinSample where the samples are too few for the payments or for the gap.
    """
    refuse_thin(sampled, weights, beta, least)
    undone = effective_sample_size(to_optimum(sampled, weights, beta)).min()
    refuse_below(undone, "at the optimum, far from the policy", sampled.size, beta)
    most = torch.maximum(*(getattr(gap(sampled, weights, beta, seed), end) for end in ("value", "high")))
    return payments(sampled, weights, beta, seed).widened(optimum_bound(most[..., None], beta, spread))
