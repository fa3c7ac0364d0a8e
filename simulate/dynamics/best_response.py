"""Best response: people revise now and then, and always to what is best."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from simulate.dynamics.base import Stepwise, tied
from simulate.empirical.normal_form import Array


@dataclass(frozen=True)
class BestResponse(Stepwise):
    """v = b - x, b a best response to the others' play.

    Ties (within 1e-9 of the span) are split in proportion to the shares that the tied actions have, evenly where they
    have none; of all selections this one is at rest at every Nash equilibrium, and nowhere else.  Time is in revisions
    a head.  Between two changes of b the solution is x(t) = b + exp(-t) (x(0) - b), and each ``step`` follows it; b is
    judged at the step's end.  So a path is off by about a step each time b changes, and where it should come to rest
    at a tie it trembles by a few (two in rock-paper-scissors, more where payoffs differ little).  Gilboa and Matsui
    (1991); Hofbauer and Sigmund (2003), section 3.3.  Raises ValueError for a step outside (0, 1].

    >>> import numpy as np
    >>> BestResponse()(np.array([0.5, 0.25, 0.25]), np.array([1.0, 0.0, 1.0]))
    array([ 0.16666667, -0.25      ,  0.08333333])
    """

    step: float = 0.01
    in_payoffs = False
    foresight = True  # steps that overshoot a tie spiral outwards; those that stop short of it close in
    smooth = False

    def __post_init__(self) -> None:
        if not (isinstance(self.step, int | float) and 0 < self.step <= 1):
            raise ValueError(f"step is {self.step!r}; a number above 0 and at most 1 is expected")

    def __call__(self, shares: Array, values: Array, span: float = 1.0) -> Array:
        """Towards the best responses."""
        best = tied(values, span)
        held = np.where(best, shares, 0.0)
        total = held.sum(-1, keepdims=True)
        even = best / best.sum(-1, keepdims=True)
        return np.where(total > 0, held / np.where(total > 0, total, 1.0), even) - shares

    @property
    def stride(self) -> float:
        """The step."""
        return self.step

    def weight(self, step: int) -> float:
        """1 - exp(-step size)."""
        return -math.expm1(-self.step)
