"""Fictitious play: every round, the best answer to what the others did on average."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from simulate.dynamics.base import Stepwise, tied
from simulate.empirical.normal_form import Array


@dataclass(frozen=True)
class FictitiousPlay(Stepwise):
    """x(t + 1) = x(t) + (b(t) - x(t)) / (t + prior + 1), b a pure best response.

    The shares are play averaged over time, the start counting as ``prior`` rounds; all players move at once; time is
    in rounds.  Ties (within 1e-9 of the span) go to the action listed first, and that choice matters: where play
    cycles, another rule may converge.  At rest at pure Nash equilibria alone, though the average may tend to mixed
    ones.  Brown (1951); Robinson (1951) for zero-sum games; Shapley (1964) for a game where it never settles.
    Raises ValueError for a prior that is not a finite number above 0.

    >>> import numpy as np
    >>> FictitiousPlay()(np.array([0.5, 0.25, 0.25]), np.array([0.0, 1.0, 1.0]))
    array([-0.5 ,  0.75, -0.25])
    """

    prior: float = 1.0
    in_payoffs = False
    foresight = False
    smooth = False

    def __post_init__(self) -> None:
        if not (isinstance(self.prior, int | float) and 0 < self.prior < math.inf):
            raise ValueError(f"prior is {self.prior!r}; a finite number of rounds above 0 is expected")

    def __call__(self, shares: Array, values: Array, span: float = 1.0) -> Array:
        """Towards the best response listed first."""
        first = tied(values, span).argmax(-1)
        return np.eye(values.shape[-1])[first] - shares

    @property
    def stride(self) -> float:
        """One round."""
        return 1.0

    def weight(self, step: int) -> float:
        """1 / (rounds counted so far + 1)."""
        return 1 / (step + self.prior + 1)
