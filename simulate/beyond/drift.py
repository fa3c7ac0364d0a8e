"""The reference that drifts: each round's fine-tune starts from the last round's model, and is charged from there.

Under KL and honest reports the model after t rounds is reference exp(t S / beta) / Z, the optimum at beta / t: what was
a regulariser fades as 1 / t.  The affine maximizer charges what a group does to the others today; what it does to the
reference of tomorrow is free, so that truth is dominant within a round and not over several; a plan to the last round,
charged as a whole, mends that (`mechanisms/repeated/dynamic_pivot.py`).  A warm start, by
contrast, goes on from the last model and is charged from the first: under KL t rounds of s steps of `mirror` on the
same reports are one run of t s steps.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import torch
from torch import Tensor

from mechanisms.axioms.base import Effort
from mechanisms.axioms.search import worst_report
from mechanisms.base import Mechanism
from mechanisms.divergences import DIVERGENCES
from mechanisms.fine_tuners.exact import Exact
from mechanisms.fine_tuners.mirror import Mirror
from mechanisms.payments.affine_maximizer import affine_maximizer
from mechanisms.payments.zero import zero
from mechanisms.reference import Reference
from mechanisms.repeated.planned_welfare import PlannedWelfare
from mechanisms.training_rules.social_welfare import SocialWelfare
from mechanisms.valuation import EVERYONE, Deviations, Valuation
from simulate.audit.misreports import misreports
from simulate.beyond.base import Experiment, Found, Point, curve, ratio
from simulate.beyond.games import RANDOM_LIES, SETTING, Games, drawn, incentive_gap, largest, welfare_mechanism

BETA = 0.3
ROUNDS = (1, 2, 4, 8, 16)
PLANNED = ROUNDS[:3]  # rounds that the dynamic pivot plans for: it solves for all of them at once
SHORT, RATE = 4, 0.1  # steps of a fine-tune that a warm start goes on with, and their rate
SEARCH = Effort(fresh=16, climbers=3, steps=6, jumps=2)
FRESH, DRIFT, WARM, PIVOT = "fresh start", "drift", "warm start", "dynamic pivot"
PAYMENTS = {"no payment": zero, "affine maximizer": affine_maximizer}
AWAY, WELFARE, OBJECTIVE, TODAY, ALWAYS, GAP = (
    "KL from the first model",
    "social welfare",
    "objective against the first model",
    "gain of a lie in this round",
    "gain of one lie told in all rounds",
    "optimality gap of a short fine-tune",
)


def measure(seed: int, games: int) -> list[Point]:
    """Honest play first, then lies for a round and lies for good, then warm starts."""
    played = drawn(seed, games)
    return [*_honest(played), *_lies(played), *_warm(played)]


def mechanism(name: str) -> Mechanism:
    """Social welfare trained to the end, under one of `PAYMENTS`."""
    return welfare_mechanism(Exact(DIVERGENCES["kl"](), BETA), PAYMENTS[name])


def drifted(games: Games, rounds: int, drifts: bool = True) -> list[Tensor]:
    """The policies of honest play, round by round."""
    train, reference, policies = mechanism("no payment").train, games.reference, []
    for _ in range(rounds):
        policies.append(train(reference, games.truth))
        reference = replace(games.reference, policy=policies[-1]) if drifts else games.reference
    return policies


def unplanned(name: str) -> Callable[[int], Mechanism]:
    """The same mechanism, however many rounds are left."""
    return lambda left: mechanism(name)


def pivot(left: int) -> Mechanism:
    """The affine maximizer of welfare planned to the end, ``left`` rounds from now: `mechanisms/repeated`'s pivot."""
    return Mechanism(PlannedWelfare(Exact(DIVERGENCES["kl"](), BETA), left, 1.0), affine_maximizer)


def patient_gain(pay: Callable[[int], Mechanism], games: Games, rounds: int, drifts: bool) -> Tensor:
    """The most that one group gains by one report told in all rounds, the others honest, a round: ``[B]``.

    ``pay`` is the mechanism of a round, by how many are left.
    """
    truth = games.truth

    def total(lies: Valuation) -> Tensor:
        reference, earned = games.reference, torch.zeros(())
        told, own = Deviations(truth, EVERYONE, lies), truth.payers()
        for done in range(rounds):
            outcome = pay(rounds - done)(reference, told)
            worth = own.weights * games.reference.expectation(outcome.policy, own.rewards)
            earned = earned + worth - outcome.payments.squeeze(-1)
            if drifts:
                reference = Reference(outcome.policy, games.reference.prompt_weights)
        return earned / rounds

    own = truth.payers()
    with torch.no_grad():
        honest = total(Valuation(own.rewards[None], own.weights[None]))[0]
        policy = pay(rounds).train(games.reference, truth)
    lies = misreports(truth, games.messages, RANDOM_LIES, games.rng())
    _, found, _ = worst_report(lambda told: total(told) - honest, lies, games.messages, SEARCH, games.rng(), policy)
    return largest(found)


def _honest(games: Games) -> list[Point]:
    train, points = mechanism("no payment").train, []
    best = train.value(games.reference, games.truth)
    for series in (FRESH, DRIFT):
        policies = drifted(games, ROUNDS[-1], series == DRIFT)
        seen = [policies[t - 1] for t in ROUNDS]
        away = [train.divergence(games.reference, policy) for policy in seen]
        welfare = [games.truth.welfare(games.reference, policy) for policy in seen]
        cap = welfare_cap(games)
        height = [train.objective(games.reference, games.truth, policy) for policy in seen]
        points += curve(AWAY, series, ROUNDS, away, "exact")
        points += curve(WELFARE, series, ROUNDS, [ratio(each, cap) for each in welfare], "exact")
        points += curve(OBJECTIVE, series, ROUNDS, [ratio(each, best) for each in height], "exact")
    return points


def welfare_cap(games: Games) -> Tensor:
    """The social welfare of the best response alone, which no policy exceeds: ``[B]``."""
    return games.truth.total.amax(-1).mean(-1)


def _lies(games: Games) -> list[Point]:
    """In units of a truthful group's mean utility in the first round."""
    fair = mechanism("affine maximizer")
    outcome = fair(games.reference, games.truth)
    worth = games.truth.weights * games.truth.expected_rewards(games.reference, outcome.policy)
    unit, points = (worth - outcome.payments).mean(-1), []
    before = [games.reference.policy, *drifted(games, ROUNDS[-1])]
    for name in PAYMENTS:
        pay = mechanism(name)
        today = [ratio(incentive_gap(pay, _from(games, before[t - 1]), SEARCH), unit) for t in ROUNDS]
        points += curve(TODAY, f"{name}, {DRIFT}", ROUNDS, today, "measured")
        for series in (FRESH, DRIFT):
            always = [ratio(patient_gain(unplanned(name), games, t, series == DRIFT), unit) for t in ROUNDS]
            points += curve(ALWAYS, f"{name}, {series}", ROUNDS, always, "measured")
    planned = [ratio(patient_gain(pivot, games, t, True), unit) for t in PLANNED]
    return points + curve(ALWAYS, f"{PIVOT}, {DRIFT}", PLANNED, planned, "measured")


def _from(games: Games, policy: Tensor) -> Games:
    return replace(games, reference=replace(games.reference, policy=policy))


def _warm(games: Games) -> list[Point]:
    """What an honest short fine-tune lacks of the best objective, as a share: it bounds what lies gain in the round."""
    best = mechanism("no payment").train.value(games.reference, games.truth)

    def gap(steps: int) -> Tensor:
        train = SocialWelfare(Mirror(DIVERGENCES["kl"](), BETA, steps, RATE))
        return ratio(train.gap(games.reference, games.truth), best)

    return [
        *curve(GAP, FRESH, ROUNDS, [gap(SHORT) for _ in ROUNDS], "exact"),
        *curve(GAP, WARM, ROUNDS, [gap(SHORT * t) for t in ROUNDS], "exact"),
    ]


def said(found: Found) -> tuple[str, ...]:
    """What a researcher would quote."""
    last, fair = ROUNDS[-1], "affine maximizer"
    return (
        f"With a drifting reference honest play leaves the first model: KL {found.at(AWAY, DRIFT, 1)} after one round, "
        f"{found.at(AWAY, DRIFT, last)} after {last} (the optimum at beta / {last}); social welfare rises from "
        f"{found.at(WELFARE, DRIFT, 1)} to {found.at(WELFARE, DRIFT, last)} of its cap, and the objective against the "
        f"first model is {found.at(OBJECTIVE, DRIFT, last)} of the best (n = {found.games} games, 95 % intervals).",
        f"Under the affine maximizer no lie was found to gain within a round "
        f"({found.at(TODAY, f'{fair}, {DRIFT}', last)} of a truthful utility), but one lie told in all {last} rounds "
        f"gains {found.at(ALWAYS, f'{fair}, {DRIFT}', last)} a round where the reference drifts and "
        f"{found.at(ALWAYS, f'{fair}, {FRESH}', last)} where it does not; without payment it is "
        f"{found.at(ALWAYS, f'no payment, {DRIFT}', last)} and {found.at(ALWAYS, f'no payment, {FRESH}', last)}.",
        f"The dynamic pivot, which plans to the last round and charges for it, leaves "
        f"{found.at(ALWAYS, f'{PIVOT}, {DRIFT}', PLANNED[-1])} to gain over {PLANNED[-1]} drifting rounds, the affine "
        f"maximizer {found.at(ALWAYS, f'{fair}, {DRIFT}', PLANNED[-1])}.",
    )


DRIFT_EXPERIMENT = Experiment(
    "What happens when each round's model is the next round's reference?",
    f"{SETTING}; KL with beta {BETA:g}, trained to the end; warm starts on mirror ascent of {SHORT} steps at rate "
    f"{RATE:g} a round",
    measure,
    said,
    100,
)
