"""How surprising a difference is, and what is left of that when many were looked at.

scipy.stats.permutation_test is the same for one comparison (tests/test_significance.py holds them together), at a
quarter of a second each; here all comparisons share their shuffles, and are one matrix product.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

SHUFFLES = 9999  # drawn, where there are more ways than that to swap the sides
ROUNDING = 1e-9  # sums that differ by less, relative to the gaps, are ties


def sign_flip_p(gaps: np.ndarray, seed: int = 0) -> np.ndarray:
    """Two-sided p-values ``[C]`` of paired differences ``[B, C]``: share of signs s with |s . gap| >= |sum gap|.

    If the sides were as good as swapped, every sign would be as likely as its opposite (Fisher 1935, "The design of
    experiments", section 21).  Exact over all 2^B patterns where these are few.  A NaN is a pair left out; NaN where
    none is left.
    """
    whole = np.nan_to_num(gaps)
    return np.where(np.isnan(gaps).all(0), np.nan, _extreme(_signs(len(gaps), seed) @ whole, whole))


def shuffle_p(first: np.ndarray, second: np.ndarray, seed: int = 0) -> float:
    """The same for replicates ``[B1]``, ``[B2]`` that are no pairs: who belongs to which side is as good as drawn."""
    a, b = (values[~np.isnan(values)] for values in (first, second))
    if not (len(a) and len(b)):
        return float("nan")
    side = np.repeat([1 / len(a), -1 / len(b)], [len(a), len(b)])
    drawn = np.random.default_rng(seed).permuted(np.tile(side, (SHUFFLES, 1)), axis=1)
    values = np.concatenate([a, b])[:, None]
    return float(_extreme(np.vstack([side, drawn]) @ values, side[:, None] * values)[0])


def smallest_p(pairs: int) -> float:
    """The least that `sign_flip_p` can be: 2 / 2^B, or 1 / 10,000 where patterns are drawn.

    >>> smallest_p(5), smallest_p(20)
    (0.0625, 0.0001)
    """
    return max(2.0 ** (1 - pairs), 1 / (SHUFFLES + 1))


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's step-down adjustment (1979): p_(k) becomes max over j <= k of (m - j + 1) p_(j), at most 1.

    Whoever rejects what is below alpha errs once or more with probability at most alpha, however the tests depend on
    each other.  NaN is no test and stays.

    >>> holm([0.01, 0.04, 0.03])
    [0.03, 0.06, 0.06]
    """
    adjusted, largest = [float("nan")] * len(p_values), 0.0
    tests = sorted((p, i) for i, p in enumerate(p_values) if p == p)
    for rank, (p, i) in enumerate(tests):
        largest = max(largest, min(1.0, (len(tests) - rank) * p))
        adjusted[i] = largest
    return adjusted


def _signs(pairs: int, seed: int) -> np.ndarray:
    """All patterns of +1 and -1 ``[2^B, B]``, or as many as are drawn, the one that was played among them."""
    if 2**pairs <= SHUFFLES:
        return 1.0 - 2.0 * ((np.arange(2**pairs)[:, None] >> np.arange(pairs)) & 1)
    drawn = np.random.default_rng(seed).integers(2, size=(SHUFFLES, pairs))
    return np.vstack([np.ones(pairs), 1.0 - 2.0 * drawn])


def _extreme(shuffled: np.ndarray, parts: np.ndarray) -> np.ndarray:
    """Share of the shuffled sums ``[R, C]`` that are as far from 0 as the sum of ``parts [B, C]``."""
    least = np.abs(parts.sum(0)) - ROUNDING * np.abs(parts).sum(0)
    return (np.abs(shuffled) >= least).mean(0)
