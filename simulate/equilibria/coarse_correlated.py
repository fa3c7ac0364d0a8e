"""Coarse correlated equilibrium: following the device beats ignoring it for good; where no-regret play settles."""

from __future__ import annotations

from simulate.empirical.normal_form import Array, NormalForm
from simulate.empirical.regret import coarse_regrets
from simulate.equilibria.base import Answer
from simulate.equilibria.solvers.incentive_rows import best_device, coarse_rows


def coarse_correlated(game: NormalForm, objective: Array | None = None, seconds: float = 60.0) -> Answer:
    """max objective . joint  s.t.  E[u_i(b, .)] <= E[u_i] for all i, b.

    Moulin and Vial 1978; Young 2004, Strategic Learning and Its Limits, chapter 3.  ``objective`` is
    ``[A_1, ..., A_n]``, the game's welfare if none; one optimum is answered, the worst by the negative objective.
    The regrets are coarse ones as measured, negative where a player would lose by any commitment.  Of several
    optima HiGHS's vertex is answered.  Raises ValueError for an objective of another shape and ``seconds`` that is
    not positive.

    >>> rps = NormalForm.of([[[0, -1, 1], [1, 0, -1], [-1, 1, 0]], [[0, 1, -1], [-1, 0, 1], [1, -1, 0]]])
    >>> [round(abs(u), 9) for u in coarse_correlated(rps).equilibria[0].utilities.tolist()]
    [0.0, 0.0]
    """
    return best_device(game, coarse_rows(game), coarse_regrets, objective, seconds)
