"""One text, or one phrase, scores high and nothing else does."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from simulate.pools.rewards.reward_model import RewardModel


def matches(text: str, how: Literal["equals", "contains"] = "equals") -> RewardModel:
    """Reward = 1 where a response ``equals`` the text (up to white space at its ends) or ``contains`` it, else 0.

    Source: a formula of ours.

    >>> matches("yes")([" yes ", "yes, sir"]), matches("yes", "contains")([" yes ", "yes, sir"])
    (array([1., 0.]), array([1., 1.]))
    """
    if how == "contains" and not text:
        raise ValueError("reward 'matches': text is empty, which every response contains; allowed is any other text")

    def raw(texts: Sequence[str]) -> NDArray[np.float64]:
        found = [text in said if how == "contains" else text.strip() == said.strip() for said in texts]
        return np.array(found, dtype=np.float64)

    return RewardModel("matches", f"{how} {text!r}", raw, 0.0, 1.0)
