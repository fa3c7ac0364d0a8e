"""Payoffs of every profile of reports by playing each through the mechanism: any rule, any payment."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import torch
from torch import Tensor

from mechanisms.base import Mechanism, utility
from mechanisms.reference import Reference
from mechanisms.valuation import Valuation
from simulate.empirical.payoff_table import Payoffs

CELLS = 2**22  # numbers in the largest table at a time, 32 MiB; a mechanism holds several of them


def played(
    mechanism: Mechanism,
    reference: Reference,
    truth: Valuation,
    players: Sequence[int],
    reports: Sequence[Valuation],
) -> Payoffs:
    """As `payoffs`: many profiles ``[profiles, B, n, P, K]`` in one call, as many as fit bounded memory.

    Raises ValueError where the mechanism asks for more memory than there is for a single profile.
    """
    sizes = [len(told.weights) for told in reports]
    # Payments may look at everybody's rewards without each pair of agents in turn.
    step = max(1, CELLS // max(1, truth.rewards.numel() * truth.weights.shape[-1] ** 2))
    device = truth.weights.device
    found = [
        part
        for chunk in torch.arange(prod(sizes), device=device).split(step)
        for part in _halved(mechanism, reference, truth, players, reports, chunk, sizes)
    ]
    utilities, welfare, revenue = (
        torch.cat(parts).unflatten(0, sizes).movedim(len(sizes), 0) for parts in zip(*found, strict=True)
    )
    return Payoffs(utilities.movedim(-1, 1).contiguous(), welfare.contiguous(), revenue.contiguous())


def _halved(
    mechanism: Mechanism,
    reference: Reference,
    truth: Valuation,
    players: Sequence[int],
    reports: Sequence[Valuation],
    chunk: Tensor,
    sizes: Sequence[int],
) -> list[tuple[Tensor, Tensor, Tensor]]:
    """A chunk of profiles, in halves again and again where memory does not hold what the mechanism makes of it."""
    try:
        return [_some(mechanism, reference, truth, players, reports, torch.unravel_index(chunk, sizes))]
    except (MemoryError, RuntimeError) as error:
        if "memory" not in str(error).lower() and not isinstance(error, MemoryError):
            raise
        if len(chunk) == 1:
            raise ValueError(
                f"a single profile of {truth.rewards[0].numel():,} rewards, {len(truth.weights)} replicates, needs "
                "more memory than there is under this mechanism; ask for fewer --replicates"
            ) from None
    halves = chunk.split((len(chunk) + 1) // 2)
    return [part for half in halves for part in _halved(mechanism, reference, truth, players, reports, half, sizes)]


def _some(
    mechanism: Mechanism,
    reference: Reference,
    truth: Valuation,
    players: Sequence[int],
    reports: Sequence[Valuation],
    actions: Sequence[Tensor],
) -> tuple[Tensor, Tensor, Tensor]:
    """Utilities ``[profiles, B, p]``, welfare and revenue ``[profiles, B]``, of the profiles that ``actions`` name."""
    count = len(actions[0])
    rewards = truth.rewards.expand(count, *truth.rewards.shape).clone()
    weights = truth.weights.expand(count, *truth.weights.shape).clone()
    for player, told, action in zip(players, reports, actions, strict=True):
        rewards[:, :, player] = told.rewards[action] if len(told.rewards) > 1 else told.rewards
        weights[:, :, player] = told.weights[action]
    outcome = mechanism(reference, Valuation(rewards, weights))
    return (
        utility(reference, truth, outcome)[..., players],
        mechanism.train.objective(reference, truth, outcome.policy),
        outcome.payments[..., players].sum(-1),
    )
