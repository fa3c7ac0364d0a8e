"""Searching for the report that pays best: uphill where there is a slope, by ever smaller jumps where there is none.

A report is a Valuation whose axes are ``[M, ..., P, K]``, M tries of everything behind; what it pays, ``[M, ...]``.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from mechanisms.messages.base import MessageSpace
from mechanisms.valuation import Valuation

Worth = Callable[[Valuation], Tensor]  # reports [M, ...] -> what each brings [M, ...]

# Responses rarer than this hardly move the outcome; dividing by less would only amplify rounding.
RAREST = 1e-6
LEAST = 1e-12  # a slope that has no direction
JUMPS = (0.3, 0.1, 0.03, 0.01, 0.003, 0.001)  # of the spread of rewards: from far to near


def natural(policy: Tensor) -> Tensor:
    """How often a response is seen ``[..., P, K]``: a gradient divided by it no longer favours frequent responses."""
    return policy.clamp(min=RAREST) / policy.shape[-2]


def slope(worth: Worth, at: Valuation, frequency: Tensor | float = 1.0) -> tuple[Tensor, Valuation]:
    """What ``at`` brings, and the direction in which that grows: natural in the rewards, per log weight."""
    with torch.enable_grad():
        rewards = at.rewards.detach().clone().requires_grad_()
        logs = torch.zeros_like(at.weights).requires_grad_()
        found = worth(Valuation(rewards, at.weights * logs.exp()))
        if not found.requires_grad:  # nothing said changes anything nearby (a menu's argmax, a ranking)
            return found.detach(), Valuation(torch.zeros_like(rewards), torch.zeros_like(logs))
        by_reward, by_log = torch.autograd.grad(found.sum(), (rewards, logs), allow_unused=True, materialize_grads=True)
    return found.detach(), Valuation(
        (by_reward / frequency).nan_to_num(0.0, 0.0, 0.0), by_log.nan_to_num(0.0, 0.0, 0.0)
    )


def climbed(
    worth: Worth, starts: Valuation, messages: MessageSpace, steps: int, rate: float, frequency: Tensor | float = 1.0
) -> tuple[Valuation, Tensor]:
    """Projected gradient ascent, steps shrinking from ``rate`` as 1/sqrt(step); the best met on the way is kept."""
    at, best, record = starts, starts, torch.full_like(starts.weights.flatten(0).new_zeros(1), -torch.inf)
    for step in range(1, steps + 1):
        found, uphill = slope(worth, at, frequency)
        best, record = better(best, record, at, found)
        size = rate / step**0.5
        scale = uphill.rewards.abs().flatten(-2).amax(-1).clamp(min=LEAST)[..., None, None]
        turn = uphill.weights / uphill.weights.abs().clamp(min=LEAST)
        rewards, weights = at.rewards + size * uphill.rewards / scale, at.weights * (size * turn).exp()
        at = messages.project(Valuation(rewards, weights))
    with torch.no_grad():
        return better(best, record, at, worth(at))


def jumped(
    worth: Worth, best: Valuation, record: Tensor, messages: MessageSpace, rng: torch.Generator, tries: int
) -> tuple[Valuation, Tensor]:
    """From the best report ``[1, ...]``, ``tries`` random jumps of each size in a few coordinates; the best is kept."""
    spread = best.rewards.flatten(-2).abs().amax(-1).clamp(min=LEAST)[..., None, None]
    for size in (jump for jump in JUMPS for _ in range(2)):
        shape = (tries, *best.rewards.shape[1:])
        moved = torch.rand(shape, generator=rng, dtype=torch.float64) < 0.5
        noise = (torch.randn(shape, generator=rng, dtype=torch.float64) * moved).to(best.rewards)
        tilt = torch.randn((tries, *best.weights.shape[1:]), generator=rng, dtype=torch.float64).to(best.weights)
        rival = messages.project(Valuation(best.rewards + size * spread * noise, best.weights * (size * tilt).exp()))
        best, record = winner(together(best, rival), torch.cat([record, worth(rival)]))
    return best, record


def better(best: Valuation, record: Tensor, rival: Valuation, found: Tensor) -> tuple[Valuation, Tensor]:
    """The better of two, try by try."""
    wins = found > record
    return where(wins, rival, best), torch.where(wins, found, record)


def winner(tries: Valuation, found: Tensor) -> tuple[Valuation, Tensor]:
    """The best of all M tries: ``[1, ...]``."""
    place = found.argmax(0, keepdim=True)
    rewards = tries.rewards.take_along_dim(_like(place, tries.rewards), 0)
    return Valuation(rewards, tries.weights.take_along_dim(_like(place, tries.weights), 0)), found.amax(0, keepdim=True)


def together(one: Valuation, other: Valuation) -> Valuation:
    """The tries of both."""
    return Valuation(torch.cat([one.rewards, other.rewards]), torch.cat([one.weights, other.weights]))


def where(mask: Tensor, one: Valuation, other: Valuation) -> Valuation:
    """``one`` where the mask ``[M, ...]`` says so."""
    rewards = torch.where(_like(mask, one.rewards), one.rewards, other.rewards)
    return Valuation(rewards, torch.where(_like(mask, one.weights), one.weights, other.weights))


def _like(small: Tensor, large: Tensor) -> Tensor:
    """``small`` with axes added behind until it has as many as ``large``."""
    return small.reshape(*small.shape, *(1,) * (large.dim() - small.dim()))
