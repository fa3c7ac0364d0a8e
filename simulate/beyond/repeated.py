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
TRUTHFUL = 0.05  # a report this near, sum |w'r' - wr| / sum |wr|, is as good as the truth
NO_PAYMENT, PAYMENT, SAVED = "no_payment", "vcg", "no_payment - vcg"
LEARNERS: Mapping[str, Any] = {
    "hedge": "hedge",
    "exp3": "exp3",
    "regret_matching": "regret_matching",
    "online_gradient": "online_gradient",
    "best_response": "best_response",
}
DISTANCE, LOSS, LOST, TRUE, WHEN = (
    "size of the lies",
    "welfare lost in a round",
    "welfare lost on the way",
    "games that settle at the truth",
    "rounds until the truth",
)


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


def run(seed: int, games: int) -> Found:
    """Every learner under both mechanisms."""
    points: list[Point] = []
    for name, learner in LEARNERS.items():
        contest = compare(scenario(learner, seed, games), [NO_PAYMENT, PAYMENT])
        for mechanism, history in contest.histories.items():
            points += _curves(f"{name}, {mechanism}", history)
        lost = [lost_on_the_way(contest.histories[each]) for each in (NO_PAYMENT, PAYMENT)]
        points += curve(LOST, f"{name}, {SAVED}", [ROUNDS], [lost[0] - lost[1]], "measured")
    found = Found(tuple(points), (), games)
    return Found(found.points, _verdicts(found), games)


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
    """The first round from which the lies stay below 5 %; the number of rounds played if that never comes: ``[B]``."""
    away = distance(history) > TRUTHFUL
    return np.where(away.any(0), len(away) - np.argmax(away[::-1], 0), 0).astype(np.float64)


def _curves(series: str, history: History) -> list[Point]:
    rounds = sorted({round(r) for r in np.geomspace(1, ROUNDS, 16)})
    size, lost, when = distance(history), lost_share(history), time_to_truth(history)
    there = when < ROUNDS
    return [
        *curve(DISTANCE, series, rounds, [size[r - 1] for r in rounds], "measured"),
        *curve(LOSS, series, rounds, [lost[r - 1] for r in rounds], "measured"),
        *curve(LOST, series, [ROUNDS], [lost.sum(0)], "measured"),
        *curve(TRUE, series, [ROUNDS], [there], "measured", counted),
        *curve(WHEN, series, [ROUNDS], [np.where(there, when, np.nan)], "measured"),
    ]


def _verdicts(found: Found) -> tuple[str, ...]:
    told = "; ".join(
        f"{name}: {found.at(TRUE, f'{name}, {PAYMENT}', ROUNDS)} of the games (without payment "
        f"{found.at(TRUE, f'{name}, {NO_PAYMENT}', ROUNDS)})"
        for name in LEARNERS
    )
    saved = "; ".join(f"{name} {found.at(LOST, f'{name}, {SAVED}', ROUNDS)}" for name in LEARNERS)
    return (
        f"Within {ROUNDS} rounds the affine maximizer brings learners to the truth: {told} (n = {found.games} games, "
        "95 % intervals).",
        f"What the payment saves on the way, in rounds' worth of welfare, paired game by game: {saved}.",
    )


REPEATED = Experiment(
    "Do groups that learn find the truth, and what is lost until they do?",
    f"{AGENTS} groups who learn alike, {RESPONSES} responses, one reference drawn uniformly from all distributions, "
    f"rewards uniform and scaled to a maximum of 1, weights uniform on [{WEIGHTS[0]:g}, {WEIGHTS[1]:g}], KL with beta "
    f"{BETA:g}, {ROUNDS} rounds",
    run,
    40,
)
