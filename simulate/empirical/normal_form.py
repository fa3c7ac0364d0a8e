"""A finite game in normal form, and what mixed and correlated play of it is worth.

Definitions.  Player i of n has A_i actions.  A *profile* is one distribution over actions a player, drawn
independently; a *joint* is one distribution over all action profiles ``[A_1, ..., A_n]``.  Everything is float64 on
the host: games are made on any device and studied here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Profile = tuple[Array, ...]  # one distribution [A_i] for each player


@dataclass(frozen=True)
class NormalForm:
    """Payoffs of every player at every profile of actions, and what society makes of each profile.

    >>> dilemma = NormalForm.of([[[-2, -10], [0, -5]], [[-2, 0], [-10, -5]]])
    >>> dilemma.sizes, dilemma.optimum
    ((2, 2), -4.0)
    """

    payoffs: Array  # [n, A_1, ..., A_n], in units of utility
    players: tuple[str, ...]
    actions: tuple[tuple[str, ...], ...]
    welfare: Array  # [A_1, ..., A_n]; of a market the objective at the truth, elsewhere the sum of payoffs
    optimum: float  # the most that welfare could be; of a market over all policies, elsewhere over all profiles
    error: Array | None = None  # [n, A_1, ..., A_n], standard errors where payoffs were estimated

    @classmethod
    def of(cls, payoffs: Sequence[object] | Array) -> NormalForm:
        """A game from its payoffs alone; players and actions are numbered from 1."""
        table = np.asarray(payoffs, dtype=np.float64)
        players = tuple(f"player-{i + 1}" for i in range(len(table)))
        actions = tuple(tuple(f"action-{a + 1}" for a in range(size)) for size in table.shape[1:])
        return cls(table, players, actions, table.sum(0), float(table.sum(0).max()))

    @property
    def n(self) -> int:
        """How many players there are."""
        return len(self.payoffs)

    @property
    def sizes(self) -> tuple[int, ...]:
        """``(A_1, ..., A_n)``."""
        return self.payoffs.shape[1:]

    @property
    def span(self) -> float:
        """The largest difference between two payoffs of one player, at least the smallest normal number: a scale."""
        flat = self.payoffs.reshape(self.n, -1)
        return max(float(np.ptp(flat, axis=1).max()), float(np.finfo(float).tiny))

    def own(self, player: int) -> Array:
        """The player's payoffs, own actions in front, all else flat: ``[A_i, prod of the others' A]``."""
        return np.moveaxis(self.payoffs[player], player, 0).reshape(self.sizes[player], -1)


def product(profile: Profile) -> Array:
    """The joint of independent play: ``[A_1, ..., A_n]``."""
    joint = np.ones(())
    for mixed in profile:
        joint = np.multiply.outer(joint, mixed)
    return joint


def expectation(table: Array, profile: Profile) -> float:
    """E[table] under independent play, for a table ``[A_1, ..., A_n]``."""
    value = table
    for mixed in reversed(profile):
        value = value @ mixed
    return float(value)


def action_values(game: NormalForm, player: int, profile: Profile) -> Array:
    """What each action of ``player`` is worth against the others' mixtures: ``[A_i]``."""
    value = np.moveaxis(game.payoffs[player], player, 0)
    for other in reversed([mixed for j, mixed in enumerate(profile) if j != player]):
        value = value @ other
    return value


def utilities(game: NormalForm, profile: Profile) -> Array:
    """Expected payoffs ``[n]``."""
    return np.array([expectation(table, profile) for table in game.payoffs])


def pure(game: NormalForm, actions: Sequence[int]) -> Profile:
    """The profile in which player i plays ``actions[i]``."""
    return tuple(np.eye(size)[action] for size, action in zip(game.sizes, actions, strict=True))


def uniform(game: NormalForm) -> Profile:
    """Everybody plays everything equally often."""
    return tuple(np.full(size, 1 / size) for size in game.sizes)
