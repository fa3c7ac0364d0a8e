"""Who is present: an agent of weight 0 is not, and where nobody is, there is nothing to train for."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from mechanisms.reference import Reference
from mechanisms.valuation import Profile


def votes(reports: Profile) -> Tensor:
    """One each for those present, whatever their weight, 0 for the absent: ``[..., n]``."""
    return (reports.weights > 0).to(reports.rewards.dtype)


def if_anybody(reports: Profile, policy: Tensor, reference: Reference) -> Tensor:
    """The policy ``[..., P, K]``, and the reference where nobody is present."""
    return torch.where((reports.weights > 0).any(-1)[..., None, None], policy, reference.policy)


def mean_of_present(reports: Profile, policies: Tensor, reference: Reference) -> Tensor:
    """The mean over those present of a policy each ``[..., n, P, K]``; the reference where nobody is."""
    each = votes(reports)
    share = each / each.sum(-1, keepdim=True).clamp(min=1)
    return if_anybody(reports, (share[..., None, None] * policies).sum(-3), reference)


def each_agents(reference: Reference) -> Reference:
    """The reference with an axis for the agents: ``[..., 1, P, K]``."""
    return replace(reference, policy=reference.policy.unsqueeze(-3))
