"""Does settled play go round in circles?"""

from __future__ import annotations

import numpy as np
from scipy import special

from simulate.history import History
from simulate.metrics.base import late

LEVEL = 0.01  # chance that independent rounds (white noise) pass for a cycle, at most, over all periods
LIKENESS = 0.5  # autocorrelation that a cycle has at least, however long play was
PERIODS = 3  # how often a period must fit into settled play
REST = 1e-6  # report distances that move less than this stand still
NEAR = 0.05  # a multiple of the period may be this much more alike by chance


def cycling(history: History) -> np.ndarray:
    """The period of settled play in rounds, NaN where it has none: ``[B]``.

    rho(p) is the autocorrelation at lag p of everybody's report_distance, centred, agents side by side in one vector.
    p is a period if rho peaks there after having been negative, which drifts do not bring about, and if both rho(p)
    and rho(2p) reach 1/2, which waves that halve from one period to the next do not, and z / sqrt(pairs of rounds p
    apart), z the normal quantile of 0.01 / lags tried: white noise stays below it (Bartlett 1946, and a union bound
    over lags), with no permutations drawn.  Of several peaks the first that is nearly as high as the highest.
    Periods from 2 rounds to a third of settled play can be found; lies that change places at the same distance from
    the truth cannot.
    """
    return np.array([_period(plays) for plays in late(history.of("report_distance")).transpose(1, 0, 2)])


def _period(plays: np.ndarray) -> float:
    """Of one replicate ``[W, n]``."""
    moves = plays - plays.mean(0)
    most = len(moves) // PERIODS
    if most < 2 or np.abs(moves).max() < REST:
        return float("nan")
    likeness = autocorrelation(moves, 2 * most + 1)
    lags = np.arange(2, most + 1)
    rho = likeness[lags]
    peak = (rho >= likeness[lags - 1]) & (rho >= likeness[lags + 1])
    after = np.minimum.accumulate(likeness)[lags] < 0
    known = np.maximum(LIKENESS, -special.ndtri(LEVEL / len(lags)) / np.sqrt(len(moves) - lags))
    found = peak & after & (np.minimum(rho, likeness[2 * lags]) >= known)
    if not found.any():
        return float("nan")
    return float(lags[found & (rho >= rho[found].max() - NEAR)][0])


def autocorrelation(moves: np.ndarray, most: int) -> np.ndarray:
    """1 - sum_t |x_{t+p} - x_t|^2 / sum_t (|x_t|^2 + |x_{t+p}|^2) of ``[W, n]`` for lags p up to ``most``.

    Sums are over the pairs of rounds that are p apart: ``[most + 1]``, zero where there is no pair or no move.  Unlike
    the correlation coefficient it is below 1 where a wave returns at another size.
    """
    count, length = len(moves), 2 * len(moves)
    power = (np.abs(np.fft.rfft(moves, length, axis=0)) ** 2).sum(1)
    products = np.fft.irfft(power, length)[: most + 1]
    sizes = np.concatenate([[0.0], np.cumsum((moves**2).sum(1))])
    lags = np.minimum(np.arange(most + 1), count)
    scale = (sizes[count - lags] + sizes[-1] - sizes[lags]) / 2
    return np.where(scale > 0, products / np.where(scale > 0, scale, 1.0), 0.0)
