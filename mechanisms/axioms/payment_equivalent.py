"""Own payments move as the training rule alone dictates: two truthful payments differ by a constant in one's report."""

from __future__ import annotations

import torch

from mechanisms.axioms.base import Finding, Games, Witness, game_of, reported
from mechanisms.axioms.types import worths
from mechanisms.base import Mechanism
from mechanisms.valuation import EVERYONE, Deviations, Valuation

STEPS = 24  # along a path of types


def payment_equivalent(mechanism: Mechanism, games: Games) -> Finding:
    """How far p(t') - p(t) leaves [sum_j t_j.(x_{j+1} - x_j), sum_j t_{j+1}.(x_{j+1} - x_j)] on paths from t to t'.

    Every payment that makes the rule truthful stays inside, and the ends meet as the steps shrink: so any two such
    payments differ by a constant (revenue equivalence; arXiv 2405.16276, Theorem 4.9, Prop. 4.6).
    """
    path = _paths(games)  # [J, C, n, B, P, K]
    steps, count = path.weights.shape[:2]
    flat = Valuation(path.rewards.flatten(0, 1), path.weights.flatten(0, 1))
    outcome = mechanism(games.reference, Deviations(games.truth, EVERYONE, flat))
    shape = (steps, count, *path.weights.shape[2:])
    bills = outcome.payments.squeeze(-1).expand(flat.weights.shape).reshape(shape)
    trained = outcome.policy.expand(*flat.weights.shape, *path.rewards.shape[-2:]).flatten(-2).reshape(*shape, -1)
    move, worth = trained[1:] - trained[:-1], worths(games, path)
    low, high = (worth[:-1] * move).sum(-1).sum(0), (worth[1:] * move).sum(-1).sum(0)
    change = bills[-1] - bills[0]
    outside = torch.maximum(change - high, low - change)  # [C, n, B]

    def witness(game: int, agent: int) -> Witness:
        end = int(outside[:, agent, game].argmax())
        one = game_of(games.truth, game)
        lie = Valuation(path.rewards[-1, end, agent, game], path.weights[-1, end, agent, game])
        return Witness(one, reported(one, agent, lie), (agent,))

    searched = {"games": len(games.truth.weights), "paths": count, "steps": steps - 1}
    return Finding(outside.amax(0).movedim(0, -1), witness, searched)


def _paths(games: Games) -> Valuation:
    """From the truth to a dozen misreports, every node a message: ``[STEPS + 1, C, n, B, P, K]``."""
    own = games.truth.payers()
    picked = torch.linspace(0, len(games.lies.weights) - 1, 12).long().unique()
    ends = Valuation(games.lies.rewards[picked], games.lies.weights[picked])
    share = torch.linspace(0, 1, STEPS + 1, dtype=own.weights.dtype, device=own.weights.device)
    share = share.reshape(-1, *(1,) * ends.weights.dim())
    weights = own.weights + share * (ends.weights - own.weights)
    return games.messages.project(
        Valuation(own.rewards + share[..., None, None] * (ends.rewards - own.rewards), weights)
    )
