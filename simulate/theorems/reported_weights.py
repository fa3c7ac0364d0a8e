"""Theorem 4.9 and Corollary 4.10: payment equivalence when weights, which may jump, are reported too.

The length of a step from type t to type t' is what t' loses if it is taken for t; the length of a path bounds the
difference of any two payments, p(t') - p(t) <= length(t -> t') and >= -length(t' -> t).  So payments are determined
if some path is short there and back.  The paper's leads through the constant reward, where a switch of weight is free.

On a side of k equal steps the way there and back telescopes to (1/k) w E_{end - start}[r_end - r_start], which needs
neither continuity nor more of the rule than that it can be implemented (derived; total variation is measured too).
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from mechanisms.training_rules.social_welfare import SocialWelfare
from mechanisms.valuation import Valuation
from simulate.theorems.base import Measured, Theorem, Worst
from simulate.theorems.games import EVERY_DIVERGENCE, STRICTLY_CONVEX, Games, generator, sampled, uniform
from simulate.theorems.path import Payment, charged

STEPS = 8  # k; 2k and 4k are measured beside it
MOST_WEIGHT = 5
ROUNDING = 1e-9  # of lengths in units of the largest weight


def lengths(
    games: Games, start: Valuation, end: Valuation, middle: Tensor, steps: int
) -> tuple[Tensor, Tensor, Tensor]:
    """Length there, length back ``[B]``, and the policy's largest move at the switch of weight ``[B]``.

    ``steps`` towards the report ``middle``, the switch of weight there, ``steps`` from it.
    """
    shares = torch.linspace(0, 1, steps + 1, dtype=start.rewards.dtype).reshape(-1, 1, 1, 1)
    first = start.rewards + shares * (middle - start.rewards)
    second = middle + shares * (end.rewards - middle)
    weights = torch.cat([start.weights.expand(steps + 1, -1), end.weights.expand(steps + 1, -1)])
    path = Valuation(torch.cat([first, second]), weights)
    policies = games.train(games.reference, games.profile(path))
    step = policies[1:] - policies[:-1]

    def lost(at: slice) -> Tensor:
        return path.weights[at] * games.reference.expectation(step, path.rewards[at])

    there, back = lost(slice(1, None)).sum(0), -lost(slice(None, -1)).sum(0)
    return there, back, step[steps].abs().amax((-2, -1))


def _checked(
    batches: list[Games], through: Callable[[Games], Tensor] | None, pay: Payment, switch: bool
) -> tuple[Measured, ...]:
    least, limit, between, free = Worst(">="), Worst("<="), Worst(">="), Worst("<=")
    longest = dict.fromkeys((1, 2, 4), 0.0)
    for games in batches:
        start, end = _type(games), _type(games)
        middle = through(games) if through else games.uniform
        two_way, heaviest = {}, MOST_WEIGHT * games.beta
        due = pay(games, end) - pay(games, start)
        for k in longest:
            there, back, jump = lengths(games, start, end, middle, k * STEPS)
            two_way[k] = (there + back) / heaviest
            longest[k] = max(longest[k], float(two_way[k].max()))
            least.see(two_way[k])
            between.see(torch.minimum(there - due, due + back) / heaviest)
            free.see(jump)
        limit.see(((8 * two_way[4] - 6 * two_way[2] + two_way[1]) / 3).abs())  # Richardson: a / k and b / k^2 gone
    note = ", ".join(f"{longest[k]:.3g} at {k * STEPS}" for k in longest)
    found = (
        limit.measured("largest two-way length / largest weight, limit", 0.0, ROUNDING, f"largest {note} steps a side"),
        least.measured("least two-way length / largest weight", 0.0, ROUNDING),
        between.measured("least room of the payment between the two lengths / largest weight", 0.0, ROUNDING),
    )
    return (*found, free.measured("largest move of the policy at the switch", 0.0, ROUNDING)) if switch else found


def _type(games: Games) -> Valuation:
    """A random reward and a weight for agent 0 of every game, an integer in units of beta."""
    count = games.truth.weights.shape[0]
    weights = torch.randint(1, MOST_WEIGHT + 1, (count,), generator=games.rng).to(games.truth.weights)
    return Valuation(games.rewards(count), weights * games.beta)


def check_general(
    seed: int, games: int, *, through: Callable[[Games], Tensor] | None = None, pay: Payment = charged
) -> tuple[Measured, ...]:
    """Affine maximizers with influences and boosts, every divergence."""
    batches = []
    for batch in sampled(generator(seed), games, EVERY_DIVERGENCE):
        influence = 0.5 + uniform(batch.rng, batch.truth.weights.shape[1])
        boosts = batch.beta * uniform(batch.rng, *batch.space.support.shape)
        train = SocialWelfare(batch.train.fine_tuner, influence, boosts)
        batches.append(Games(train, batch.reference, batch.truth, batch.space, batch.rng))
    return _checked(batches, through, pay, switch=False)


def check_welfare(
    seed: int, games: int, *, through: Callable[[Games], Tensor] | None = None, pay: Payment = charged
) -> tuple[Measured, ...]:
    """SW-Max under the strictly convex divergences, both normalisations."""
    return _checked(list(sampled(generator(seed), games, STRICTLY_CONVEX)), through, pay, switch=True)


reported_weights = Theorem(
    "4.9",
    "Payment equivalence extends to reported weights if at some reward report the policy does not depend on the own "
    "weight: a path through it is as short there and back as one likes.",
    check_general,
)
welfare_with_reported_weights = Theorem(
    "4.10",
    "Welfare maximisation has payment equivalence with reported weights: the constant report is such a reward, in "
    "both normalisations.",
    check_welfare,
)
