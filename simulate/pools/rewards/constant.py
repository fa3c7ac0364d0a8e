"""Every text scores the same: the intercept of a basis of rewards."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from simulate.pools.rewards.reward_model import RewardModel


def constant(value: float = 1.0) -> RewardModel:
    """Reward = ``value``, in [0, 1], whatever the text says."""
    if not 0 <= value <= 1:
        raise ValueError(f"reward 'constant': value is {value}, allowed is a number from 0 to 1")

    def raw(texts: Sequence[str]) -> NDArray[np.float64]:
        return np.full(len(texts), value, dtype=np.float64)

    return RewardModel("constant", "a constant", raw, 0.0, 1.0)
