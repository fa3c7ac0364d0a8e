"""The linear programmes of correlated play: the best device that nobody gains by disobeying."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import scipy

from simulate.empirical.normal_form import Array, NormalForm
from simulate.equilibria.base import Answer, correlated_by

FEASIBILITY = 1e-10  # the tightest that HiGHS takes; ours to ask because every coefficient is scaled to at most 1
TOLERANCE = 1e-8  # of a player's span: HiGHS drops coefficients below 1e-9, and a swap regret sums over recommendations
ROUNDING = 1e-12  # of a player's largest payoff: a sum over profiles is no more exact, however small the span


def swap_rows(game: NormalForm) -> Any:
    """Row (i, a, b): what player i gains by playing b whenever a is recommended; ``[sum A_i^2, profiles]``, sparse."""
    return _rows(game, lambda recommended, instead, size: recommended * size + instead)


def coarse_rows(game: NormalForm) -> Any:
    """Row (i, b): what player i gains by playing b whatever is recommended; ``[sum A_i^2, profiles]``, sparse."""
    return _rows(game, lambda recommended, instead, size: instead)


def _rows(game: NormalForm, number: Callable[[Any, Any, int], Any]) -> Any:
    """Gains in units of each player's own span, so that a poor player's incentives weigh as much as a rich one's."""
    profiles = np.arange(math.prod(game.sizes)).reshape(game.sizes)
    blocks = []
    for i, size in enumerate(game.sizes):
        cells = np.moveaxis(profiles, i, 0).reshape(size, -1)
        own = unit(game.own(i))
        gains = own[None] - own[:, None]  # [recommended, played instead, combination of the others]
        a, b, others = np.nonzero(gains)
        places = (number(a, b, size), cells[a, others])
        blocks.append(scipy.sparse.coo_array((gains[a, b, others], places), shape=(size * size, profiles.size)))
    return scipy.sparse.vstack(blocks, format="csr")


def unit(table: Array) -> Array:
    """The table moved and scaled into [0, 1]; all zero if it is constant."""
    return (table - table.min()) / max(float(np.ptp(table)), float(np.finfo(float).tiny))


def best_device(
    game: NormalForm,
    rows: Any,
    regrets: Callable[[NormalForm, Array], Array],
    objective: Array | None,
    seconds: float,
) -> Answer:
    """argmax objective . joint  s.t.  rows joint <= 0, joint in the simplex, if ``regrets`` confirms that it is one.

    Of several optima HiGHS's vertex is answered, the same on every run.  Raises ValueError for an objective of
    another shape and a time limit that is not positive.
    """
    wanted = _wanted(game, objective)
    if not seconds > 0:
        raise ValueError(f"seconds is {seconds!r}; a number above 0 is expected")
    found = _maximised(unit(wanted).ravel(), rows, seconds)
    if found.status == 1:
        return Answer((), stopped=f"the linear programme had no optimum after {seconds:g} s")
    if found.status != 0:  # never infeasible: equilibria exist (Hart and Schmeidler 1989)
        return Answer((), stopped=f"the linear programme ended without an optimum: {found.message}")
    joint = found.x.clip(min=0).reshape(game.sizes)
    joint /= joint.sum()
    regret = regrets(game, joint)
    residual = max(0.0, float(regret.max()))
    flat = game.payoffs.reshape(game.n, -1)
    if not (regret <= TOLERANCE * np.ptp(flat, axis=1) + ROUNDING * np.abs(flat).max(1)).all():
        return Answer((), stopped=f"the optimum found leaves a regret of {residual:.2g}, more than rounding explains")
    return Answer((correlated_by(game, joint, regret, residual),))


def _maximised(wanted: Array, rows: Any, seconds: float) -> Any:
    return scipy.optimize.linprog(
        -wanted,
        A_ub=rows,
        b_ub=np.zeros(rows.shape[0]),
        A_eq=np.ones((1, wanted.size)),
        b_eq=[1.0],
        method="highs",
        options={
            "time_limit": seconds,
            "primal_feasibility_tolerance": FEASIBILITY,
            "dual_feasibility_tolerance": FEASIBILITY,
        },
    )


def _wanted(game: NormalForm, objective: Array | None) -> Array:
    wanted = game.welfare if objective is None else np.asarray(objective, dtype=np.float64)
    if wanted.shape != game.sizes:
        raise ValueError(f"objective has the shape {wanted.shape}; one number for each of the {game.sizes} profiles")
    return wanted
