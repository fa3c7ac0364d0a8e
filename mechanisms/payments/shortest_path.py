"""Which payments make truth optimal on finitely many types: shortest paths, or a cycle that rules them out.

An edge from type t to t' is as long as what a t' gains by not being taken for a t.  Payments that make truth optimal
are potentials, p(t') - p(t) <= length(t, t'), so they exist if and only if no cycle is negative, and shortest paths
from one type are such payments (Rochet 1987; arXiv 2405.16276, section 4).
"""

from __future__ import annotations

import torch
from torch import Tensor

from mechanisms.base import TrainingRule
from mechanisms.reference import Reference
from mechanisms.valuation import Deviations, Valuation

ROUNDING = 1e-12  # added to every edge: a cycle of length zero must not look negative; of sums below 12


def type_lengths(train: TrainingRule, reference: Reference, reports: Valuation, agent: int, types: Valuation) -> Tensor:
    """l(t, t') = w' E_{policy(t')}[r'] - w' E_{policy(t)}[r'], the others as in ``reports``: ``[T, T]``.

    ``types`` are what ``agent`` might be: rewards ``[T, P, K]``, weights ``[T]``; one batched call of the rule.
    """
    told = Valuation(types.rewards[:, None], types.weights[:, None])
    policies = train(reference, Deviations(reports, slice(agent, agent + 1), told))  # [T, 1, P, K]
    worth = types.weights * reference.expectation(policies, types.rewards)  # [told, true]
    return worth.diagonal() - worth


def shortest_path_payments(lengths: Tensor, root: int = 0, tolerance: float = ROUNDING) -> Tensor:
    """p(t) = length of the shortest path from type ``root``, whose payment is 0: ``[T]``.

    Every edge is made ``tolerance`` longer, which is what a lie may then gain; a rule whose policies are solved for
    numerically needs the solver's.  Raises ValueError where a cycle is negative all the same: no payments exist.

    >>> shortest_path_payments(torch.tensor([[0.0, 2.0, 5.0], [1.0, 0.0, 1.0], [1.0, 1.0, 0.0]]), tolerance=0.0)
    tensor([0., 2., 3.])
    """
    start = torch.full_like(lengths[0], torch.inf)
    start[root] = 0.0
    found, _, unsettled = _relaxed(lengths, start, tolerance)
    if bool(unsettled.any()):
        raise ValueError("no payments make truth optimal: the type graph has a negative cycle")
    return found


def negative_cycle(lengths: Tensor, tolerance: float = ROUNDING) -> list[int] | None:
    """Types along a cycle whose edges are on average below -``tolerance``, each once; None where there is none."""
    _, before, unsettled = _relaxed(lengths, torch.zeros_like(lengths[0]), tolerance)
    if not bool(unsettled.any()):
        return None
    back = before.tolist()
    node, path = int(unsettled.nonzero()[0]), list[int]()
    while node not in path:  # a node that is unsettled after T rounds has T predecessors, so one of them twice
        path.append(node)
        node = back[node]
    return path[path.index(node) :][::-1]


def _relaxed(lengths: Tensor, start: Tensor, tolerance: float) -> tuple[Tensor, Tensor, Tensor]:
    """Bellman-Ford over all pairs: distances, predecessors, and which distances the last of T rounds still lowered."""
    # not NetworkX, whose search for a negative cycle may end with "detected but not found"
    edges = lengths + tolerance
    distance, before = start, torch.full_like(start, -1, dtype=torch.int64)
    lower = torch.ones_like(start, dtype=torch.bool)
    for _ in range(len(edges)):
        best, source = (distance[:, None] + edges).min(0)
        lower = best < distance
        distance, before = torch.where(lower, best, distance), torch.where(lower, source, before)
    return distance, before, lower
