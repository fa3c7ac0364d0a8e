"""Lemke and Howson's path of almost completely labelled vertex pairs, from every label: two players.

Definitions.  Player 1 has m actions, player 2 has n; labels 0..m-1 are player 1's actions, m..m+n-1 player 2's.
With payoffs A, B > 0 the best-reply polytopes are P = {x >= 0, B' x <= 1} and Q = {y >= 0, A y <= 1}.  A vertex has the
label of each inequality that binds: an action unused, or an action that is a best reply.  Two vertices that have all
labels between them are, normalised, an equilibrium; so are (0, 0), the artificial one from which paths start.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from simulate.empirical.normal_form import Array, NormalForm, Profile
from simulate.equilibria.clock import Clock

POSITIVE = 1e-10  # entries of a tableau of numbers near 1 that are below it are rounding of zero
PIVOTS = 20_000  # of one path: seconds; random games of 100 actions need hundreds
TIE = 1e-12  # ratios that differ by less are equal, and the next column decides


def lemke_howson(game: NormalForm, clock: Clock) -> Iterator[Profile]:
    """The ends of the paths from the artificial equilibrium, label after label, of a ``scaled`` game.

    Lemke and Howson 1964; ties between leaving variables are broken lexicographically, so that no path cycles
    (von Stengel 2007, section 3.6).  Fewer than m + n ends come if time runs out or a path is longer than ``PIVOTS``,
    as some are (Savani and von Stengel 2006).  Not every equilibrium is such an end.
    """
    for label in range(sum(game.sizes)):
        end = path(game, label, clock)
        if end is not None:
            yield end


def path(game: NormalForm, label: int, clock: Clock) -> Profile | None:
    """The end of the path that starts by dropping ``label``; None if it is too long."""
    m, n = game.sizes
    # columns: labels 0..m+n-1, then the right-hand side; 1 + payoff makes payoffs positive
    tableaux = [
        np.hstack([1 + game.payoffs[1].T, np.eye(n), np.ones((n, 1))]),
        np.hstack([np.eye(m), 1 + game.payoffs[0], np.ones((m, 1))]),
    ]
    bases = [np.arange(m, m + n), np.arange(m)]
    slacks = [slice(m, m + n), slice(0, m)]
    entering, which = label, int(label >= m)
    for _ in range(PIVOTS):
        if clock.out:
            break
        row = leaving_row(tableaux[which], entering, slacks[which])
        leaving = int(bases[which][row])
        pivot(tableaux[which], row, entering)
        bases[which][row] = entering
        if leaving == label:
            return _mixture(tableaux[0], bases[0], 0, m), _mixture(tableaux[1], bases[1], m, n)
        entering, which = leaving, 1 - which
    return None


def leaving_row(tableau: Array, entering: int, slack: slice) -> int:
    """The row of the lexicographically least (right-hand side, slack columns) / entering column."""
    column = tableau[:, entering]
    rows = np.flatnonzero(column > POSITIVE)
    keys = np.hstack([tableau[:, -1:], tableau[:, slack]])[rows] / column[rows, None]
    for key in range(keys.shape[1]):
        if len(rows) == 1:
            break
        least = keys[:, key] <= keys[:, key].min() + TIE
        rows, keys = rows[least], keys[least]
    return int(rows[0])


def pivot(tableau: Array, row: int, column: int) -> None:
    """Gauss-Jordan elimination in place."""
    tableau[row] /= tableau[row, column]
    factors = tableau[:, column].copy()
    factors[row] = 0
    tableau -= np.outer(factors, tableau[row])


def _mixture(tableau: Array, basis: NDArray[np.int_], first: int, size: int) -> Array:
    own = (basis >= first) & (basis < first + size)
    weights = np.zeros(size)
    weights[basis[own] - first] = tableau[own, -1].clip(min=0)
    return weights / weights.sum()
