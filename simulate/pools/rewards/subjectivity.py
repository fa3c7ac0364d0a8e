"""Opinions score high, plain facts low."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from simulate.pools.rewards.reward_model import RewardModel, package


def subjectivity() -> RewardModel:
    """TextBlob's subjectivity s in [0, 1], 0 very objective, 1 very subjective; reward = s.

    s is the mean subjectivity of the words the lexicon knows, 0 where it knows none.
    Source: the pattern.en lexicon of De Smedt and Daelemans, JMLR 2012; package textblob (MIT).
    """
    module = package("textblob", "textblob", "subjectivity")

    def raw(texts: Sequence[str]) -> NDArray[np.float64]:
        return np.array([module.TextBlob(text).sentiment.subjectivity for text in texts], dtype=np.float64)

    return RewardModel("subjectivity", "TextBlob subjectivity", raw, 0.0, 1.0, "textblob")
