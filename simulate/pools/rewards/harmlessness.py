"""Clean language scores high."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from simulate.pools.rewards.reward_model import RewardModel, package


def harmlessness() -> RewardModel:
    """Probability that a text is profane or offensive, P in [0, 1]; reward = 1 - P.

    P comes from a calibrated linear support vector machine over word counts; nearly constant on polite texts.
    Source: package alt-profanity-check (MIT), a fork of V. Zhou's profanity-check.
    """
    # The package reads its own model with joblib, a pickle, when it is imported: it is trusted like any other
    # installed code, only while a pool is built, and nothing of it is ever stored in a pool.
    module = package("profanity_check", "alt-profanity-check", "harmlessness")

    def raw(texts: Sequence[str]) -> NDArray[np.float64]:
        return np.asarray(module.predict_prob(list(texts)), dtype=np.float64)

    return RewardModel("harmlessness", "probability of offence", raw, 1.0, 0.0, "alt-profanity-check")
