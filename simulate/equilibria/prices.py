"""What equilibrium costs society: the prices of anarchy and of stability."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from simulate.empirical.normal_form import NormalForm
from simulate.equilibria.base import Equilibrium

ROUNDING = 1e-12  # of the largest welfare: a sum over profiles is no more exact


def prices(game: NormalForm, equilibria: Sequence[Equilibrium]) -> tuple[float | None, float | None]:
    """(optimum / welfare of the worst, optimum / welfare of the best) of the equilibria given; 1 is the least.

    Anarchy: Koutsoupias and Papadimitriou 1999; stability: Anshelevich et al. 2004; both for welfare instead of cost.
    A ratio says nothing unless both its terms are positive: None otherwise, and where no equilibrium is given.

    >>> from simulate.empirical.normal_form import pure
    >>> from simulate.equilibria.base import mixed
    >>> game = NormalForm.of([[[2, 0], [0, 1]], [[2, 0], [0, 1]]])
    >>> prices(game, [mixed(game, pure(game, a)) for a in ([0, 0], [1, 1])])
    (2.0, 1.0)
    """
    least = ROUNDING * float(np.abs(game.welfare).max())
    values = [float((game.welfare * equilibrium.joint).sum()) for equilibrium in equilibria]
    if not values or game.optimum <= least:
        return None, None
    worst, best = (game.optimum / value if value > least else None for value in (min(values), max(values)))
    return worst, best
