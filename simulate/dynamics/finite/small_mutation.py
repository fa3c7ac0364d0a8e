"""Small mutations: a population that is of one action almost always, and how long of each."""

from __future__ import annotations

import numpy as np

from simulate.dynamics.finite.base import Process
from simulate.dynamics.finite.fixation import log_fixation
from simulate.empirical.normal_form import Array, NormalForm


def log_rates(process: Process, game: NormalForm, size: int) -> Array:
    """log of the chain's off-diagonal chances rho / (A - 1), from row to column ``[A, A]``; -inf on the diagonal.

    A mutant appears so rarely that the last one's fate is decided: every action equally often, and it takes over with
    its fixation probability.  Fudenberg and Imhof (2006), theorem 2.
    """
    rates = log_fixation(process, game, size) - np.log(max(len(game.payoffs[0]) - 1, 1))
    return np.where(np.eye(len(rates), dtype=bool), -np.inf, rates)


def stationary(process: Process, game: NormalForm, size: int) -> Array:
    """How much of the time the population is of each action ``[A]``, as mutations become rare.

    >>> from simulate.dynamics.finite.moran import Moran
    >>> hunt = NormalForm.of([[[4, 0], [3, 3]], [[4, 3], [0, 3]]])
    >>> stationary(Moran(), hunt, 50).round(6)
    array([0., 1.])
    """
    return np.exp(log_stationary(log_rates(process, game, size)))


def log_stationary(rates: Array) -> Array:
    """log of the stationary distribution ``[A]`` of a chain with log chances ``[A, A]``; the diagonal is not read.

    States are taken out one by one and put back in reverse order (Grassmann, Taksar and Heyman 1985): sums and
    products of positive numbers alone, here of their logarithms, so that no chance is too small to count.
    """
    logs = rates.copy()
    count = len(logs)
    for k in range(count - 1, 0, -1):
        logs[:k, k] -= np.logaddexp.reduce(logs[k, :k])  # from now on, how many visits to k a step starts
        logs[:k, :k] = np.logaddexp(logs[:k, :k], logs[:k, k, None] + logs[k, :k])
    weights = np.zeros(count)
    for k in range(1, count):
        weights[k] = np.logaddexp.reduce(weights[:k] + logs[:k, k])
    distribution: Array = weights - np.logaddexp.reduce(weights)
    return distribution
