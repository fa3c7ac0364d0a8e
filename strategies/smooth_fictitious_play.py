"""Fictitious play with a trembling hand: logit choice on average utilities, ever more precise."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from strategies.learner import FullInformation
from strategies.options import require
from strategies.promises import SMOOTH_FICTITIOUS_PLAY, Promise


@dataclass(frozen=True)
class Averages:
    """The account of smooth fictitious play."""

    mean: Tensor  # [B, m, M], average utility, less the best lie's of each round
    spread: Tensor  # [B, m], the largest difference between two lies in one round
    rounds: int


@dataclass(frozen=True)
class SmoothFictitiousPlay(FullInformation[Averages]):
    """P(lie) ~ exp(precision * average utility / spread), precision = sqrt(8 log M * rounds seen) unless given.

    Fudenberg and Levine (1995), "Consistency and cautious fictitious play".  The noise falls as 1 / sqrt(t), just
    slowly enough to promise no regret; the spread of utilities within a round is learned.  A fixed precision keeps a
    regret of its own, and promises nothing.
    """

    menu: str = "overstate"
    precision: float | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        given = self.precision
        positive = given is None or (isinstance(given, int | float) and 0 < given < math.inf)
        require(positive, "precision", given, "a number above 0, or none for one that grows")

    @property
    def promise(self) -> Promise | None:
        """Only of a precision that grows."""
        return SMOOTH_FICTITIOUS_PLAY if self.precision is None else None

    def opened(self, zero: Tensor) -> Averages:
        """Nothing earned."""
        return Averages(zero, zero[..., 0], 0)

    def mixture(self, account: Averages) -> Tensor:
        """Logit choice."""
        growing = math.sqrt(8 * math.log(account.mean.shape[-1]) * account.rounds)
        spread = torch.where(account.spread > 0, account.spread, 1.0)[..., None]
        return torch.softmax((growing if self.precision is None else self.precision) * account.mean / spread, -1)

    def entered(self, account: Averages, mixture: Tensor, utilities: Tensor) -> Averages:
        """Average in."""
        behind, rounds = utilities - utilities.amax(-1, keepdim=True), account.rounds + 1
        mean = account.mean + (behind - account.mean) / rounds
        return Averages(mean, torch.maximum(account.spread, -behind.amin(-1)), rounds)
