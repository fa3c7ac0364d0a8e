"""Some payment makes truth dominant: no cycle of types in which each gains by posing as the one before it."""

from __future__ import annotations

import torch
from torch import Tensor

from mechanisms.axioms.base import Finding, Games, Witness, game_of
from mechanisms.axioms.loops import walked, worst_loops
from mechanisms.axioms.types import lengths, one_agents, policies, with_truth
from mechanisms.base import Mechanism
from mechanisms.payments.shortest_path import negative_cycle
from mechanisms.valuation import Valuation

TYPES = 16  # compared all with all, in walks of up to LONGEST edges; longer cycles are sought along loops
LONGEST = 5
COARSER = (2, 3, 4, 6, 8, 12, 16, 24, 32, 48)  # sides to try for a shorter cycle round the worst loop


def cyclically_monotone(mechanism: Mechanism, games: Games) -> Finding:
    """-(length of the most negative cycle), edges l(t, t') = t'.x(t') - t'.x(t), t = w r (Rochet 1987).

    Implementable if and only if no cycle is negative (arXiv 2405.16276, Prop. E.2).  The witness is a negative
    cycle, found by Bellman and Ford's algorithm.
    """
    types = with_truth(games, TYPES)
    length = lengths(games, types, policies(mechanism, games, types))
    loops = worst_loops(mechanism, games)
    violation = torch.maximum(-_shortest_closed_walk(length), loops.violation)

    def witness(game: int, agent: int) -> Witness:
        one = game_of(games.truth, game)
        cycle = negative_cycle(length[:, :, agent, game])
        if cycle:
            return Witness(one, one, (agent,), one_agents(types, agent, game, cycle))
        alone = games.only(game)
        corners = Valuation(loops.corners.rewards[:, :, [game]], loops.corners.weights[:, :, [game]])
        for sides in (*COARSER, games.effort.sides):
            nodes = walked(alone, corners, sides)
            cycle = negative_cycle(_ring(lengths(alone, nodes, policies(mechanism, alone, nodes))[:, :, agent, 0]))
            if cycle:
                break
        return Witness(one, one, (agent,), one_agents(nodes, agent, 0, cycle or []))

    searched = {
        "games": len(games.truth.weights),
        "types": len(length),
        "loops": games.effort.loops,
        "steps": 3 * games.effort.sides,
    }
    return Finding(violation.movedim(0, -1), witness, searched)


def _ring(length: Tensor) -> Tensor:
    """The lengths between neighbours on a closed path, both ways; infinite between all others."""
    here = torch.arange(len(length))
    apart = (here[:, None] - here).remainder(len(length))
    return torch.where((apart == 1) | (apart == len(length) - 1), length, torch.inf)


def _shortest_closed_walk(length: Tensor) -> Tensor:
    """The least length of a closed walk of at most LONGEST edges: ``[n, B]``."""
    walk, least = length, torch.zeros_like(length[0, 0])
    for _ in range(LONGEST - 1):
        walk = (walk[:, :, None] + length[None]).amin(1)
        least = torch.minimum(least, torch.diagonal(walk, dim1=0, dim2=1).amin(-1))
    return least
