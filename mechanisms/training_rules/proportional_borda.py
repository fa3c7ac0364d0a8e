"""Responses are drawn in proportion to their Borda scores: truth is dominant, unpaid (Barbera 1978)."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from mechanisms.reference import Reference
from mechanisms.training_rules.base import SocialChoice
from mechanisms.training_rules.comparisons import mean_over_rivals, strict_shares, with_ties
from mechanisms.training_rules.presence import votes
from mechanisms.valuation import Profile


@dataclass(frozen=True)
class ProportionalBorda(SocialChoice):
    """policy(y) = sum_i rank_i(y) / Z, rank 0 for i's worst response, tied responses share their mean rank.

    The policy is linear in every agent's ranks, which are the same numbers whatever it says: it can only put them
    in order.  Agents count equally whatever their weight; weight 0 is absent.  The reference only says which
    responses exist: where nobody is present the policy is uniform, as if all were indifferent, since falling back on
    the reference could make it pay to stay away.
    """

    def __call__(self, reference: Reference, reports: Profile) -> Tensor:
        exists = reference.policy > 0
        count = exists.sum(-1, keepdim=True)
        score = mean_over_rivals(with_ties(strict_shares(reports, votes(reports))), reference)
        return torch.where(count > 1, 2 * score / count, exists.to(score.dtype))  # scores sum to count / 2
