"""A reward model: text in, a number in [0, 1] out, by bounds that were fixed before anybody bid."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import version
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class RewardModel:
    """reward = clip((raw - low) / (high - low), 0, 1); ``high < low`` where a smaller raw score is better.

    The bounds are declared, never read off a batch: the scale of a report is the bid, so a scale that
    depended on the responses would change what a bid means from pool to pool.
    """

    name: str
    description: str
    raw: Callable[[Sequence[str]], NDArray[np.float64]]  # texts to raw scores, [K] to [K]
    low: float  # the raw score that is worth 0
    high: float  # the raw score that is worth 1
    package: str | None = None  # the distribution that scores, None for a formula of ours

    def __call__(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """Rewards of ``texts``: ``[K]`` float64 in [0, 1]."""
        return np.clip((self.raw(texts) - self.low) / (self.high - self.low), 0.0, 1.0)

    def version(self) -> str | None:
        """The installed version of ``package``."""
        return version(self.package) if self.package else None


def package(module: str, distribution: str, reward: str) -> Any:
    """The module a reward model needs, or one sentence that says what to install."""
    if find_spec(module.partition(".")[0]) is None:  # a dotted name would import its parent, or raise
        raise ValueError(f"reward {reward!r} needs the package {distribution}: pip install 'trueward[lm]'")
    return import_module(module)
