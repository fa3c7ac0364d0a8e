"""Cheerful words score high."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from simulate.pools.rewards.reward_model import RewardModel, package


def positivity() -> RewardModel:
    """VADER's compound valence c in [-1, 1]; reward = (c + 1) / 2.

    c = s / sqrt(s^2 + 15), s the summed valence of the words after negations and intensifiers.
    Source: Hutto and Gilbert, VADER, ICWSM 2014; package vaderSentiment (MIT).
    """
    module = package("vaderSentiment.vaderSentiment", "vaderSentiment", "positivity")
    analyser = module.SentimentIntensityAnalyzer()

    def raw(texts: Sequence[str]) -> NDArray[np.float64]:
        return np.array([analyser.polarity_scores(text)["compound"] for text in texts], dtype=np.float64)

    return RewardModel("positivity", "VADER compound valence", raw, -1.0, 1.0, "vaderSentiment")
