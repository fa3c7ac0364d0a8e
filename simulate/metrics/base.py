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


def settled(column: str) -> Callable[[History], np.ndarray]:
    """The mean of a column over settled play, and over agents where it has them: ``[B]``."""

    def value(history: History) -> np.ndarray:
        plays = history.of(column)
        late = plays[-max(1, len(plays) // SETTLED_SHARE) :]
        return late.mean(axis=0) if late.ndim == 2 else late.mean(axis=(0, 2))

    return value
