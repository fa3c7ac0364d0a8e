"""A menu of reports as exponents, each taken from its own peak so that none overflows."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from mechanisms.valuation import Valuation


@dataclass(frozen=True)
class Exponents:
    """t' / beta of every report t' = w' r', less its peak: at most 0, and at least minus the spread."""

    rewards: Tensor  # [B, P, A or 1, K]
    weights: Tensor  # [B, A]
    beta: float
    peaks: Tensor  # [B, P, A], the largest t' of a report at a prompt
    spread: float  # the largest difference between two responses in a report, over beta

    @classmethod
    def of(cls, reports: Valuation, beta: float) -> Exponents:
        """Of rewards ``[A or 1, B, P, K]`` and weights ``[A, B]``."""
        rewards, weights = reports.rewards.movedim(0, 2), reports.weights.mT
        ends = weights[:, None] * rewards.amax(-1), weights[:, None] * rewards.amin(-1)
        return cls(rewards, weights, beta, torch.maximum(*ends), float((ends[0] - ends[1]).abs().amax()) / beta)

    def some(self, replicates: slice) -> Exponents:
        """Of some replicates alone."""
        return Exponents(
            self.rewards[replicates], self.weights[replicates], self.beta, self.peaks[replicates], self.spread
        )

    def terms(self, prompt: int, actions: slice) -> Tensor:
        """exp((t' - peak) / beta): ``[B, A, K]``."""
        rewards, weights = self._at(prompt, actions)
        return torch.addcmul(self.peaks[:, prompt, actions, None] / -self.beta, rewards, weights / self.beta).exp_()

    def told(self, prompt: int, actions: slice) -> Tensor:
        """t' itself: ``[B, A, K]``."""
        rewards, weights = self._at(prompt, actions)
        return rewards * weights

    def short_of(self, truth: Tensor, prompt: int, actions: slice) -> Tensor:
        """t - t' for a truth ``[B, K]`` at the prompt: ``[B, A, K]``."""
        return torch.addcmul(truth[:, None], *self._at(prompt, actions), value=-1)

    def _at(self, prompt: int, actions: slice) -> tuple[Tensor, Tensor]:
        rewards = self.rewards[:, prompt]
        return rewards if rewards.shape[1] == 1 else rewards[:, actions], self.weights[:, actions, None]
