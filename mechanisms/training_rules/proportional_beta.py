"""Proportional alignment: groups get influence in proportion to their size (Kim et al., arXiv 2506.05619, F^beta)."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from mechanisms.reference import Reference
from mechanisms.training_rules.base import SocialChoice
from mechanisms.training_rules.comparisons import ROUNDING, rivals, strict_shares, with_ties
from mechanisms.training_rules.presence import if_anybody
from mechanisms.valuation import Profile


@dataclass(frozen=True)
class ProportionalBeta(SocialChoice):
    """policy(y) = u(y) exp(sharpness u(y)) / Z, u(y) = min over rivals y' of P(y over y').

    u(y) bounds the share of agents whose favourite is y from above.  Uniform where every u is 0; the reference only
    says which responses exist.  ``sharpness`` is the paper's beta, and infinite it is the maximin rule (Simpson
    1969, Kramer 1977).

    Raises ValueError for a negative sharpness.
    """

    sharpness: float = 1.0

    def __post_init__(self) -> None:
        if not 0 <= self.sharpness < float("inf"):
            raise ValueError(f"proportional_beta: sharpness is {self.sharpness}; allowed is 0 and above")

    def __call__(self, reference: Reference, reports: Profile) -> Tensor:
        against = rivals(reference)
        support = torch.where(against, with_ties(strict_shares(reports)), 1.0).amin(-1)  # no rival: 1
        exists = reference.policy > 0
        wanted = exists & (support > ROUNDING)
        logs = torch.where(wanted, support, 1.0).log() + self.sharpness * support
        within = torch.where(wanted.any(-1, keepdim=True), wanted, exists)
        return if_anybody(reports, torch.softmax(torch.where(within, logs, -torch.inf), -1), reference)
