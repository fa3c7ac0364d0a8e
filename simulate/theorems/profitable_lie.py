"""Theorem 4.2: without payments one lie pays, whatever the others report."""

from __future__ import annotations

import torch

from mechanisms.base import PaymentRule
from mechanisms.payments.zero import zero
from mechanisms.valuation import Valuation
from simulate.theorems.base import Measured, Theorem, Worst
from simulate.theorems.games import NORMALISATIONS, STRICTLY_CONVEX, Games, generator, sampled, uniform
from strategies.sharpen import sharpened

OTHERS = 8  # profiles of the others that the same lie meets
LIES = 8
EPSILON = 0.02  # the lie moves so much reward, or all that there is room for
LEAST = 0.05  # the theorem's case: the least liked response is worth something
ROUNDING = 1e-12  # of utilities per unit of total weight


def _against(games: Games) -> Valuation:
    """Random reports of the others, no heavier than they are: ``[OTHERS, B, n, 1, K]``."""
    count, n = games.truth.weights.shape
    weights = games.truth.weights * uniform(games.rng, OTHERS, count, n)
    return Valuation(games.rewards(OTHERS, count, n), weights)


def check(seed: int, games: int, *, pay: PaymentRule = zero) -> tuple[Measured, ...]:
    """Smallest gain from the constructed lie, and largest gain of an agent with nothing to gain."""
    rng = generator(seed)
    sharp = {name: Worst(">") for name in NORMALISATIONS}
    for batch in sampled(rng, games, STRICTLY_CONVEX, least=LEAST):
        own = batch.own.weights.expand(OTHERS, -1)
        lie = sharpened(batch.own.rewards, batch.space, EPSILON)
        told = torch.stack([batch.own.rewards, lie])[:, None]
        honest, lying = batch.utilities(pay, _against(batch), Valuation(told, own.expand(2, *own.shape)))
        sharp[batch.space.name].see((lying - honest) / own)
    return (
        *(sharp[name].measured(f"smallest gain / weight, {name}", 0.0) for name in NORMALISATIONS),
        _indifferent(rng, games, pay),
    )


def _indifferent(rng: torch.Generator, games: int, pay: PaymentRule) -> Measured:
    worst = Worst("<=")
    for batch in sampled(rng, games, STRICTLY_CONVEX):
        count = batch.truth.weights.shape[0]
        flat = batch.uniform.expand_as(batch.own.rewards)
        reports = batch.profile(Valuation(flat, batch.own.weights))
        told = torch.cat([flat[None], batch.rewards(LIES, count)])
        lies = Valuation(told, batch.own.weights.expand(len(told), -1))
        indifferent = Games(batch.train, batch.reference, reports, batch.space, rng)
        utilities = indifferent.utilities(pay, reports, lies)
        worst.see((utilities[1:] - utilities[0]) / batch.truth.weights.sum(-1))
    return worst.measured("largest gain / total weight, constant reward", 0.0, ROUNDING)


profitable_lie = Theorem(
    "4.2",
    "Without payments, an agent that likes all responses somewhat but not equally gains by one and the same lie "
    "whatever the others report; an agent that likes them equally gains by none.",
    check,
)
