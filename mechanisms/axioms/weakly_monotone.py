"""If an agent's type changes, the policy moves the way the type did (weak monotonicity; two-cycles)."""

from __future__ import annotations

from mechanisms.axioms.base import Finding, Games, Witness, game_of
from mechanisms.axioms.types import lengths, one_agents, policies, with_truth
from mechanisms.base import Mechanism


def weakly_monotone(mechanism: Mechanism, games: Games) -> Finding:
    """-(x(t') - x(t)).(t' - t), the largest over pairs of one agent's types, t = w r, x the policy.

    Necessary for any payment to make truth dominant; not sufficient (see `cyclically_monotone`).
    """
    types = with_truth(games, games.effort.types)
    length = lengths(games, types, policies(mechanism, games, types))
    two_way = -(length + length.transpose(0, 1)).flatten(0, 1)  # [T T', n, B]
    count = length.shape[0]

    def witness(game: int, agent: int) -> Witness:
        pair = divmod(int(two_way[:, agent, game].argmax()), count)
        one = game_of(games.truth, game)
        return Witness(one, one, (agent,), one_agents(types, agent, game, list(pair)))

    return Finding(two_way.amax(0).movedim(0, -1), witness, {"games": len(games.truth.weights), "types": count})
