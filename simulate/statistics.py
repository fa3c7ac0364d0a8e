"""Interquartile means, bootstrap intervals and paired comparisons over replicates."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy

RESAMPLES = 2000
LEVEL = 0.95


@dataclass(frozen=True)
class Estimate:
    """Mean, interquartile mean, and the percentile bootstrap interval of the latter over replicates."""

    mean: float
    iqm: float
    low: float
    high: float


@dataclass(frozen=True)
class Paired:
    """First minus second: mean, interval, and the share of replicates (or pairs of them) where the first is larger."""

    difference: float
    low: float
    high: float
    larger: float


def estimate(values: np.ndarray, seed: int = 0) -> Estimate:
    """Of ``values [B]``; replicates that are NaN are left out, all NaN gives NaN."""
    finite = values[~np.isnan(values)]
    if not len(finite):
        return Estimate(*(float("nan"),) * 4)
    resampled = finite[_draws(len(finite), seed)]
    low, high = _interval(scipy.stats.trim_mean(resampled, 0.25, axis=1))
    return Estimate(float(finite.mean()), float(scipy.stats.trim_mean(finite, 0.25)), low, high)


def paired(first: np.ndarray, second: np.ndarray, seed: int = 0) -> Paired:
    """Of two metrics on common random numbers ``[B]``; ties count half."""
    gap = (first - second)[~np.isnan(first - second)]
    if not len(gap):
        return Paired(*(float("nan"),) * 4)
    low, high = _interval(gap[_draws(len(gap), seed)].mean(1))
    return Paired(float(gap.mean()), low, high, float(((gap > 0) + 0.5 * (gap == 0)).mean()))


def unpaired(first: np.ndarray, second: np.ndarray, seed: int = 0) -> Paired:
    """Of a metric on replicates of their own ``[B1]``, ``[B2]``: each side is resampled by itself; ties count half.

    The share is that of all B1 x B2 pairs (Mann and Whitney's U over B1 B2).
    """
    a, b = (values[~np.isnan(values)] for values in (first, second))
    if not (len(a) and len(b)):
        return Paired(*(float("nan"),) * 4)
    gaps = a[_draws(len(a), seed)].mean(1) - b[_draws(len(b), seed + 1)].mean(1)
    larger = (a[:, None] > b).mean() + 0.5 * (a[:, None] == b).mean()
    return Paired(float(a.mean() - b.mean()), *_interval(gaps), float(larger))


def mean_intervals(values: np.ndarray, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Percentile bootstrap intervals of the means over replicates of ``values [B, m]``: ``low, high [m]``."""
    size = len(values)
    counts = np.apply_along_axis(np.bincount, 1, _draws(size, seed), minlength=size)  # resamples, by how often each
    low, high = np.quantile(counts @ values / size, [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=0)
    return low, high


def performance_profile(values: np.ndarray, thresholds: np.ndarray, seed: int = 0) -> np.ndarray:
    """Share of replicates ``values [B]`` that reach each of ``thresholds [m]``, with its interval: ``[3, m]``.

    Rows are share, low, high: F(x) = #{b: values_b >= x} / B, and its pointwise percentile bootstrap interval (Agarwal
    et al. 2021, "Deep reinforcement learning at the edge of the statistical precipice", section 4.2).  Replicates that
    are NaN reach nothing.
    """
    reached = (values[:, None] >= thresholds).astype(np.float64)
    return np.stack([reached.mean(0), *mean_intervals(reached, seed)])


def _draws(size: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(size, size=(RESAMPLES, size))


def _interval(resampled: np.ndarray) -> tuple[float, float]:
    low, high = np.quantile(resampled, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)


def wilson(successes: int, trials: int) -> tuple[float, float]:
    """Wilson's (1927) interval for a share, at `LEVEL`."""
    interval = scipy.stats.binomtest(successes, trials).proportion_ci(LEVEL, method="wilson")
    return float(interval.low), float(interval.high)
