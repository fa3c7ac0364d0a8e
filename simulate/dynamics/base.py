"""What a dynamic is: the velocity of one population's shares, given what each action is worth.

Definitions.  A population plays its actions with *shares* ``x [S, A]``; S counts starting points followed at once.
Against the other populations its actions are worth *values* ``u [S, A]``.  Every dynamic here is one formula
v(x, u), the same for every population, and is tangent to the simplex: the velocities of a population sum to 0.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Protocol

import numpy as np

from simulate.empirical.normal_form import Array

# Values within this part of the game's span count as tied: far above the rounding of an expected payoff, some 1e-15 of
# the payoffs themselves, and far below any difference that a payoff table means.
TIE = 1e-9


class Dynamic(Protocol):
    """Shares and what the actions are worth in, velocities out."""

    @property
    def in_payoffs(self) -> bool:
        """Is velocity measured in payoffs, so that time is in 1 / payoff?  If not, time is in revisions a head."""
        ...

    @property
    def smooth(self) -> bool:
        """Is the velocity differentiable everywhere, so that eigenvalues can tell stability?"""
        ...

    def __call__(self, shares: Array, values: Array, span: float = 1.0) -> Array:
        """Velocities ``[..., A]`` from shares and values ``[..., A]``; ties are measured by the game's span."""
        ...


class Imitative(ABC):
    """A smooth dynamic whose absent actions stay absent: v_a = x_a g_a, so that log x_a moves at the speed g_a."""

    @abstractmethod
    def growth(self, shares: Array, values: Array) -> Array:
        """The growth rate of every share ``[..., A]``."""

    def __call__(self, shares: Array, values: Array, span: float = 1.0) -> Array:
        """v_a = x_a g_a."""
        return shares * self.growth(shares, values)


class Stepwise(ABC):
    """A dynamic that jumps in velocity and is followed by equal steps: x <- x + weight (target - x)."""

    @property
    @abstractmethod
    def stride(self) -> float:
        """The time that one step takes."""

    @property
    @abstractmethod
    def foresight(self) -> bool:
        """Is the target judged where the step would lead, and not where it starts?"""

    @abstractmethod
    def weight(self, step: int) -> float:
        """How much of the way to its target a population goes in step 0, 1, ..."""


def mean(shares: Array, values: Array) -> Array:
    """The population's average payoff sum_a x_a u_a ``[..., 1]``."""
    return (shares * values).sum(-1, keepdims=True)


def tied(values: Array, span: float) -> Array:
    """Which actions are best, ties within `TIE` of the span included: booleans ``[..., A]``."""
    best: Array = values >= values.max(-1, keepdims=True) - TIE * span
    return best


def positive(values: Array) -> Array:
    """[v]+ = max(v, 0)."""
    return np.maximum(values, 0.0)
