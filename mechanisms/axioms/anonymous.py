"""Names do not matter: if two agents swap their reports, they swap their bills, and the model stays the same."""

from __future__ import annotations

import torch

from mechanisms.axioms.base import Finding, Games, Witness, game_of
from mechanisms.base import Mechanism
from mechanisms.valuation import Valuation


def anonymous(mechanism: Mechanism, games: Games) -> Finding:
    """The largest change of policy or bill when everybody's report moves on to the next agent (and to the last)."""
    truth, n = games.truth, games.truth.weights.shape[-1]
    once = mechanism(games.reference, truth)
    worst = torch.zeros_like(truth.weights[:, :1])
    orders = [torch.arange(n).roll(1), torch.arange(n).flip(0)]
    for order in orders:
        moved = Valuation(truth.rewards[:, order], truth.weights[:, order])
        again = mechanism(games.reference, moved)
        policy = (again.policy - once.policy).abs().flatten(-2).amax(-1, keepdim=True)
        bills = (again.payments - once.payments[:, order]).abs().amax(-1, keepdim=True)
        worst = torch.maximum(worst, torch.maximum(policy, bills))

    def witness(game: int, agent: int) -> Witness:
        one = game_of(truth, game)
        return Witness(one, Valuation(one.rewards[orders[0]], one.weights[orders[0]]), tuple(range(n)))

    return Finding(worst, witness, {"games": len(worst), "orders": len(orders)})
