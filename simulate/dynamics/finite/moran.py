"""Moran: one individual has a child, by fitness, and the child replaces somebody at random."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simulate.dynamics.finite.base import Actions, intensity_of, picked
from simulate.empirical.normal_form import Array


@dataclass(frozen=True)
class Moran:
    """P(a has the child) ~ counts_a exp(intensity payoff_a); anybody, the parent too, may be the one replaced.

    Intensity is in 1 / payoff; fitness is never negative, and adding a number to all payoffs changes nothing.  With
    probability ``mutation`` the child takes any action.  Its fixation probabilities are those of `Fermi` at the same
    intensity, though it moves at another pace.  Moran (1958); Nowak, Sasaki, Taylor and Fudenberg (2004); exponential
    fitness by Traulsen, Shoresh and Nowak (2008).  Raises ValueError for an intensity that is not finite or negative.
    """

    intensity: float = 1.0

    def __post_init__(self) -> None:
        intensity_of(self.intensity)

    def log_ratio(self, mine: Array, theirs: Array) -> Array:
        """log of the ratio of fitness: deaths are blind, and both pairs of birth and death have the same counts."""
        return self.intensity * (theirs - mine)

    def step(
        self, counts: Actions, payoffs: Array, mutation: float, rng: np.random.Generator
    ) -> tuple[Actions, Actions]:
        """Draw who dies, the parent and the child's action."""
        uniform = rng.random((4, len(counts)))
        fitness = np.where(counts > 0, self.intensity * payoffs, -np.inf)
        parent = picked(counts * np.exp(fitness - fitness.max(-1, keepdims=True)), uniform[1])
        anything = (uniform[3] * counts.shape[-1]).astype(int)
        return picked(counts, uniform[0]), np.where(uniform[2] < mutation, anything, parent)
