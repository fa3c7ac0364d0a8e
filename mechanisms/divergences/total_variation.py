"""Total variation in the base paper's convention, sum |p - q| (no factor one half)."""

import torch
from torch import Tensor

from mechanisms.divergences.base import Divergence


def greedy_optimum(reference: Tensor, score: Tensor) -> Tensor:
    """argmax_p E_p[score] - sum |p - q|, a linear programme: moving mass costs 2 a unit.

    Every response more than 2 below the best gives all its mass to the best; the rest keep theirs.  Exact ties for
    the best share in proportion to the reference; a response exactly 2 below is indifferent and keeps its mass.
    """
    masked = torch.where(reference > 0, score, -torch.inf)
    best = masked.amax(-1, keepdim=True)
    moved = masked < best - 2
    winners = torch.where(masked == best, reference, 0.0)
    surplus = torch.where(moved, reference, 0.0).sum(-1, keepdim=True)
    return torch.where(moved, 0.0, reference) + surplus * winners / winners.sum(-1, keepdim=True)


def total_variation() -> Divergence:
    """f(t) = |t - 1|; D = sum |p - q|.

    >>> total_variation()(torch.tensor([1.0, 0.0]), torch.tensor([0.5, 0.5]))
    tensor(1.)
    """
    return Divergence(name="total_variation", f=lambda t: (t - 1).abs(), optimum=greedy_optimum)
