"""Proposition E.2 (Rochet 1987): a rule can be implemented if and only if no cycle of types has negative length.

The length of the step from type a to type b is what b loses if it is taken for a.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import combinations, permutations

import networkx as nx
import numpy as np
import scipy
import torch
from torch import Tensor

from mechanisms.base import TrainingRule
from mechanisms.fine_tuners.base import FineTuner
from mechanisms.training_rules.egalitarian import egalitarian
from mechanisms.training_rules.generalized_mean import GeneralizedMean
from mechanisms.training_rules.nash_welfare import nash_welfare
from mechanisms.training_rules.social_welfare import SocialWelfare
from mechanisms.valuation import Valuation
from simulate.theorems.base import Measured, Theorem, Worst
from simulate.theorems.games import EVERY_DIVERGENCE, Games, drawn, generator, sampled, uniform

TYPES = 4  # of agent 0, in each set
SOLVED = 15  # sets of each rule that go through Bellman-Ford and the linear programme, one by one
SETS = 2  # the same of welfare maximisation, for each divergence and normalisation
FEWEST = 200  # sets in which a negative cycle is looked for: the Nash rule has one in about one of twelve
ROUNDING = 1e-9  # of lengths per unit of the others' weight
SOLVER = 1e-6  # the same for the linear programme, whose constraints HiGHS keeps to 1e-7
Rule = Callable[[FineTuner], TrainingRule]
CANNOT: dict[str, Rule] = {
    "generalized_mean (alpha -5)": partial(GeneralizedMean, alpha=-5.0),
    "nash_welfare": nash_welfare,
    "egalitarian": egalitarian,
}
# Every simple cycle of the complete graph on the types, once: the first type is its smallest.
CYCLES = [
    torch.tensor([chosen[0], *rest])
    for size in range(2, TYPES + 1)
    for chosen in combinations(range(TYPES), size)
    for rest in permutations(chosen[1:])
]


def types(games: Games) -> Valuation:
    """Random types of agent 0, rewards and weights: ``[TYPES, B, 1, K], [TYPES, B]``."""
    count = games.truth.weights.shape[0]
    return Valuation(games.rewards(TYPES, count), games.own.weights * (0.2 + 1.8 * uniform(games.rng, TYPES, count)))


def lengths(games: Games, rule: Rule, own: Valuation) -> Tensor:
    """l[a, b] = w_b (E_policy(b)[r_b] - E_policy(a)[r_b]), per unit of the others' weight: ``[B, TYPES, TYPES]``."""
    policies = rule(games.train.fine_tuner)(games.reference, games.profile(own))
    values = own.weights * games.reference.expectation(policies[:, None], own.rewards)  # [a, b, B]
    loss = values.diagonal(dim1=0, dim2=1).movedim(-1, 0) - values
    return loss.movedim(-1, 0) / games.truth.weights[:, 1:].sum(-1)[:, None, None]


def cycles(length: Tensor) -> Tensor:
    """Mean length of every simple cycle ``[B, cycles]``."""
    return torch.stack([length[:, cycle, cycle.roll(-1)].mean(-1) for cycle in CYCLES], -1)


def shortest_path_payments(length: Tensor) -> Tensor | None:
    """p(t) = length of the shortest path from the first type, one set ``[TYPES, TYPES]``; None if it has no bottom."""
    graph = nx.DiGraph()
    # Types that are treated alike make cycles of length 0, which rounding must not turn negative.
    graph.add_weighted_edges_from((a, b, float(length[a, b]) + ROUNDING / 10) for a, b in permutations(range(TYPES), 2))
    try:
        found = nx.single_source_bellman_ford_path_length(graph, 0)
    except nx.NetworkXUnbounded:
        return None
    return torch.tensor([found[t] for t in range(TYPES)], dtype=torch.float64)


def least_gain(length: Tensor) -> float:
    """The smallest gain from lying that any payments leave in one set, by a linear programme over all payments.

    Negative if truth can be made better than every lie by a margin; by duality minus the least mean of a cycle.
    """
    edges = list(permutations(range(TYPES), 2))
    rows = np.zeros((len(edges), TYPES + 1))
    for row, (a, b) in zip(rows, edges, strict=True):  # p_b - p_a - gain <= l[a, b]
        row[b], row[a], row[-1] = 1, -1, -1
    cost = np.eye(TYPES + 1)[-1]
    limits = [float(length[a, b]) for a, b in edges]
    return float(scipy.optimize.linprog(cost, A_ub=rows, b_ub=limits, bounds=[(0, 0)] + [(None, None)] * TYPES).fun)


def check(
    seed: int, games: int, *, can: Rule = SocialWelfare, cannot: dict[str, Rule] = CANNOT
) -> tuple[Measured, ...]:
    """Welfare maximisation passes and is paid for; other rules have a negative cycle and no payment at all."""
    rng = generator(seed)
    cycle, lie, agreement = Worst(">="), Worst("<="), Worst("<=")
    for batch in sampled(rng, games, EVERY_DIVERGENCE):
        length = lengths(batch, can, types(batch))
        cycle.see(cycles(length))
        for one in length[:SETS]:
            agreement.see(_disagreement(one))
            lie.see(_gains(one, shortest_path_payments(one)))
    failing = tuple(_refuted(rng, games, name, rule, agreement) for name, rule in cannot.items())
    return (
        cycle.measured("least mean length of a cycle, social_welfare", 0.0, ROUNDING),
        lie.measured("largest gain under shortest-path payments, social_welfare", 0.0, ROUNDING),
        *failing,
        agreement.measured("largest |least gain over all payments + least cycle mean|", 0.0, SOLVER, "all rules"),
    )


def _refuted(rng: torch.Generator, games: int, name: str, rule: Rule, agreement: Worst) -> Measured:
    """The most negative cycle of a rule that cannot be implemented, and its types."""
    batch = drawn(rng, max(games // 4, FEWEST), "kl", "max_one", agents=2, responses=2, least=0.02)
    own = types(batch)
    length = lengths(batch, rule, own)
    means = cycles(length)
    for one in length[:SOLVED]:
        agreement.see(_disagreement(one))
    game, worst = divmod(int(means.argmin()), means.shape[1])
    around = ", ".join(
        f"{float(own.weights[t, game]):.2g} x ({' '.join(f'{r:.2f}' for r in own.rewards[t, game, 0].tolist())})"
        for t in CYCLES[worst].tolist()
    )
    gain = f"{least_gain(length[game]):.3g} per unit of the others' weight"
    note = f"weight x rewards of the cycle {around}; whatever is paid, some lie gains {gain}"
    return Measured(f"least mean length of a cycle, {name}", "<", 0.0, float(means.amin()), len(means), ROUNDING, note)


def _disagreement(length: Tensor) -> Tensor:
    """Between the linear programme and the cycles, two ways to the same number."""
    gain = least_gain(length)
    return (gain + cycles(length[None]).amin()).abs()


def _gains(length: Tensor, payments: Tensor | None) -> Tensor:
    """What type b gains by reporting a, p_b - p_a - l[a, b]; infinite if there are no payments."""
    if payments is None:
        return torch.full_like(length, torch.inf)
    return payments - payments[:, None] - length


cycle_monotonicity = Theorem(
    "E.2",
    "A training rule can be made truthful by some payment exactly if no cycle of an agent's types has negative length; "
    "shortest paths are such a payment.",
    check,
)
