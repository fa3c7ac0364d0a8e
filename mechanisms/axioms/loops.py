"""Closed paths of one agent's types, and the sums along them that tell whether any payment can work.

Along t_0, t_1, ..., t_m = t_0 let x_j be the policy for type t_j.  A rule that some payment makes truthful has
sum_j x_j.(t_{j+1} - t_j) <= 0 <= sum_j x_{j+1}.(t_{j+1} - t_j): the left sum is minus the length of the closed path
walked one way, the right sum its length walked the other way.  In the limit of small steps both are the integral of
x.dt round the loop, which must vanish (Rochet 1987; Mueller, Perea and Wolf 2007).  A violated bracket is proof at
any step size: nothing is estimated.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from mechanisms.axioms.base import Games
from mechanisms.axioms.types import policies, worths
from mechanisms.base import Mechanism
from mechanisms.valuation import Valuation

COARSE = 6  # steps a side while choosing among loops


@dataclass(frozen=True)
class Loops:
    """The worst closed path of each agent in each game: its types and both sums."""

    corners: Valuation  # [3, n, B, P, K]
    nodes: Valuation  # [m, n, B, P, K]; from the last node the path returns to the first
    left: Tensor  # [n, B]
    right: Tensor  # [n, B]

    @property
    def violation(self) -> Tensor:
        """How far the bracket left <= 0 <= right is missed: ``[n, B]``."""
        return torch.maximum(self.left, -self.right)


def worst_loops(mechanism: Mechanism, games: Games) -> Loops:
    """Triangles of random types, walked coarsely; the one with the largest integral is walked finely."""
    corners = _triangles(games)  # [3, C, n, B, ...]
    count = corners.weights.shape[1]
    coarse = walked(games, corners, COARSE)  # [m, C, n, B, ...]
    flat = Valuation(coarse.rewards.flatten(0, 1), coarse.weights.flatten(0, 1))
    trained = policies(mechanism, games, flat).unflatten(0, (-1, count)).flatten(-2)
    left, right = _sums(worths(games, coarse), trained)
    worst = ((left + right) / 2).abs().argmax(0, keepdim=True)[None]  # [1, 1, n, B]
    chosen = Valuation(
        corners.rewards.take_along_dim(worst[..., None, None], 1)[:, 0], corners.weights.take_along_dim(worst, 1)[:, 0]
    )
    fine = walked(games, chosen, games.effort.sides)
    return Loops(chosen, fine, *_sums(worths(games, fine), policies(mechanism, games, fine).flatten(-2)))


def _triangles(games: Games) -> Valuation:
    """Corners ``[3, C, n, B, P, K]``: misreports of different kinds, picked at random."""
    rng, count = games.rng(), games.effort.loops
    picked = torch.randint(len(games.lies.weights), (3 * count, *games.lies.weights.shape[1:]), generator=rng)
    picked = picked.to(games.lies.weights.device)
    rewards = games.lies.rewards.take_along_dim(picked[..., None, None], 0)
    weights = games.lies.weights.take_along_dim(picked, 0)
    return Valuation(rewards.unflatten(0, (3, count)), weights.unflatten(0, (3, count)))


def walked(games: Games, corners: Valuation, sides: int) -> Valuation:
    """From each corner to the next in ``sides`` steps, every node a message: ``[3 sides, ...]``."""
    share = torch.linspace(0, 1, sides + 1, dtype=corners.weights.dtype, device=corners.weights.device)[:-1]
    share = share.reshape(-1, *(1,) * corners.weights.dim())
    weights = corners.weights + share * (corners.weights.roll(-1, 0) - corners.weights)
    share = share[..., None, None]
    rewards = corners.rewards + share * (corners.rewards.roll(-1, 0) - corners.rewards)
    return games.messages.project(
        Valuation(rewards.transpose(0, 1).flatten(0, 1), weights.transpose(0, 1).flatten(0, 1))
    )


def _sums(types: Tensor, trained: Tensor) -> tuple[Tensor, Tensor]:
    """Left and right sums of x.dt along axis 0: ``[m, ..., PK] -> [...]``."""
    step = types.roll(-1, 0) - types
    return (trained * step).sum(-1).sum(0), (trained.roll(-1, 0) * step).sum(-1).sum(0)
