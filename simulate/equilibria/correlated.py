"""Correlated equilibrium: a device recommends, and obeying is best for everybody."""

from __future__ import annotations

from simulate.empirical.normal_form import Array, NormalForm
from simulate.empirical.regret import swap_regrets
from simulate.equilibria.base import Answer
from simulate.equilibria.solvers.incentive_rows import best_device, swap_rows


def correlated(game: NormalForm, objective: Array | None = None, seconds: float = 60.0) -> Answer:
    """max objective . joint  s.t.  sum_{-i} joint(a, .) (u_i(b, .) - u_i(a, .)) <= 0 for all i, a, b.

    Aumann 1974 and 1987; as a linear programme Gilboa and Zemel 1989.  ``objective`` is ``[A_1, ..., A_n]``, the
    game's welfare if none; the set is a polytope, of which one optimum is answered: its worst is asked for by the
    negative objective.  The regrets are swap regrets.  Of several optima HiGHS's vertex is answered.
    Raises ValueError for an objective of another shape and ``seconds`` that is not positive.

    >>> chicken = NormalForm.of([[[6, 2], [7, 0]], [[6, 7], [2, 0]]])
    >>> correlated(chicken).equilibria[0].joint.round(3).tolist()
    [[0.5, 0.25], [0.25, 0.0]]
    """
    return best_device(game, swap_rows(game), swap_regrets, objective, seconds)
