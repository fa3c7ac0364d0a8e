"""The two payment heuristics of the base paper's section 4.4, for which it has no experiment (arXiv 2405.16276).

Its payment takes n more trainings.  `checkpoints` takes the counterfactual models from the one run that is deployed,
`early_stopped` trains them for fewer steps.  Under KL a run of t steps of `mirror` ends at the optimum of a reward
shrunk by 1 - (1 - rate)^t, so "few steps" and "strongly regularised" are the same, and infinitely many steps are exact.

A bill that is a constant minus the others' objective at the policy makes the same lies pay whatever the constant, so
one search serves leave-one-out and early-stopped runs of every length.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from mechanisms.base import PaymentRule, utility
from mechanisms.divergences import DIVERGENCES
from mechanisms.fine_tuners.exact import Exact
from mechanisms.fine_tuners.mirror import Mirror
from mechanisms.payments.affine_maximizer import affine_maximizer
from mechanisms.payments.checkpoints import checkpoints
from mechanisms.payments.early_stopped import early_stopped
from mechanisms.training_rules.social_welfare import SocialWelfare
from simulate.beyond.base import Experiment, Found, Point, curve, ratio
from simulate.beyond.games import AGENTS, SETTING, Games, drawn, incentive_gap, welfare_mechanism

BETA, RATE = 0.3, 0.1
STEPS = (1, 2, 4, 8, 16, 32, 64)
WHOLE = STEPS[-1]  # steps of a whole fine-tune: what is left to climb is (1 - rate)^64, a thousandth
NEGATIVE = -1e-9  # the group is paid; above, rounding
GAP, REVENUE, PAID, REFUND = "incentive gap", "revenue", "groups that are paid", "money paid out"
FINISHED = ", model finished"
EXTERNALITY, CHECKPOINTS, BOUND = "leave-one-out or early-stopped", "checkpoints", "optimality gap (bound)"


@dataclass(frozen=True)
class Way:
    """A payment rule, and which fraction of the deployed model's steps each of n counterfactual models takes."""

    pay: PaymentRule
    fraction: float

    def compute(self, steps: int) -> float:
        """Of a round, in whole fine-tunes."""
        return (steps + AGENTS * math.ceil(self.fraction * steps)) / WHOLE


def early(fraction: float) -> Way:
    """Counterfactual runs stopped early."""
    return Way(partial(early_stopped, fraction=fraction), fraction)


WAYS: Mapping[str, Way] = {
    "leave-one-out": Way(affine_maximizer, 1),
    "early-stopped, 1/2": early(1 / 2),
    "early-stopped, 1/8": early(1 / 8),
    CHECKPOINTS: Way(checkpoints, 0),
}


def mirror(steps: int) -> Mirror:
    """The fine-tuner that trains in steps."""
    return Mirror(DIVERGENCES["kl"](), BETA, steps, RATE)


def measure(seed: int, games: int) -> list[Point]:
    """Lies first, bills next: of runs that are all short, and of short counterfactuals beside a finished model."""
    played = drawn(seed, games)
    exact = welfare_mechanism(Exact(DIVERGENCES["kl"](), BETA), affine_maximizer)
    outcome = exact(played.reference, played.truth)
    unit, full = utility(played.reference, played.truth, outcome).mean(-1), outcome.payments.sum(-1)
    points = _gaps(played, unit)
    for name, way in WAYS.items():
        paid = [payments(played, steps, way.pay) for steps in STEPS]
        points += _bills("", name, [way.compute(steps) for steps in STEPS], paid, full)
    stopped = [early(budget / WHOLE) for budget in STEPS]
    paid = [payments(played, WHOLE, way.pay) for way in stopped]
    points += _bills(FINISHED, "early-stopped", [way.compute(WHOLE) for way in stopped], paid, full)
    points += _bills(FINISHED, CHECKPOINTS, [1.0], [payments(played, WHOLE, checkpoints)], full)
    return points


def payments(games: Games, steps: int, pay: PaymentRule) -> Tensor:
    """What truthful groups pay for a model of so many steps: ``[B, n]``."""
    with torch.no_grad():
        return welfare_mechanism(mirror(steps), pay)(games.reference, games.truth).payments


def _gaps(games: Games, unit: Tensor) -> list[Point]:
    """What the best lie found gains, in units of a truthful group's mean utility when everything is trained out."""
    places = [steps / WHOLE for steps in STEPS]
    bounds = [SocialWelfare(mirror(steps)).gap(games.reference, games.truth) for steps in STEPS]
    points = curve(GAP, BOUND, places, [ratio(each, unit) for each in bounds], "derived")
    for name, pay in ((EXTERNALITY, affine_maximizer), (CHECKPOINTS, checkpoints)):
        gaps = [incentive_gap(welfare_mechanism(mirror(steps), pay), games) for steps in STEPS]
        points += curve(GAP, name, places, [ratio(each, unit) for each in gaps], "measured")
    return points


def _bills(setting: str, series: str, x: Sequence[float], paid: Sequence[Tensor], full: Tensor) -> list[Point]:
    """Shares: of the exact revenue what is collected and what is paid out, of the groups those who are paid."""
    revenue = [ratio(each.sum(-1), full) for each in paid]
    refund = [ratio(-each.clamp(max=0).sum(-1), full) for each in paid]
    negative = [(each < NEGATIVE).double().mean(-1) for each in paid]
    return [
        *curve(REVENUE + setting, series, x, revenue, "exact"),
        *curve(REFUND + setting, series, x, refund, "exact"),
        *curve(PAID + setting, series, x, negative, "exact"),
    ]


def said(found: Found) -> tuple[str, ...]:
    """What a researcher would quote."""
    dearest, cheapest, n = 1 + AGENTS, 1 + AGENTS / WHOLE, found.games
    return (
        f"Payments from checkpoints are not truthful however long the run: trained out, the best lie found gains "
        f"{found.at(GAP, CHECKPOINTS, 1)} of a truthful group's utility (n = {n} games, 95 % intervals of the mean), "
        f"and they collect {found.at(REVENUE + FINISHED, CHECKPOINTS, 1)} of the exact revenue, never below 0.",
        f"Early-stopped payments are truthful up to the deployed model's optimality gap at any length: trained out, "
        f"{found.at(GAP, EXTERNALITY, 1)}. The price is money: with one step for each counterfactual "
        f"{found.at(PAID + FINISHED, 'early-stopped', cheapest)} of the groups are paid and revenue is "
        f"{found.at(REVENUE + FINISHED, 'early-stopped', cheapest)} of the exact one; with all 64 steps "
        f"{found.at(REVENUE + FINISHED, 'early-stopped', dearest)}.",
    )


HEURISTICS = Experiment(
    "What do the two payment heuristics of section 4.4 cost, in truthfulness and in revenue?",
    f"{SETTING}; KL with beta {BETA:g}, mirror ascent at rate {RATE:g}, {WHOLE} steps for a whole fine-tune",
    measure,
    said,
    200,
)
