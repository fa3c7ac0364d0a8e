"""Few words score high."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from simulate.pools.rewards.reward_model import RewardModel


def brevity(longest: int = 30) -> RewardModel:
    """Reward = clip((longest - words) / longest, 0, 1), words split at white space.

    Units: words; an empty text is worth 1, ``longest`` words are worth 0.  Source: a formula of ours.
    """
    if longest < 1:
        raise ValueError(f"reward 'brevity': longest is {longest}, allowed is a number of words from 1")

    def raw(texts: Sequence[str]) -> NDArray[np.float64]:
        return np.array([len(text.split()) for text in texts], dtype=np.float64)

    return RewardModel("brevity", "words", raw, float(longest), 0.0)
