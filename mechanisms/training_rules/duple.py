"""Two replies from the reference, and a committee that picks one: strategyproof without money, the committee is data.

Given the pair, the outcome depends on nothing but who prefers which, and never moves against a vote: so truth is
dominant on every pair (Gibbard 1977), and hence on the lottery over pairs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from mechanisms.reference import Reference
from mechanisms.training_rules.base import SocialChoice
from mechanisms.training_rules.comparisons import strict_shares
from mechanisms.training_rules.presence import if_anybody, votes
from mechanisms.valuation import Profile


@dataclass(frozen=True)
class Duple(SocialChoice):
    """policy(y) = 2 q(y) sum_y' q(y') win(y, y'), q the reference.

    ``committee(strict shares of agents [..., P, K, K], reference [..., P, K])`` says how likely y is picked from
    {y, y'}: win(y, y') + win(y', y) = 1.  Agents count equally whatever their weight; weight 0 is absent.
    """

    committee: Callable[[Tensor, Tensor], Tensor]

    def __call__(self, reference: Reference, reports: Profile) -> Tensor:
        win = self.committee(strict_shares(reports, votes(reports)), reference.policy)
        return if_anybody(reports, picked(reference.policy, win), reference)


def picked(reference: Tensor, win: Tensor) -> Tensor:
    """The law of the winner of two draws: ``[..., K]``, win ``[..., K, K]``.

    >>> picked(torch.tensor([0.5, 0.5]), torch.tensor([[0.5, 1.0], [0.0, 0.5]]))
    tensor([0.7500, 0.2500])
    """
    return 2 * reference * torch.einsum("...kl,...l->...k", win, reference)
