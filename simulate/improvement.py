"""How often one side does better than the other: the interval of a probability of improvement."""

from __future__ import annotations

import numpy as np

from simulate.statistics import LEVEL, RESAMPLES


def improvement_interval(first: np.ndarray, second: np.ndarray, paired: bool, seed: int = 0) -> tuple[float, float]:
    """Percentile bootstrap of P(first > second) + P(tie) / 2, over pairs ``[B]`` or over each side by itself.

    NaN are left out; NaN where nothing is left.
    """
    rng = np.random.default_rng(seed)
    if paired:
        gap = (first - second)[~np.isnan(first - second)]
        shares = _often(rng, len(gap)) @ _won(gap) / len(gap) if len(gap) else np.full(1, np.nan)
    else:
        a, b = (values[~np.isnan(values)] for values in (first, second))
        won = (_often(rng, len(a)) @ _won(a[:, None] - b) * _often(rng, len(b))).sum(1) if len(a) and len(b) else None
        shares = np.full(1, np.nan) if won is None else won / (len(a) * len(b))
    low, high = np.quantile(shares, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)


def _won(gap: np.ndarray) -> np.ndarray:
    return (gap > 0) + 0.5 * (gap == 0)


def _often(rng: np.random.Generator, size: int) -> np.ndarray:
    """Resamples ``[R, size]``: how often each value is in them."""
    return rng.multinomial(size, np.full(size, 1 / size), RESAMPLES)
