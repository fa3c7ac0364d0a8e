"""Listed words score high."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from simulate.pools.rewards.reward_model import RewardModel


def words(listed: list[str], most: int = 1) -> RewardModel:
    """Reward = min(1, c / most), c how often the ``listed`` words or phrases occur, summed over them.

    Whole words, any case; ``most`` occurrences are worth 1.  Source: a formula of ours.

    >>> words(["calm", "sea"], most=2)(["The sea is calm.", "Calmer SEA", "seaside"])
    array([1. , 0.5, 0. ])
    """
    if not listed or not all(word.strip() for word in listed):
        raise ValueError(f"reward 'words': listed is {listed}, allowed are words, at least one and none of them empty")
    if most < 1:
        raise ValueError(f"reward 'words': most is {most}, allowed is a number of occurrences from 1")
    different = dict.fromkeys(word.strip().casefold() for word in listed)
    patterns = [re.compile(rf"(?<!\w){re.escape(word)}(?!\w)") for word in different]  # \b fails beside a hyphen or !

    def raw(texts: Sequence[str]) -> NDArray[np.float64]:
        counts = [sum(len(one.findall(text.casefold())) for one in patterns) for text in texts]
        return np.array(counts, dtype=np.float64)

    return RewardModel("words", f"occurrences of {', '.join(different)}", raw, 0.0, float(most))
