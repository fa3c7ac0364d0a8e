"""The optimal policy of one prompt, for every f-divergence.

With score = reward / beta, the optimum is policy = q * x, f'(x_k) = score_k - tau, where tau makes it a
distribution.  The unknown we solve for is not tau but t, the likelihood ratio of the best response:
x_k = tilt(t, score_k - max score).  It is bracketed by 1 and 1 / q_best for every divergence, so nothing overflows
however far the rewards are spread.
"""

from __future__ import annotations

import torch
from torch import Tensor

from mechanisms.divergences.base import Divergence
from mechanisms.reference import Reference

# Newton's steps alone need under ten from a bracket's end; bisection alone, on log t, needs 60 halvings to double
# precision; the safeguard takes one or the other at each step.
MAX_STEPS = 120


def optimum(divergence: Divergence, reference: Reference, reward: Tensor, beta: float) -> Tensor:
    """argmax_p E_p[reward] - beta D(p, reference), per prompt: ``[..., K]``; differentiable in the reward."""
    if divergence.optimum is not None:
        return divergence.optimum(reference, reward, beta)
    return newton_optimum(divergence, reference.policy, reward / beta)


def newton_optimum(divergence: Divergence, reference: Tensor, score: Tensor) -> Tensor:
    """The optimum of any smooth divergence by safeguarded Newton on mass(t) = sum_k q_k tilt(t, a_k) = 1.

    mass is increasing in t, at most 1 at t = 1 and at least 1 at t = 1 / q_best.
    """
    tilt, softness = divergence.tilt, divergence.softness
    if tilt is None or softness is None:
        raise ValueError(f"{divergence.name} has a kink and no closed form for this use")
    reference, score = torch.broadcast_tensors(reference, score)
    supported = reference > 0
    top, best = torch.where(supported, score, -torch.inf).detach().max(-1, keepdim=True)
    a = torch.where(supported, score - top, 0.0)  # off the support anything finite does: its mass is 0

    def mass_and_slope(t: Tensor, a: Tensor) -> tuple[Tensor, Tensor]:
        x = tilt(t, a)
        return (reference * x).sum(-1, keepdim=True), (reference * softness(x)).sum(-1, keepdim=True) / softness(t)

    eps = torch.finfo(score.dtype).eps
    with torch.no_grad():
        low = torch.ones_like(top)
        high = 1 / reference.gather(-1, best)
        t, done = low, torch.zeros_like(top, dtype=torch.bool)
        for _ in range(MAX_STEPS):
            mass, slope = mass_and_slope(t, a.detach())
            low, high = torch.where(mass <= 1, t, low), torch.where(mass >= 1, t, high)
            # the rounding of a sum of hundreds of terms, or a bracket that the precision cannot halve
            done = done | ((mass - 1).abs() <= 50 * eps) | (high - low <= 2 * eps * high)
            if bool(done.all()):
                break
            step = t - (mass - 1) / slope
            inside = (step > low) & (step < high)
            t = torch.where(done, t, torch.where(inside, step, (low * high).sqrt()))
    mass, slope = mass_and_slope(t, a)
    x = tilt(t - (mass - mass.detach()) / slope.detach(), a)  # value unchanged, derivative of the implicit t
    policy = reference * x
    return policy / policy.sum(-1, keepdim=True).detach()
