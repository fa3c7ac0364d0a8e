"""Where a dynamic leads on a game: its rest points, and what share of random starts ends in which."""

from __future__ import annotations

from typing import Any

from mechanisms.named import made
from simulate.dynamics import DYNAMICS
from simulate.dynamics.basins import Basins, basins
from simulate.dynamics.rest_points import RestPoints, rest_points
from simulate.empirical.normal_form import Array, NormalForm, Profile, expectation

STARTS = 200  # random starts: a share of one half is known to 7 points


def leads(game: NormalForm, dynamic: str, seed: int = 0) -> tuple[RestPoints, Basins]:
    """Rest points with their stability, and basins of attraction.  Raises ValueError for an unknown dynamic."""
    rule = made(DYNAMICS, dynamic, "dynamics")
    return rest_points(rule, game, seed=seed), basins(rule, game, STARTS, seed)


def led_document(game: NormalForm, dynamic: str, found: tuple[RestPoints, Basins]) -> dict[str, Any]:
    """For ``--json``."""
    rest, where = found
    return {
        "name": dynamic,
        "rest_points": [{**_at(game, p.profile, p.regrets), "kind": p.kind} for p in rest.points],
        "basins": [
            {**_at(game, b.profile, b.regrets), "share": b.share, "low": b.low, "high": b.high} for b in where.basins
        ],
        "unsettled": where.unsettled,
        "starts": where.starts,
        "stopped": rest.stopped or where.stopped,
    }


def _at(game: NormalForm, profile: Profile, regrets: Array) -> dict[str, Any]:
    return {
        "profile": [mixture.tolist() for mixture in profile],
        "regret": float(regrets.max()),
        "welfare_loss": game.optimum - expectation(game.welfare, profile),
    }
