"""Responses compared two at a time: who beats whom, and by what share of the agents."""

from __future__ import annotations

import torch
from torch import Tensor

from mechanisms.reference import Reference
from mechanisms.valuation import Profile

# A share is a sum of a few dozen weights over their total: two ways to add up one share differ by less.
ROUNDING = 1e-12


def strict_shares(reports: Profile, weights: Tensor | None = None) -> Tensor:
    """S(y, y') = sum_i w_i 1[r_i(y) > r_i(y')] / sum_i w_i: ``[..., P, K, K]``; 0 where nobody is present.

    ``weights [..., n]`` stands in for the reports' own.  Only the order of an agent's rewards counts, so there is
    no slope in them; there is one in the weights.
    """
    given = reports.weights if weights is None else weights
    everyone = given.sum(-1, keepdim=True)
    share = given / torch.where(everyone > 0, everyone, 1.0)
    rewards = reports.rewards.detach()
    above = (rewards[..., :, None] > rewards[..., None, :]).to(share.dtype)
    return torch.einsum("...n,...npkl->...pkl", share, above)


def with_ties(strict: Tensor) -> Tensor:
    """P(y over y') = S(y, y') + half of those who are indifferent, and 1/2 where nobody is present."""
    return (1 + strict - strict.mT) / 2


def majority(strict: Tensor) -> Tensor:
    """1 where y beats y', 0 where it loses, 1/2 where they tie: ``[..., P, K, K]``."""
    lead = strict - strict.mT
    return torch.where(lead.abs() <= ROUNDING, 0.5, (lead > 0).to(lead.dtype))


def rivals(reference: Reference) -> Tensor:
    """Whether y and y' are two different responses that exist: ``[..., P, K, K]``."""
    exists = reference.policy > 0
    distinct = ~torch.eye(exists.shape[-1], dtype=torch.bool, device=exists.device)
    return exists[..., :, None] & exists[..., None, :] & distinct


def mean_over_rivals(pairwise: Tensor, reference: Reference) -> Tensor:
    """The mean of ``pairwise(y, y')`` over the rivals y' of y: ``[..., P, K]``, 0 for a response that has none."""
    against = rivals(reference)
    return (pairwise * against).sum(-1) / against.sum(-1).clamp(min=1)
