"""What imperfect training does to payments from one fine-tune: bounds from the optimality gap and the rewards' range.

Letters: ``gap`` G = beta KL(policy, optimum) of one prompt; ``spread`` w_i R, R the range of agent i's rewards;
x = w_i (r_i - least) / beta between 0 and a = w_i R / beta; M(q) = E_q[exp(-x)].  Means over prompts of bounds bound
the mean; without ``kept`` the bound is concave in the gap, so the mean gap serves as well.
"""

from __future__ import annotations

import torch
from torch import Tensor

STEEP = 700.0  # exponents are cut here, before they overflow: bounds are far above the spread by then


def distance(gap: Tensor, beta: float) -> Tensor:
    """Total variation of policy and optimum at most: sqrt(G / 2 beta) (Pinsker), sqrt(1 - exp(-G / beta)).

    The second is Bretagnolle and Huber's (1979).
    """
    nats = gap.clamp(min=0) / beta
    return torch.minimum((nats / 2).sqrt(), (-torch.expm1(-nats)).sqrt())


def optimum_bound(gap: Tensor, beta: float, spread: Tensor, kept: Tensor | None = None) -> Tensor:
    """|payment on the policy - payment on the optimum| at most, of `cumulant` payments: ``[..., n]``.

    beta (e^a - 1 - a) distance: along the segment from one law to the other the payment changes by the integral of
    x + exp(-x) / M, which varies by at most max(1/M, a + e^-a / M) - 1 + log M, convex in 1/M.  ``kept``, M of the
    policy, narrows M down; no payment is above the spread.
    """
    a, tv = spread / beta, distance(gap, beta)
    low, high = _window(a, tv, kept)
    swing = torch.maximum(_oscillation(a, low), _oscillation(a, high))
    apart = a * tv + torch.maximum(_drift(a, tv, kept, low), _drift(a, tv, kept, high))
    return torch.minimum(beta * torch.minimum(swing * tv, apart), spread)


def externality_bound(gap: Tensor, beta: float, spread: Tensor, kept: Tensor | None = None) -> Tensor:
    """|payment on the policy - exact externality of the policy| at most: ``[..., n]``.

    The externality, the others' largest objective minus theirs at the policy, is the payment + G + beta log of
    M(optimum) / M(policy): at most G + beta log(1 + (e^a - 1) distance) away.
    """
    a, tv = spread / beta, distance(gap, beta)
    low, high = _window(a, tv, kept)
    return gap + beta * torch.maximum(_drift(a, tv, kept, low), _drift(a, tv, kept, high))


def _window(a: Tensor, tv: Tensor, kept: Tensor | None) -> tuple[Tensor, Tensor]:
    """Where M of every law between the policy and the optimum lies, as -log M: the larger end first."""
    whole = -torch.expm1(-a)
    if kept is None:
        return a + 0 * tv, 0 * (a + tv)
    low = torch.maximum(kept - whole * tv, (-a).exp())
    high = (kept + whole * tv).clamp(max=1)
    return -low.log(), -high.log()


def _oscillation(a: Tensor, depth: Tensor) -> Tensor:
    """max - min over x in [0, a] of x + exp(-x) / M, M = exp(-depth): the least is 1 + depth, at x = depth."""
    return torch.maximum(depth.clamp(max=STEEP).exp(), a + (depth - a).exp()) - 1 - depth


def _drift(a: Tensor, tv: Tensor, kept: Tensor | None, depth: Tensor) -> Tensor:
    """|log M(optimum) - log M(policy)| at most; towards one end of the window where M(policy) is known."""
    if kept is None:
        return torch.log1p(torch.expm1(a.clamp(max=STEEP)) * tv) + (a - STEEP).clamp(min=0)
    return (depth + kept.log()).abs()
