"""Pearson's chi-squared."""

import torch
from torch import Tensor

from mechanisms.divergences.base import Divergence
from mechanisms.reference import Reference


def waterfilling_optimum(reference: Reference, reward: Tensor, beta: float) -> Tensor:
    """argmax_p E_p[score] - chi2(p, reference) = reference * max(0, 1 + (score - mu) / 2), score = reward / beta.

    mu makes it sum to one.  The responses that keep mass are those with the largest scores, so after sorting,
    mu is the candidate mu_j = (sum_{k<=j} q_k (2 + score_k) - 2) / sum_{k<=j} q_k of the longest prefix whose
    last member stays positive (arXiv 2405.16276, Prop. 4.8, with the boundary that it leaves out).
    """
    q, score = reference.policy, reward / beta
    top = torch.where(q > 0, score, -torch.inf).amax(-1, keepdim=True).detach()
    shifted = torch.where(q > 0, score - top, -torch.inf)  # <= 0: prefix sums do not cancel
    ordered, order = torch.sort(shifted, dim=-1, descending=True, stable=True)
    mass = q.expand(shifted.shape).gather(-1, order)
    finite = torch.where(mass > 0, ordered, 0.0)
    below = mass.cumsum(-1)
    mu = ((mass * finite).cumsum(-1) - 2 * (1 - below)) / below
    kept = ((mass > 0) & (2 + finite > mu)).sum(-1, keepdim=True)
    tilted = (1 + (shifted - mu.gather(-1, kept - 1)) / 2).clamp(min=0)
    return torch.where(q > 0, q * tilted, 0.0)


def chi_squared() -> Divergence:
    """f(t) = (t - 1)^2; D = sum (p - q)^2 / q.

    >>> chi_squared()(torch.tensor([0.5, 0.5]), torch.tensor([0.25, 0.75]))
    tensor(0.3333)
    """
    return Divergence(
        name="chi_squared",
        f=lambda t: (t - 1).square(),
        tilt=lambda t, a: (t + a / 2).clamp(min=0),
        softness=lambda t: 0.5 * (t > 0).to(t.dtype),
        optimum=waterfilling_optimum,
    )
