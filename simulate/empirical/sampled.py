"""Payoffs that were estimated: one game a replicate, and how sure that makes one of a regret."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simulate.empirical.normal_form import Array, NormalForm, Profile
from simulate.statistics import LEVEL, RESAMPLES


@dataclass(frozen=True)
class Sampled:
    """B replicates of a game with common random numbers: every profile met the same draws."""

    payoffs: Array  # [B, n, A_1, ..., A_n]
    welfare: Array  # [B, A_1, ..., A_n]
    optimum: Array  # [B]
    players: tuple[str, ...]
    actions: tuple[tuple[str, ...], ...]

    def game(self) -> NormalForm:
        """The game of mean payoffs, with their standard errors (none from a single replicate)."""
        batch = len(self.payoffs)
        error = self.payoffs.std(0, ddof=1) / np.sqrt(batch) if batch > 1 else None
        return NormalForm(
            self.payoffs.mean(0), self.players, self.actions, self.welfare.mean(0), float(self.optimum.mean()), error
        )

    def regret_intervals(self, profile: Profile, seed: int = 0) -> Array:
        """Percentile bootstrap interval over replicates of everybody's regret ``[n, 2]``, the mixture held fixed.

        A regret is the largest of several means, so noise can only raise it: the interval's upper end is safe, its
        lower end says whether the regret might be nothing but noise.
        """
        picked = np.random.default_rng(seed).integers(len(self.payoffs), size=(RESAMPLES, len(self.payoffs)))
        level = [(1 - LEVEL) / 2, (1 + LEVEL) / 2]
        return np.stack([np.quantile(_regret(values, x, picked), level) for values, x in self._met(profile)])

    def _met(self, profile: Profile) -> list[tuple[Array, Array]]:
        """Each player's action values in each replicate ``[B, A_i]``, and the player's own mixture."""
        found = []
        for i, own in enumerate(profile):
            value = np.moveaxis(self.payoffs[:, i], 1 + i, 1)
            for other in reversed([mixed for j, mixed in enumerate(profile) if j != i]):
                value = value @ other
            found.append((value, own))
        return found


def _regret(values: Array, mixture: Array, picked: np.ndarray) -> Array:
    means = values[picked].mean(1)  # [resamples, A_i]
    return means.max(1) - means @ mixture
