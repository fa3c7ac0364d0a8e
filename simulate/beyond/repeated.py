"""The repeated game that the base paper stops short of: learning groups, without payments and with its payment.

Every learner plays against its own kind, under both mechanisms on the same random numbers, so that differences are
paired game by game.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from simulate.beyond.base import Experiment, Found, Point, counted, curve
from simulate.beyond.games import AGENTS, MAX_WEIGHT, RESPONSES, WEIGHTS
from simulate.contest import compare
from simulate.history import History

BETA, ROUNDS = 0.3, 200
SETTLED = ROUNDS // 10  # rounds that must be left, so that a lucky last one does not count
NOTHING = 0.01  # of the best welfare: a round that loses less is as good as the truth
NO_PAYMENT, PAYMENT = "no_payment", "vcg"
LEARNERS: Mapping[str, Any] = {
    "hedge": "hedge",
    "exp3": "exp3",
    "regret_matching": "regret_matching",
    "online_gradient": {"name": "online_gradient", "start": "noisy"},
    "best_response": {"name": "best_response", "steps": 6, "starts": 1},
}
DISTANCE, LOSS, LOST, SAVED, TRUE, WHEN = (
    "size of the lies",
    "welfare lost in a round",
    "welfare lost on the way",
    "welfare that the payment saves",
    "games that become as good as the truth",
    "rounds until then",
)


def under(quantity: str, mechanism: str) -> str:
    """The quantity's name under one mechanism."""
    return f"{quantity}, {mechanism}"


def scenario(learner: Any, seed: int, games: int) -> dict[str, Any]:
    """A scenario of ``simulate/config.py``: one game a replicate, all groups learning alike."""
    low, high = WEIGHTS
    agent = {"rewards": {"random": {}}, "weight": {"random": {"low": low, "high": high}}, "strategy": learner}
    return {
        "name": "beyond-repeated",
        "reference": {"random": {"responses": RESPONSES, "concentration": 1.0}},
        "agents": [{"name": f"group{i}", **agent} for i in range(AGENTS)],
        "messages": {"rewards": "max_one", "max_weight": MAX_WEIGHT},
        "normalise": True,
        "mechanism": {"beta": BETA},
        "rounds": ROUNDS,
        "replicates": games,
        "seed": seed,
        "information": "outcome",
        "exploitability": 0,
    }


def measure(seed: int, games: int) -> list[Point]:
    """Every learner under both mechanisms."""
    points: list[Point] = []
    for name, learner in LEARNERS.items():
        contest = compare(scenario(learner, seed, games), [NO_PAYMENT, PAYMENT])
        for mechanism, history in contest.histories.items():
            points += _curves(name, mechanism, history)
        lost = [lost_on_the_way(contest.histories[each]) for each in (NO_PAYMENT, PAYMENT)]
        points += curve(SAVED, name, [ROUNDS], [lost[0] - lost[1]], "measured")
    return points


def distance(history: History) -> np.ndarray:
    """Mean over groups of the size of the lies: ``[T, B]``."""
    return history.of("report_distance").mean(-1)


def lost_share(history: History) -> np.ndarray:
    """What the lies of a round cost, as a share of the best affine social welfare: ``[T, B]``.

    Affine social welfare is sum w E[r] - beta KL at the truth; the best is what is reached plus what is lost.
    """
    reached = history.of("social_welfare") - BETA * history.of("divergence")
    lost = history.of("loss_from_lies") + history.of("loss_from_rule")
    return lost / (reached + lost)


def lost_on_the_way(history: History) -> np.ndarray:
    """The sum over rounds, in rounds' worth of the best welfare: ``[B]``."""
    return lost_share(history).sum(0)


def time_to_truth(history: History) -> np.ndarray:
    """The first round, from 0, from which less than 1 % is lost; the number of rounds if that never comes: ``[B]``.

    Not the size of the lies: who adds a constant to every w r says something else, and trains and pays the same.
    """
    away = lost_share(history) > NOTHING
    return np.where(away.any(0), len(away) - np.argmax(away[::-1], 0), 0).astype(np.float64)


def _curves(learner: str, mechanism: str, history: History) -> list[Point]:
    rounds = sorted({round(r) for r in np.geomspace(1, ROUNDS, 16)})
    size, lost, when = distance(history), lost_share(history), time_to_truth(history)
    there = when <= len(size) - SETTLED
    return [
        *curve(under(DISTANCE, mechanism), learner, rounds, [size[r - 1] for r in rounds], "measured"),
        *curve(under(LOSS, mechanism), learner, rounds, [lost[r - 1] for r in rounds], "measured"),
        *curve(under(LOST, mechanism), learner, [ROUNDS], [lost.sum(0)], "measured"),
        *curve(under(TRUE, mechanism), learner, [ROUNDS], [there], "measured", counted),
        *curve(under(WHEN, mechanism), learner, [ROUNDS], [np.where(there, when, np.nan)], "measured"),
    ]


def _when(found: Found, learner: str) -> str:
    """In how many games, and when; nothing is said of when where it never was."""
    share, when = (found.at(under(quantity, PAYMENT), learner, ROUNDS) for quantity in (TRUE, WHEN))
    after = f"after {when} rounds" if when.games else "in none"
    return f"{share} {after} (without payment {found.at(under(TRUE, NO_PAYMENT), learner, ROUNDS)})"


def said(found: Found) -> tuple[str, ...]:
    """What a researcher would quote."""
    told = "; ".join(f"{name} {_when(found, name)}" for name in LEARNERS)
    saved = "; ".join(f"{name} {found.at(SAVED, name, ROUNDS)}" for name in LEARNERS)
    return (
        f"Share of games in which learners become as good as the truth within {ROUNDS} rounds (less than 1 % of "
        f"welfare lost from then on, {SETTLED} rounds or more), under the affine maximizer: {told} (n = {found.games} "
        "games, 95 % intervals; best_response starts from the truth).",
        f"What the payment saves on the way, in rounds' worth of the best welfare, paired game by game: {saved}.",
    )


REPEATED = Experiment(
    "Do groups that learn find the truth, and what is lost until they do?",
    f"{AGENTS} groups who learn alike, {RESPONSES} responses, one reference drawn uniformly from all distributions, "
    f"rewards uniform and scaled to a maximum of 1, weights uniform on [{WEIGHTS[0]:g}, {WEIGHTS[1]:g}], KL with beta "
    f"{BETA:g}, {ROUNDS} rounds",
    measure,
    said,
    60,
)
