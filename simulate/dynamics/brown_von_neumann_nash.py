"""Brown-von Neumann-Nash: actions better than the average gain, in use or not, at the cost of all."""

from __future__ import annotations

from dataclasses import dataclass

from simulate.dynamics.base import mean, positive
from simulate.empirical.normal_form import Array


@dataclass(frozen=True)
class BrownVonNeumannNash:
    """v_a = k_a - x_a sum_b k_b, with excess payoffs k_a = [u_a - sum_b x_b u_b]+.

    Time is in 1 / payoff.  At rest exactly at the Nash equilibria.  Near a strict one it slows down, and closes in
    like 1 / t rather than exp(-t).  Brown and von Neumann (1950); Hofbauer (2000), equation 3; it is the flow behind
    Nash's (1951) map.

    >>> import numpy as np
    >>> BrownVonNeumannNash()(np.array([0.5, 0.5]), np.array([1.0, 0.0]))
    array([ 0.25, -0.25])
    """

    in_payoffs = True
    smooth = False

    def __call__(self, shares: Array, values: Array, span: float = 1.0) -> Array:
        """Inflow by excess payoff, outflow in proportion."""
        excess = positive(values - mean(shares, values))
        return excess - shares * excess.sum(-1, keepdims=True)
