"""Fermi: one individual compares itself with another, and imitates by a logistic chance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simulate.dynamics.finite.base import Actions, intensity_of, picked
from simulate.empirical.normal_form import Array


@dataclass(frozen=True)
class Fermi:
    """P(imitate) = 1 / (1 + exp(-intensity (their payoff - mine))), for two individuals drawn at random.

    Intensity is in 1 / payoff.  With probability ``mutation`` the first individual takes any action instead, its own
    included.  Also called pairwise comparison.  Blume (1993); Traulsen, Nowak and Pacheco (2006), equation 1.
    Raises ValueError for an intensity that is not a finite number of at least 0.
    """

    intensity: float = 1.0

    def __post_init__(self) -> None:
        intensity_of(self.intensity)

    def log_ratio(self, mine: Array, theirs: Array) -> Array:
        """intensity (theirs - mine): the two chances are logistic in opposite differences."""
        return self.intensity * (theirs - mine)

    def step(
        self, counts: Actions, payoffs: Array, mutation: float, rng: np.random.Generator
    ) -> tuple[Actions, Actions]:
        """Draw the learner, then the model among the others, then the outcome."""
        uniform = rng.random((5, len(counts)))
        rows, actions = np.arange(len(counts)), counts.shape[-1]
        learner = picked(counts, uniform[0])
        rest = counts.copy()
        rest[rows, learner] -= 1
        model = picked(rest, uniform[1])
        edge = self.intensity * (payoffs[rows, model] - payoffs[rows, learner])
        imitate = np.log(uniform[2] / (1 - uniform[2])) < edge  # the logistic distribution function, without overflow
        gains = np.where(imitate, model, learner)
        return learner, np.where(uniform[3] < mutation, (uniform[4] * actions).astype(int), gains)
