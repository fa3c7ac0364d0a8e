"""The stationary distribution of a Markov chain whose rates may be astronomically small."""

from __future__ import annotations

import numpy as np

from simulate.empirical.normal_form import Array

# A state left or entered more rarely, relative to the fastest rates, may owe it to rates below float64's 1e-308.
SMALL = 1e-140


def stationary(log_rates: Array) -> Array:
    """pi with pi_s sum_t rate(s, t) = sum_t pi_t rate(t, s) and sum pi = 1, of an irreducible chain ``[N, N]``.

    States are eliminated one after the other without any subtraction (Grassmann, Taksar and Heyman 1985), so every
    entry is right to the rounding of its rates' logarithms, in chains too that almost fall apart.  The diagonal is not
    read.

    >>> stationary(np.array([[0.0, -9001.0], [-9000.0, 0.0]])).round(6).tolist()
    [0.731059, 0.268941]
    """
    if len(log_rates) == 1:
        return np.ones(1)
    rates = log_rates.copy()
    np.fill_diagonal(rates, -np.inf)
    fastest = rates.max(1, keepdims=True)  # leaving a state faster only makes its visits shorter
    scaled = rates - fastest
    inward = _eliminated(np.exp(scaled))
    with np.errstate(divide="ignore"):
        inward = _eliminated_logs(scaled) if inward is None else np.log(inward)
    visits = np.zeros(len(rates))
    for k in range(1, len(rates)):
        visits[k] = _log_sum(visits[:k] + inward[:k, k])
    log_pi = visits - fastest[:, 0]
    pi = np.exp(log_pi - log_pi.max())
    return pi / pi.sum()


def _eliminated(rates: Array) -> Array | None:
    """In column k the visits to k between two visits below it, from each state j < k; None if something underflowed."""
    for k in range(len(rates) - 1, 0, -1):
        out = rates[k, :k].sum()
        if out < SMALL or rates[:k, k].max() < SMALL:
            return None
        rates[:k, k] /= out
        rates[:k, :k] += np.multiply.outer(rates[:k, k], rates[k, :k])
    return rates


def _eliminated_logs(rates: Array) -> Array:
    """The same in logarithms, several times slower."""
    for k in range(len(rates) - 1, 0, -1):
        rates[:k, k] -= _log_sum(rates[k, :k])
        rates[:k, :k] = np.logaddexp(rates[:k, :k], np.add.outer(rates[:k, k], rates[k, :k]))
    return rates


def _log_sum(logs: Array) -> float:
    largest = logs.max()
    return float(largest + np.log(np.exp(logs - largest).sum()))
