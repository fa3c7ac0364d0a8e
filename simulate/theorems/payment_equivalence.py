"""Proposition 4.6: with public weights, payments that make truth dominant differ by a constant in the own report."""

from __future__ import annotations

from torch import Tensor

from mechanisms.valuation import Valuation
from simulate.theorems.base import Measured, Theorem, Worst
from simulate.theorems.games import STRICTLY_CONVEX, generator, sampled
from simulate.theorems.path import QUADRATURE, UNEVENNESS, Payment, charged, path_payment

REPORTS = 6  # of agent 0, against the same others


def check(
    seed: int, games: int, *, payments: tuple[Payment, Payment] = (charged, path_payment)
) -> tuple[Measured, ...]:
    """Largest spread over own reports of the difference between two payments, and of each of the two."""
    difference, alone = Worst("<="), Worst(">")
    for batch in sampled(generator(seed), games, STRICTLY_CONVEX, unevenness=UNEVENNESS):
        count = batch.truth.weights.shape[0]
        own = Valuation(batch.rewards(REPORTS, count), batch.own.weights.expand(REPORTS, count))
        one, other = (pay(batch, own) / own.weights for pay in payments)
        difference.see(_spread(one - other))
        alone.see(_spread(one))
    note = f"{REPORTS} own reports each; one payment alone spreads by {alone.worst:.2g} at least"
    return (difference.measured("largest spread of the difference / weight", 0.0, QUADRATURE, note),)


def _spread(values: Tensor) -> Tensor:
    return values.amax(0) - values.amin(0)


payment_equivalence = Theorem(
    "4.6",
    "With public weights, any two payments under which truth is dominant differ by an amount that does not depend on "
    "the own report (affine maximizer against a path integral of the policy).",
    check,
)
