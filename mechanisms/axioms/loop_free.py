"""The policy, as a function of one agent's type, is a gradient: its integral round a closed path vanishes."""

from __future__ import annotations

from mechanisms.axioms.base import Finding, Games, Witness, game_of
from mechanisms.axioms.loops import worst_loops
from mechanisms.axioms.types import one_agents
from mechanisms.base import Mechanism


def loop_free(mechanism: Mechanism, games: Games) -> Finding:
    """max(left, -right) over closed paths, left <= loop integral of x.dt <= right for every implementable rule.

    Finds rules that weak monotonicity lets pass: those that move the right way, but by amounts that do not add up.
    """
    loops = worst_loops(mechanism, games)

    def witness(game: int, agent: int) -> Witness:
        one = game_of(games.truth, game)
        order = list(range(loops.nodes.weights.shape[0]))
        return Witness(one, one, (agent,), one_agents(loops.nodes, agent, game, order))

    searched = {"games": len(games.truth.weights), "loops": games.effort.loops, "steps": loops.nodes.weights.shape[0]}
    return Finding(loops.violation.movedim(0, -1), witness, searched)
