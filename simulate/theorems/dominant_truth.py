"""Proposition 4.4: under the affine-maximizer payment truth is dominant, nobody loses, nobody is paid."""

from __future__ import annotations

import torch

from mechanisms.base import Mechanism, PaymentRule, utility
from mechanisms.deviation import deviation_utilities
from mechanisms.payments.affine_maximizer import affine_maximizer
from mechanisms.valuation import EVERYONE, LeaveOneOut, Valuation
from simulate.theorems.base import Measured, Theorem, Worst
from simulate.theorems.games import EVERY_DIVERGENCE, Games, generator, sampled

LIES, STEPS, RATE = 8, 6, 0.3
ROUNDING = 1e-10  # of utilities per unit of total weight; the iterative fine-tuners stop at about 1e-12


def check(seed: int, games: int, *, pay: PaymentRule = affine_maximizer) -> tuple[Measured, ...]:
    """Largest gain over rewards and weights jointly, random lies then climbing ones; least utility and payment."""
    lying, rational, charged = Worst("<="), Worst(">="), Worst(">=")
    for batch in sampled(generator(seed), games, EVERY_DIVERGENCE):
        mechanism, scale = Mechanism(batch.train, pay), batch.truth.weights.sum(-1, keepdim=True)
        lies = _lies(batch)
        outcome = mechanism(batch.reference, batch.truth)
        honest = utility(batch.reference, batch.truth, outcome)
        for tried in (lies, _climbed(mechanism, batch, lies)):
            gained = _lying(mechanism, batch, tried).movedim(1, -1) - honest  # [LIES, B, n]
            lying.see(gained / scale)
        rational.see((honest - _without(batch)) / scale)
        charged.see(outcome.payments / scale)
    note = f"half of the lies after {STEPS} steps uphill"
    return (
        lying.measured("largest gain / total weight", 0.0, ROUNDING, note),
        rational.measured("least (utility - valuation of the model without it) / total weight", 0.0, ROUNDING),
        charged.measured("least payment / total weight", 0.0, ROUNDING),
    )


def _lies(games: Games) -> Valuation:
    """``[LIES, n, B, ...]``: fresh rewards, and weights from nothing to tenfold."""
    count, n = games.truth.weights.shape
    factors = torch.tensor([0.0, 0.3, 1.0, 1.0, 1.0, 2.0, 4.0, 10.0], dtype=torch.float64)
    picked = factors[torch.randint(len(factors), (LIES, n, count), generator=games.rng)]
    fresh, honest = games.rewards(LIES, n, count), games.truth.rewards.movedim(1, 0)
    near = games.space.normalise(0.9 * honest + 0.1 * fresh, games.space.support)
    half = torch.arange(LIES).reshape(-1, 1, 1, 1, 1) % 2 == 0
    return Valuation(torch.where(half, fresh, near), picked * games.truth.weights.T)


def _lying(mechanism: Mechanism, games: Games, lies: Valuation) -> torch.Tensor:
    """Everybody's utility under its own lies alone ``[LIES, n, B]``."""
    return deviation_utilities(mechanism, games.reference, games.truth, games.truth, EVERYONE, lies)


def _climbed(mechanism: Mechanism, games: Games, lies: Valuation) -> Valuation:
    at = lies
    for _ in range(STEPS):
        rewards, logs = at.rewards.detach().requires_grad_(), torch.zeros_like(at.weights).requires_grad_()
        lie = Valuation(rewards, at.weights * logs.exp())
        total = _lying(mechanism, games, lie).sum()
        if not total.requires_grad:  # total variation moves in jumps: no direction is better than another
            return at
        up, heavier = torch.autograd.grad(total, (rewards, logs), materialize_grads=True, allow_unused=True)
        steepest = up.abs().amax((-2, -1), keepdim=True).clamp(min=1e-12)  # a flat utility gives no direction
        moved = games.space.normalise(rewards.detach() + RATE * up / steepest, games.space.support)
        at = Valuation(moved, at.weights * (RATE * heavier.sign()).exp())
    return at


def _without(games: Games) -> torch.Tensor:
    """w_i v_i at the model trained without i, which the proof shows to be a floor of i's utility: ``[B, n]``."""
    policies = games.train(games.reference, LeaveOneOut(games.truth, EVERYONE))
    own = games.truth.payers()
    return (own.weights * games.reference.expectation(policies, own.rewards)).movedim(0, -1)


dominant_truth = Theorem(
    "4.4",
    "With the affine-maximizer payment nobody gains by lying about rewards and weight, everybody's utility is at "
    "least its valuation of the model trained without it, and every payment is at least zero.",
    check,
)
