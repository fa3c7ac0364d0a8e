"""Replicator: actions that earn more than the average grow."""

from __future__ import annotations

from dataclasses import dataclass

from simulate.dynamics.base import Imitative, mean
from simulate.empirical.normal_form import Array


@dataclass(frozen=True)
class Replicator(Imitative):
    """v_a = x_a (u_a - sum_b x_b u_b).

    Time is in 1 / payoff.  Every Nash equilibrium is at rest, and so is every face's own equilibrium: a rest point
    need not be Nash, but a stable one is (Bomze 1986).  Taylor and Jonker (1978), equation 2, for one population;
    Taylor (1979) for several.

    >>> import numpy as np
    >>> Replicator()(np.array([0.5, 0.5]), np.array([1.0, 0.0]))
    array([ 0.25, -0.25])
    """

    in_payoffs = True
    smooth = True

    def growth(self, shares: Array, values: Array) -> Array:
        """u_a - sum_b x_b u_b."""
        return values - mean(shares, values)
