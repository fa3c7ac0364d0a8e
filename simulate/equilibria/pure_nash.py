"""All Nash equilibria in which nobody mixes."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from simulate.empirical.normal_form import NormalForm, Profile, pure
from simulate.equilibria.base import Answer, mixed

ROUNDING = 8 * np.finfo(float).eps  # of a player's largest payoff: two payoffs this near are a tie
MOST_NUMBERS = 20_000_000  # in all joint distributions of one answer together: 160 MB


def pure_nash(game: NormalForm) -> Answer:
    """u_i(a) = max_b u_i(b, a_{-i}) for every player i, at every profile a: Nash 1951.

    All of them, in the order of the profiles, the last player's action moving fastest; payoffs that differ by rounding
    count as ties, so that every best reply of a player who is indifferent is one.  There may be none.  ``stopped`` says
    so if there are more than memory holds.

    >>> dilemma = NormalForm.of([[[-2, -10], [0, -5]], [[-2, 0], [-10, -5]]])
    >>> [equilibrium.utilities.tolist() for equilibrium in pure_nash(dilemma).equilibria]
    [[-5.0, -5.0]]
    """
    profiles, stopped = pure_profiles(game)
    return Answer(tuple(mixed(game, profile) for profile in profiles), complete=stopped is None, stopped=stopped)


def pure_profiles(game: NormalForm) -> tuple[list[Profile], str | None]:
    """The profiles where nobody gains by moving alone, and a sentence if these are not all."""
    cells = np.argwhere(stable(game))
    most = max(1, MOST_NUMBERS // math.prod(game.sizes))
    stopped = f"only the first {most} of {len(cells)} pure equilibria are listed" if len(cells) > most else None
    return [pure(game, cell.tolist()) for cell in cells[:most]], stopped


def stable(game: NormalForm) -> NDArray[np.bool_]:
    """Where nobody gains by moving alone: ``[A_1, ..., A_n]``."""
    found = np.ones(game.sizes, dtype=bool)
    for i, table in enumerate(game.payoffs):
        found &= table >= table.max(i, keepdims=True) - ROUNDING * abs(table).max()
    return found
