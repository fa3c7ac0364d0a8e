"""Smith: everybody compares two actions, and moves to the better as fast as it is better."""

from __future__ import annotations

from dataclasses import dataclass

from simulate.dynamics.base import positive
from simulate.empirical.normal_form import Array


@dataclass(frozen=True)
class Smith:
    """v_a = sum_b x_b [u_a - u_b]+ - x_a sum_b [u_b - u_a]+.

    Time is in 1 / payoff.  At rest exactly at the Nash equilibria.  Smith (1984), the driver who changes route;
    Sandholm (2010), section 5.6, pairwise comparison.

    >>> import numpy as np
    >>> Smith()(np.array([0.5, 0.5]), np.array([1.0, 0.0]))
    array([ 0.5, -0.5])
    """

    in_payoffs = True
    smooth = False

    def __call__(self, shares: Array, values: Array, span: float = 1.0) -> Array:
        """Inflow from worse actions, outflow to better ones."""
        better = positive(values[..., :, None] - values[..., None, :])  # [..., to, from]
        return (better * shares[..., None, :]).sum(-1) - shares * better.sum(-2)
