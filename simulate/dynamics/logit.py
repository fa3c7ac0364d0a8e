"""Logit: people revise now and then, and mostly, not always, to what is best."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from simulate.empirical.normal_form import Array


@dataclass(frozen=True)
class Logit:
    """v_a = exp(precision u_a) / sum_b exp(precision u_b) - x_a.

    Precision is in 1 / payoff; time in revisions a head.  At rest exactly at the logit quantal response equilibria
    of that precision, which are not Nash equilibria.  Fudenberg and Levine (1998), chapter 4; Hofbauer and Sandholm
    (2002), equation 10.  Raises ValueError for a precision that is not a finite number of at least 0.

    >>> import numpy as np
    >>> Logit(precision=np.log(3))(np.array([0.5, 0.5]), np.array([1.0, 0.0]))
    array([ 0.25, -0.25])
    """

    precision: float = 1.0
    in_payoffs = False
    smooth = True

    def __post_init__(self) -> None:
        if not (isinstance(self.precision, int | float) and 0 <= self.precision < math.inf):
            raise ValueError(f"precision is {self.precision!r}; a finite number of at least 0 is expected")

    def __call__(self, shares: Array, values: Array, span: float = 1.0) -> Array:
        """Towards the softmax of the values."""
        weights = np.exp(self.precision * (values - values.max(-1, keepdims=True)))  # the best gets 1: no overflow
        return weights / weights.sum(-1, keepdims=True) - shares
