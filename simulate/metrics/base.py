"""A metric is a number per replicate, and which way is better."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from simulate.history import History

SETTLED_SHARE = 5  # "settled play" is the last fifth of the rounds


@dataclass(frozen=True)
class Metric:
    """``value(history) -> [B]``; ``better`` says which direction a ranking prefers, if any."""

    summary: str
    value: Callable[[History], np.ndarray]
    better: Literal["lower", "higher", "neither"] = "neither"


def late(plays: np.ndarray) -> np.ndarray:
    """Settled play of ``[T, ...]``."""
    return plays[-max(1, len(plays) // SETTLED_SHARE) :]


def settled(column: str) -> Callable[[History], np.ndarray]:
    """The mean of a column over settled play, and over agents where it has them: ``[B]``.

    Rounds in which the column was not measured are left out; NaN where all of them are.
    """

    def value(history: History) -> np.ndarray:
        plays = late(history.of(column))
        seen = plays[~np.isnan(plays.reshape(len(plays), -1)).all(1)]
        return _mean(seen if len(seen) else plays)

    return value


def average(column: str) -> Callable[[History], np.ndarray]:
    """The mean of a column over all rounds, from the first: ``[B]``."""
    return lambda history: _mean(history.of(column))


def _mean(plays: np.ndarray) -> np.ndarray:
    return plays.mean(axis=0) if plays.ndim == 2 else plays.mean(axis=(0, 2))
