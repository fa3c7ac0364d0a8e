"""Theorem 4.11 and Corollary 4.13: which payments non-negativity and individual rationality leave."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from mechanisms.divergences import DIVERGENCES
from mechanisms.fine_tuners.exact import Exact
from mechanisms.messages import MESSAGES
from mechanisms.messages.base import MessageSpace
from mechanisms.named import Named, made
from mechanisms.reference import Reference
from mechanisms.training_rules.social_welfare import SocialWelfare
from mechanisms.valuation import Valuation
from simulate.theorems.base import Measured, Theorem, Worst
from simulate.theorems.games import EVERY_DIVERGENCE, STRICTLY_CONVEX, Games, generator, sampled, uniform
from simulate.theorems.path import QUADRATURE, UNEVENNESS, Payment, charged, path_payment

REPORTS = 6  # of agent 0, beside the constant one
AGENTS = (2, 4)
BETAS = (0.01, 0.1, 1.0, 10.0, 100.0)
SMOOTH_BETAS = (8.0, 20.0, 80.0)  # the path integral is exact there, and chi-squared interior: total weight is up to 6
LIKES, HEAVIEST = 7, 3  # agent 0's types in Corollary 4.13: rewards (a, 1 - a) on a grid, integer weights
ROUNDING = 1e-5  # of u / epsilon: utilities are exact to about 1e-14 * beta, epsilon is at least 1e-5


def lowest_nonnegative(games: Games, own: Valuation) -> Tensor:
    """The least payment under which truth is dominant and no report is paid for: ``[..., B]``."""
    payments = path_payment(games, own)
    return payments - payments.amin(0).clamp(max=0)  # the constant report's payment on the path is 0


def instance(
    rng: torch.Generator, count: int, divergence: Named, beta: float, agents: int, own_weight: float = 1.0
) -> Games:
    """The paper's: reference (epsilon, 1 - epsilon), agent 0 likes the first response alone, the others the second."""
    epsilon = 10 ** (-5 + 4.7 * uniform(rng, count))  # up to 0.5
    rewards = torch.eye(2, dtype=torch.float64)[[0] + [1] * (agents - 1)][:, None]
    weights = torch.tensor([own_weight] + [1.0] * (agents - 1), dtype=torch.float64)
    return Games(
        SocialWelfare(Exact(made(DIVERGENCES, divergence, "divergence"), beta)),
        Reference.of(torch.stack([epsilon, 1 - epsilon], -1)[:, None]),
        Valuation(rewards.expand(count, agents, 1, 2), weights.expand(count, agents)),
        MessageSpace("sum_to_one", MESSAGES["sum_to_one"], torch.ones(1, 2, dtype=torch.bool)),
        rng,
    )


def check(seed: int, games: int, *, pay: Payment = lowest_nonnegative, own_weight: float = 1.0) -> tuple[Measured, ...]:
    """Both parts: the floor on random games, the ceiling on the paper's instance."""
    rng = generator(seed)
    floor, at_constant = Worst(">="), Worst("<=")
    for batch in sampled(rng, games, STRICTLY_CONVEX, unevenness=UNEVENNESS):
        count = batch.truth.weights.shape[0]
        rewards = torch.cat([batch.uniform.expand(1, count, 1, -1), batch.rewards(REPORTS, count)])
        own = Valuation(rewards, batch.own.weights.expand(len(rewards), count))
        least = charged(batch, own) / own.weights
        floor.see(pay(batch, own) / own.weights - least)
        at_constant.see(least[0].abs())
    return (
        floor.measured("least (non-negative payment - affine maximizer) / weight", 0.0, QUADRATURE),
        at_constant.measured("largest affine-maximizer payment of the constant report / weight", 0.0, QUADRATURE),
        _ceiling(rng, games, own_weight),
    )


def _ceiling(rng: torch.Generator, games: int, own_weight: float) -> Measured:
    """Utility leaves no more than epsilon to give or take, since u <= w policy(x1) <= w epsilon against such others.

    The last step needs an own weight of at most the others' together, and then holds at every beta (derived).
    """
    each = -(-games // (len(EVERY_DIVERGENCE) * len(BETAS) * len(AGENTS)))
    worst, by_beta = Worst("<="), dict.fromkeys(BETAS, 0.0)
    for divergence in EVERY_DIVERGENCE:
        for beta in BETAS:
            for agents in AGENTS:
                batch = instance(rng, each, divergence, beta, agents, own_weight)
                policy = batch.train(batch.reference, batch.truth)
                valuation = batch.own.weights * batch.reference.expectation(policy, batch.own.rewards)
                share = (valuation - charged(batch, batch.own)) / batch.reference.policy[:, 0, 0]
                by_beta[beta] = max(by_beta[beta], float(share.amax()))
                worst.see(share)
    note = ", ".join(f"{share:.3g} at beta {beta:g}" for beta, share in by_beta.items())
    return worst.measured("largest truthful utility / epsilon, the instance", 1.0, ROUNDING, note)


def check_sandwich(seed: int, games: int, *, own_weight: float = 1.0) -> tuple[Measured, ...]:
    """Path payments at either end of the constants that keep every type's payment and utility at least zero."""
    low, high, room = Worst(">="), Worst("<="), Worst(">=")
    for batch in _instances(generator(seed), games):
        own = _types(batch, own_weight)
        payments, floor = path_payment(batch, own), charged(batch, own)
        policies = batch.train(batch.reference, batch.profile(own))
        utilities = own.weights * batch.reference.expectation(policies, own.rewards) - payments
        least, most = -payments.amin(0), utilities.amin(0)
        epsilon = batch.reference.policy[:, 0, 0]
        low.see((payments + least - floor) / epsilon)
        high.see((payments + most - floor) / epsilon)
        room.see((most - least) / epsilon)
    return (
        low.measured("least (payment - affine maximizer) / epsilon, all types", 0.0, ROUNDING),
        high.measured("largest (payment - affine maximizer) / epsilon, all types", 1.0, ROUNDING),
        room.measured("least room between the two / epsilon", 0.0, ROUNDING),
    )


def _instances(rng: torch.Generator, games: int) -> Iterator[Games]:
    each = -(-games // (len(STRICTLY_CONVEX) * len(SMOOTH_BETAS) * len(AGENTS)))
    for divergence in STRICTLY_CONVEX:
        for beta in SMOOTH_BETAS:
            for agents in AGENTS:
                yield instance(rng, each, divergence, beta, agents)


def _types(games: Games, lightest: float) -> Valuation:
    """All of agent 0's types in every game ``[types, B, 1, 2]``; the lightest with reward (1, 0) sets the ceiling."""
    likes = torch.linspace(0, 1, LIKES, dtype=torch.float64)
    count = games.truth.weights.shape[0]
    rewards = torch.stack([likes, 1 - likes], -1).repeat(HEAVIEST, 1)[:, None, None]
    weights = (lightest + torch.arange(HEAVIEST, dtype=torch.float64)).repeat_interleave(LIKES)
    return Valuation(rewards.expand(-1, count, 1, 2), weights[:, None].expand(-1, count))


payment_bounds = Theorem(
    "4.11",
    "Non-negative payments under which truth is dominant are nowhere below the affine maximizer's; individually "
    "rational ones come as close to it from above as one likes, at some reports of the others and some reference.",
    check,
)
payment_sandwich = Theorem(
    "4.13",
    "Payments that are both, non-negative and individually rational, lie between the affine maximizer's and epsilon "
    "more, for all own types, at some reports of the others and some reference.",
    check_sandwich,
)
