"""Iterated strict dominance: what remains when nobody plays what some mixture always beats."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy
from numpy.typing import NDArray

from simulate.empirical.normal_form import Array, NormalForm, pure
from simulate.equilibria.base import Answer, mixed
from simulate.equilibria.solvers.incentive_rows import FEASIBILITY

TOLERANCE = 1e-9  # of the span: smaller margins are not told from ties; the linear programmes are right to 1e-10

Indices = NDArray[np.intp]


@dataclass(frozen=True)
class Elimination:
    """One action that cannot be a best response, and the mixture that shows it."""

    round: int  # from 1
    player: int
    action: int
    by: Array  # [A_i], pure where one action does
    margin: float  # what ``by`` gains at the least, over what the others had left, in units of utility


def undominated(game: NormalForm) -> Answer:
    """The profile that survives if only one does; it is then the only equilibrium, Nash or correlated.

    Actions that some pure or mixed strategy strictly beats are dropped for all players at once, again and again;
    no other order would leave more or less (Gilboa, Kalai and Zemel 1990).  Where several profiles survive none is
    answered and ``stopped`` counts the actions left; `survivors` lists them and `eliminations` proves the rest.

    >>> undominated(NormalForm.of([[[-2, -10], [0, -5]], [[-2, 0], [-10, -5]]])).equilibria[0].utilities.tolist()
    [-5.0, -5.0]
    """
    left = survivors(game)
    if all(len(own) == 1 for own in left):
        return Answer((mixed(game, pure(game, [own[0] for own in left])),), complete=True)
    named = zip(left, game.sizes, game.players, strict=True)
    counts = ", ".join(f"{len(own)} of {size} actions of {player}" for own, size, player in named)
    return Answer((), stopped=f"strict dominance leaves {counts}")


def survivors(game: NormalForm) -> tuple[tuple[int, ...], ...]:
    """The actions of each player that survive, in order; with two players the rationalizable ones (Pearce 1984)."""
    gone = {(found.player, found.action) for found in eliminations(game)}
    return tuple(tuple(a for a in range(size) if (i, a) not in gone) for i, size in enumerate(game.sizes))


def eliminations(game: NormalForm) -> tuple[Elimination, ...]:
    """Every elimination, round by round, each with its proof."""
    kept = [np.arange(size) for size in game.sizes]
    found: list[Elimination] = []
    for number in range(1, sum(game.sizes) + 1):
        fresh = [one for i in range(game.n) for one in _dominated(game, kept, i, number)]
        if not fresh:
            break
        found += fresh
        kept = [np.setdiff1d(own, [one.action for one in fresh if one.player == i]) for i, own in enumerate(kept)]
    return tuple(found)


def _dominated(game: NormalForm, kept: list[Indices], player: int, number: int) -> list[Elimination]:
    """What one player drops in round ``number``."""
    order = [player] + [j for j in range(game.n) if j != player]
    table = game.payoffs[player].transpose(order)[np.ix_(*[kept[j] for j in order])].reshape(len(kept[player]), -1)
    least = TOLERANCE * float(np.ptp(game.payoffs[player]))
    found = []
    for a in np.flatnonzero((table < table.max(0)).all(1)):  # the best answer to anything pure is undominated
        by = _beating(table, int(a), least)
        margin = float((by @ (table - table[a])).min())
        if margin > least:
            whole = np.zeros(game.sizes[player])
            whole[kept[player]] = by
            found.append(Elimination(number, player, int(kept[player][a]), whole, margin))
    return found


def _beating(table: Array, action: int, least: float) -> Array:
    """argmax_x min_s sum_b x(b) (table(b, s) - table(action, s)); the best pure x if that is above ``least``."""
    gains = table - table[action]
    best = int(gains.min(1).argmax())
    if gains[best].min() > least or len(table) < 3:
        return np.eye(len(table))[best]
    scale = np.abs(gains).max()
    found = scipy.optimize.linprog(
        np.append(np.zeros(len(table)), -1.0),
        A_ub=np.column_stack([-gains.T / scale, np.ones(table.shape[1])]),
        b_ub=np.zeros(table.shape[1]),
        A_eq=[[1.0] * len(table) + [0.0]],
        b_eq=[1.0],
        method="highs",
        options={"primal_feasibility_tolerance": FEASIBILITY, "dual_feasibility_tolerance": FEASIBILITY},
    )
    if found.x is None:  # what could not be shown to be dominated stays
        return np.eye(len(table))[best]
    mixture = found.x[:-1].clip(min=0)
    return mixture / mixture.sum()
