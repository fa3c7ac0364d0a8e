"""Short words in short sentences score high."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from simulate.pools.rewards.reward_model import RewardModel


def automated_readability_index(text: str) -> float:
    """ARI = 4.71 characters / words + 0.5 words / sentences - 21.43, in United States school grades.

    Characters are letters and digits; a sentence ends at . ! or ?, and at the end of a text cut short; a text
    without words reads as the easiest there is, grade 0.
    Source: Senter and Smith, Automated Readability Index, AMRL-TR-66-220, 1967.

    >>> round(automated_readability_index("The cat sat. It ran away!"), 2)
    -5.8
    """
    words: list[str] = re.findall(r"[^\W_]+(?:['\u2019-][^\W_]+)*", text)
    if not words:
        return 0.0
    characters = sum(letter.isalnum() for word in words for letter in word)
    sentences = sum(bool(re.search(r"\w", part)) for part in re.split(r"[.!?]+", text))
    return 4.71 * characters / len(words) + 0.5 * len(words) / sentences - 21.43


def readability() -> RewardModel:
    """Reward = clip((16 - ARI) / 16, 0, 1): grade 16, a university degree, is worth 0, grade 0 is worth 1."""

    def raw(texts: Sequence[str]) -> NDArray[np.float64]:
        return np.array([automated_readability_index(text) for text in texts], dtype=np.float64)

    return RewardModel("readability", "automated readability index, school grade", raw, 16.0, 0.0)
