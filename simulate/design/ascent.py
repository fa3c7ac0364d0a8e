"""Constrained gradient ascent: Adam on an augmented Lagrangian, the best iterate kept."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

PENALTY = 1000.0  # rho; objectives and shortfalls are handed over in units of the welfare, near one
EVERY = 10  # steps between two updates of the multipliers

Evaluate = Callable[[], tuple[Tensor, Tensor]]


def ascend(
    parameters: Sequence[Tensor],
    evaluate: Evaluate,
    judge: Evaluate,
    steps: int,
    rate: float,
    advance: Callable[[int], None] = lambda steps: None,
) -> list[Tensor]:
    """Maximise objective subject to shortfall <= 0, both from ``evaluate()``: a scalar and ``[m]``.

    Ascends  objective - (1 / 2 rho) sum (max(0, lambda + rho * shortfall)^2 - lambda^2)  (Nocedal and Wright,
    Numerical Optimization, section 17.4) with a step size that falls to 0.  ``judge()`` gives the same on games that
    the gradient does not see: of the iterates feasible there, the starting point included, the one of the largest
    objective is returned; where none is feasible, the one that falls short least.
    """
    optimizer = torch.optim.Adam(parameters, lr=rate)
    best, kept, multipliers = (-torch.inf, -torch.inf), [p.detach().clone() for p in parameters], torch.zeros(())
    for step in range(steps + 1):
        score = _score(*judge())
        if score > best:
            best, kept = score, [p.detach().clone() for p in parameters]
        objective, shortfall = evaluate()
        push = (multipliers.to(shortfall) + PENALTY * shortfall).clamp(min=0)
        if step % EVERY == EVERY - 1:
            multipliers = push.detach()
        optimizer.param_groups[0]["lr"] = rate * (1 - step / (steps + 1))
        optimizer.zero_grad()
        ((push**2).sum() / (2 * PENALTY) - objective).backward()
        optimizer.step()
        advance(int(step < steps))
    return kept


def _score(objective: Tensor, shortfall: Tensor) -> tuple[float, float]:
    """Feasible ones first, by their objective; then by how little they fall short."""
    lacking = shortfall.clamp(min=0).sum().item()
    return -lacking, objective.item()
