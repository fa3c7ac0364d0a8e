"""Regret matching that asks of every lie whether another should have been told in its place."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from strategies.learner import FullInformation
from strategies.promises import INTERNAL_REGRET_MATCHING

# Share of the largest regret added to every pair, so that the chain has one stationary distribution.  Elimination
# keeps even so small a share to full precision, and powers of it up to the tenth stay within float64.
RESTART = 1e-30


@dataclass(frozen=True)
class InternalRegretMatching(FullInformation[Tensor]):
    """P = stationary distribution of the chain with rates max(0, R), R(a, b) = sum over rounds of P(a) (u(b) - u(a)).

    Hart and Mas-Colell (2000), Theorem A; Foster and Vohra (1999).  Swap regret vanishes, so that the play of such
    learners tends to the correlated equilibria of the menu game.  All lies even while nothing is regretted.
    """

    menu: str = "overstate"
    promise = INTERNAL_REGRET_MATCHING

    def opened(self, zero: Tensor) -> Tensor:
        """No regrets ``[B, m, M, M]``."""
        return torch.zeros_like(zero[..., None] + zero[..., None, :])

    def mixture(self, account: Tensor) -> Tensor:
        """What flows out of every lie flows in again."""
        rates = account.clamp(min=0)
        largest = rates.amax((-2, -1), keepdim=True)
        return stationary(torch.where(largest > 0, rates / largest.clamp(min=torch.finfo(rates.dtype).tiny), 0.0))

    def entered(self, account: Tensor, mixture: Tensor, utilities: Tensor) -> Tensor:
        """Add what telling b wherever a was told would have brought."""
        return account + mixture[..., None] * (utilities[..., None, :] - utilities[..., None])


def stationary(rates: Tensor) -> Tensor:
    """The p with sum_a p(a) rates(a, b) = p(b) sum_a rates(b, a), by elimination without subtraction.

    ``rates [..., M, M]`` in [0, 1], the diagonal ignored -> ``[..., M]``.  Grassmann, Taksar and Heyman (1985).

    >>> stationary(torch.tensor([[0.0, 0.3], [0.1, 0.0]], dtype=torch.float64)).tolist()
    [0.25..., 0.75...]
    """
    chain, lies = rates.double() + RESTART, rates.shape[-1]
    for last in range(lies - 1, 0, -1):
        chain[..., :last, last] /= chain[..., last, :last].sum(-1, keepdim=True)
        chain[..., :last, :last] += chain[..., :last, last, None] * chain[..., None, last, :last]
    visits = [torch.ones_like(chain[..., 0, 0])]
    for lie in range(1, lies):
        visits.append((torch.stack(visits, -1) * chain[..., :lie, lie]).sum(-1))
    total = torch.stack(visits, -1)
    return (total / total.sum(-1, keepdim=True)).to(rates.dtype)
