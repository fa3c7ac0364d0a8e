"""When did play settle?"""

from __future__ import annotations

import numpy as np

from simulate.history import History
from simulate.metrics.base import SETTLED_SHARE, settled

TOLERANCE = 0.05  # in units of report_distance, or of its final value where that is larger


def convergence_round(history: History) -> np.ndarray:
    """The first round from which every moving average of report_distance (over a twentieth of the rounds) stays
    within 5 % of settled play's mean; NaN where that happens only in settled play itself: ``[B]``."""
    distance = history.of("report_distance").mean(-1)  # [T, B]
    rounds = len(distance)
    width = max(1, rounds // 20)
    sums = np.cumsum(np.vstack([np.zeros_like(distance[:1]), distance]), 0)
    means = (sums[width:] - sums[:-width]) / width  # [T - width + 1, B]; row t covers rounds t .. t + width - 1
    final = settled("report_distance")(history)
    away = np.abs(means - final) > TOLERANCE * np.maximum(1.0, np.abs(final))
    last_away = np.where(away.any(0), len(away) - np.argmax(away[::-1], 0), 0)
    return np.where(last_away > rounds - rounds // SETTLED_SHARE, np.nan, last_away.astype(float))
