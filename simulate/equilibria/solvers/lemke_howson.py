"""Lemke and Howson's paths from every label of a two-player game, by QuantEcon."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache

import numpy as np

from simulate.empirical.normal_form import Array, NormalForm, Profile
from simulate.equilibria.solvers.clock import Clock

PIVOTS = 20_000  # of one path: seconds; random games of 100 actions need hundreds


def lemke_howson(game: NormalForm, clock: Clock) -> Iterator[Profile]:
    """The ends of the paths from the artificial equilibrium, label after label, of a ``scaled`` game.

    Lemke and Howson 1964; ties between leaving variables are broken lexicographically, so that no path cycles
    (von Stengel 2007, section 3.6).  Fewer than A_1 + A_2 ends come if time runs out or a path is longer than
    ``PIVOTS``, as some are (Savani and von Stengel 2006).  Not every equilibrium is such an end.
    """
    path = follower()
    for label in range(sum(game.sizes)):
        if clock.out:
            return
        end = path(game.payoffs[0], game.payoffs[1].T, label)
        if end is not None:
            yield end


@cache
def follower() -> Callable[[Array, Array, int], Profile | None]:
    """What follows the path from a label, own actions first in both tables: its end, or None if that is too far.

    It takes a second to load, for which refusals need not wait, and on its first use on a machine it is compiled, which
    takes ten; that is nothing of a search's time.
    """
    from quantecon.game_theory import NormalFormGame, Player
    from quantecon.game_theory import lemke_howson as path

    def follow(row: Array, column: Array, label: int) -> Profile | None:
        players = NormalFormGame([Player(np.ascontiguousarray(table)) for table in (row, column)])
        end, result = path(players, init_pivot=label, max_iter=PIVOTS, full_output=True)
        return end if result.converged else None

    follow(np.eye(2), np.eye(2), 0)
    return follow
