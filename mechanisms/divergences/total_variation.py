"""Total variation in the base paper's convention, sum |p - q| (no factor one half)."""

import torch
from torch import Tensor

from mechanisms.divergences.base import Divergence
from mechanisms.reference import Reference


def greedy_optimum(reference: Reference, reward: Tensor, beta: float) -> Tensor:
    """argmax_p E_p[reward] - beta sum |p - q|, a linear programme: moving a unit of mass costs 2 beta.

    Every response more than 2 beta below the best gives all its mass to the best; the rest keep theirs.  Exact ties for
    the best share in proportion to the reference; a response exactly 2 beta below is indifferent and keeps its mass.
    """
    q = reference.policy
    masked = torch.where(q > 0, reward, -torch.inf)
    best = masked.amax(-1, keepdim=True)
    moved = masked < best - 2 * beta
    winners = torch.where(masked == best, q, 0.0)
    surplus = torch.where(moved, q, 0.0).sum(-1, keepdim=True)
    return torch.where(moved, 0.0, q) + surplus * winners / winners.sum(-1, keepdim=True)


def total_variation() -> Divergence:
    """f(t) = |t - 1|; D = sum |p - q|.

    >>> total_variation()(torch.tensor([1.0, 0.0]), torch.tensor([0.5, 0.5]))
    tensor(1.)
    """
    return Divergence(name="total_variation", f=lambda t: (t - 1).abs(), optimum=greedy_optimum)
