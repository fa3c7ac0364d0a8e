"""Given letters score high: a reward of known form, for exact checks on small language models."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from simulate.pools.rewards.reward_model import RewardModel


def letters(characters: str) -> RewardModel:
    """Reward = letters of the text that are among ``characters`` / letters of the text, white space among them.

    Capitals differ from small letters; an empty text is worth 0.  Source: a formula of ours.

    >>> letters("ab")(["abba", "cab!", ""])
    array([1. , 0.5, 0. ])
    """
    if not characters:
        raise ValueError("reward 'letters': characters is empty, allowed is any text")
    wanted = frozenset(characters)

    def raw(texts: Sequence[str]) -> NDArray[np.float64]:
        shares = [sum(letter in wanted for letter in text) / max(len(text), 1) for text in texts]
        return np.array(shares, dtype=np.float64)

    return RewardModel("letters", f"share of letters among {characters!r}", raw, 0.0, 1.0)
