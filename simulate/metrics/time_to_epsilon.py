"""When does nobody have much to gain any more, and in how many replicates is that never seen?"""

from __future__ import annotations

import numpy as np

from simulate.history import History

EPSILON = 0.01  # of the mean size of social welfare, which has the units of the agents' utilities


def time_to_epsilon(history: History) -> np.ndarray:
    """The first measured round from which exploitability stays within 1 % of mean |social welfare|: ``[B]``.

    NaN (censored) where it is above that in the last measured round still, and where it was never measured: means and
    intervals of this metric are over the other replicates, and `censored` says how many are missing.
    """
    rounds, found = measured(history, "exploitability")
    if not len(rounds):
        return np.full(len(history.replicates), np.nan)
    scale = np.abs(history.of("social_welfare")).mean(0)
    above = found > EPSILON * scale
    first = len(rounds) - np.argmax(above[::-1], 0)  # beyond the last measured round that is above
    first = np.where(above.any(0), first, 0)
    return np.where(first < len(rounds), rounds[np.minimum(first, len(rounds) - 1)], np.nan)


def censored(history: History) -> np.ndarray:
    """1 where `time_to_epsilon` is beyond the rounds played, 0 where it is not; NaN if nothing was measured: ``[B]``.

    Its mean is the share of replicates that are censored.
    """
    rounds, _ = measured(history, "exploitability")
    if not len(rounds):
        return np.full(len(history.replicates), np.nan)
    return np.isnan(time_to_epsilon(history)).astype(float)


def measured(history: History, column: str) -> tuple[np.ndarray, np.ndarray]:
    """The rounds ``[S]`` that a column was measured in, and its values there ``[S, B]`` or ``[S, B, n]``."""
    plays = history.of(column)
    rounds = np.flatnonzero(~np.isnan(plays.reshape(len(plays), -1)).any(1))
    return rounds, plays[rounds]
