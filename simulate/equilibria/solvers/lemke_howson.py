"""Lemke and Howson's paths from every label of a two-player game, by QuantEcon."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from simulate.empirical.normal_form import NormalForm, Profile
from simulate.equilibria.solvers.clock import Clock

PIVOTS = 20_000  # of one path: seconds; random games of 100 actions need hundreds


def lemke_howson(game: NormalForm, clock: Clock) -> Iterator[Profile]:
    """The ends of the paths from the artificial equilibrium, label after label, of a ``scaled`` game.

    Lemke and Howson 1964; ties between leaving variables are broken lexicographically, so that no path cycles
    (von Stengel 2007, section 3.6).  Fewer than A_1 + A_2 ends come if time runs out or a path is longer than
    ``PIVOTS``, as some are (Savani and von Stengel 2006).  Not every equilibrium is such an end.
    """
    from quantecon.game_theory import NormalFormGame, Player
    from quantecon.game_theory import lemke_howson as path  # a second to load, and refusals should not wait for it

    tables = (game.payoffs[0], game.payoffs[1].T)
    players = NormalFormGame([Player(np.ascontiguousarray(table)) for table in tables])
    for label in range(sum(game.sizes)):
        if clock.out:
            return
        end, result = path(players, init_pivot=label, max_iter=PIVOTS, full_output=True)
        if result.converged:
            yield end
