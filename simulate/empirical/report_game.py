"""The empirical game of a scenario: everybody picks a report from a menu, once."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import torch

from mechanisms.base import Mechanism
from mechanisms.valuation import Valuation
from simulate.empirical.menus import menus
from simulate.empirical.payoffs import payoffs
from simulate.empirical.sampled import Sampled
from simulate.scenario import Scenario

PLAYERS = (2, 6)
MOST_NUMBERS = 20_000_000  # profiles x players x replicates: 160 MB, and solvers that still answer


def report_game(scenario: Scenario, names: Sequence[str], players: Sequence[int] | None = None) -> Sampled:
    """True utilities at every profile of reports from the menus ``names``; who does not play tells the truth.

    One game a replicate: they differ where the scenario draws truths at random, and an action is then a way to lie.
    Welfare is the training rule's objective at the truth, its optimum over all policies.

    Raises ValueError for an unknown menu, for fewer than 2 or more than 6 players, and where the table is too large.

    >>> from simulate.load import load
    >>> from simulate.scenario import build
    >>> report_game(build(load("two_camps", {"replicates": 1})), ["overstate"]).game().sizes
    (6, 6, 6)
    """
    who = list(range(len(scenario.names))) if players is None else list(players)
    if not PLAYERS[0] <= len(who) <= PLAYERS[1]:
        raise ValueError(
            f"a table of reports is made for {PLAYERS[0]} to {PLAYERS[1]} players, not {len(who)}: name some by "
            "--players, and the others tell the truth"
        )
    truth = _distinct(scenario.truth)
    own = menus(truth.of(torch.tensor(who, device=truth.weights.device)), scenario.messages, names)
    sizes = [len(menu.labels) for menu in own]
    if (numbers := prod(sizes) * len(who) * len(truth.weights)) > MOST_NUMBERS:
        raise ValueError(
            f"{' x '.join(map(str, sizes))} profiles, {len(who)} players and {len(truth.weights)} replicates make "
            f"{numbers:,} numbers; at most {MOST_NUMBERS:,} are allowed: name fewer menus, players or replicates"
        )
    mechanism = _first_round(scenario, len(truth.weights))
    found = payoffs(mechanism, scenario.reference, truth, who, [menu.reports for menu in own])
    optimum = mechanism.train.value(scenario.reference, truth)
    utilities, welfare, best = (values.cpu().double().numpy() for values in (found.utilities, found.welfare, optimum))
    return Sampled(utilities, welfare, best, tuple(scenario.names[i] for i in who), tuple(menu.labels for menu in own))


def _first_round(scenario: Scenario, batch: int) -> Mechanism:
    """The mechanism in force before anything was learned of the agents."""
    mechanism = scenario.mechanism
    if mechanism.repeated is None:
        return mechanism
    return mechanism.repeated.current(
        mechanism.repeated.init(scenario.reference, len(scenario.names), batch), mechanism
    )


def _distinct(truth: Valuation) -> Valuation:
    """One replicate where all are alike."""
    alike = (truth.rewards == truth.rewards[:1]).all() and (truth.weights == truth.weights[:1]).all()
    return Valuation(truth.rewards[:1], truth.weights[:1]) if bool(alike) else truth
