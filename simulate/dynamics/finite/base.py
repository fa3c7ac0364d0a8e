"""What a process in a finite population is: Z individuals who play a symmetric two-player game with each other.

Definitions.  ``matrix [A, A]``: what the row action earns against the column action.  ``counts [..., A]``: how many
individuals play each action, Z in all.  An individual's payoff is its mean over the Z - 1 others, never itself.
"""

from __future__ import annotations

import math
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from simulate.dynamics.populations import Populations
from simulate.empirical.normal_form import Array, NormalForm

Actions = NDArray[np.int64]  # or how many play them


class Process(Protocol):
    """Birth and death, one individual a step."""

    def log_ratio(self, mine: Array, theirs: Array) -> Array:
        """log of (chance that the others' action gains one) / (chance that mine does), payoffs elementwise."""
        ...

    def step(
        self, counts: Actions, payoffs: Array, mutation: float, rng: np.random.Generator
    ) -> tuple[Actions, Actions]:
        """The actions that lose and gain an individual ``[B]``; payoffs ``[B, A]`` of absent actions are not used."""
        ...


def matrix_of(game: NormalForm) -> Array:
    """The matrix ``[A, A]`` of a symmetric two-player game; raises ValueError for any other."""
    if game.n != 2:
        raise ValueError(f"the game has {game.n} players; a population here plays games of 2")
    Populations(game, symmetric=True)
    return game.payoffs[0]


def size_of(size: int) -> int:
    """The population's size; raises ValueError below 2."""
    if not (isinstance(size, int | np.integer) and size >= 2):
        raise ValueError(f"size is {size!r}; an integer of at least 2 is expected")
    return int(size)


def intensity_of(intensity: float, most: float = math.inf) -> float:
    """The intensity of selection; raises ValueError outside [0, most]."""
    if not (isinstance(intensity, int | float) and 0 <= intensity <= most and math.isfinite(intensity)):
        limit = "a finite number of at least 0" if most == math.inf else f"a number from 0 to {most:g}"
        raise ValueError(f"intensity is {intensity!r}; {limit} is expected")
    return float(intensity)


def mean_payoffs(matrix: Array, counts: Actions) -> Array:
    """(sum_b counts_b matrix_ab - matrix_aa) / (Z - 1) ``[..., A]``, true of actions that somebody plays."""
    others = counts.sum(-1, keepdims=True) - 1
    return (counts @ matrix.T - np.diagonal(matrix)) / others


def picked(weights: Array | Actions, uniform: Array) -> Actions:
    """One index a row ``[B]``, drawn in proportion to ``weights [B, A]``, by numbers ``[B]`` from [0, 1)."""
    heights = weights.cumsum(-1)
    found: Actions = (heights <= uniform[:, None] * heights[:, -1:]).sum(-1)
    return found
