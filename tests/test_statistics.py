"""Interquartile means and their intervals, against SciPy's own bootstrap."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from simulate.statistics import estimate, paired


def test_interquartile_mean_by_hand() -> None:
    found = estimate(np.array([100.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, -50.0]))
    assert found.iqm == 3.5  # of 2, 3, 4, 5
    assert found.mean == pytest.approx(8.875)


def test_interval_agrees_with_scipys_percentile_bootstrap() -> None:
    values = np.random.default_rng(0).gamma(2.0, size=30)
    found = estimate(values)
    theirs = stats.bootstrap(
        (values,), lambda x, axis: stats.trim_mean(x, 0.25, axis=axis), method="percentile", n_resamples=20_000, rng=1
    ).confidence_interval
    spread = theirs.high - theirs.low
    assert found.low == pytest.approx(theirs.low, abs=0.1 * spread)  # 2,000 resamples leave a few per cent of noise
    assert found.high == pytest.approx(theirs.high, abs=0.1 * spread)
    assert found.low < found.iqm < found.high


def test_nan_replicates_are_left_out() -> None:
    assert estimate(np.array([np.nan, 2.0, 2.0])).mean == 2.0
    assert np.isnan(estimate(np.array([np.nan])).iqm)


def test_pairs_are_compared_replicate_by_replicate() -> None:
    first, second = np.array([1.0, 2.0, 3.0, 4.0]), np.array([0.0, 2.0, 4.0, 1.0])
    found = paired(first, second)
    assert found.difference == 0.75
    assert found.larger == (2 + 0.5) / 4
    assert found.low <= found.difference <= found.high
    shifted = paired(np.arange(50.0) + 0.5, np.arange(50.0))  # a constant gap under a wide spread
    assert (shifted.low, shifted.high) == pytest.approx((0.5, 0.5))
