"""Equilibria in which all agents of a type play the same mixture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from math import prod
from typing import Protocol

import numpy as np
import scipy
from numpy.typing import NDArray

from simulate.empirical.normal_form import Array, Profile

ROUNDING = 1e-9  # of the payoffs' size: a gain below it is rounding of sums over count vectors
MOST_PURE = 100_000  # pure symmetric profiles that are looked through
STEPS = 4_000  # of the replicator ascent towards a mixture, before Newton polishes it
PLAYED = 1e-3  # an action that the ascent plays less often is taken to be out of the support


class TypeGame(Protocol):
    """A symmetric game of finitely many agents, or its limit of infinitely many."""

    @property
    def actions(self) -> tuple[tuple[str, ...], ...]:
        """What each type can do."""
        ...

    def values(self, profile: Profile) -> tuple[Array, ...]:
        """What each action of each type is worth when everybody else draws from ``profile``."""
        ...

    def loss(self, profile: Profile) -> float:
        """What society loses."""
        ...


@dataclass(frozen=True)
class SymmetricEquilibrium:
    """One mixture a type, with its own check."""

    profile: Profile  # [A_t] each
    utilities: Array  # [T], of one agent of the type
    regrets: Array  # [T], what one agent alone could still gain
    welfare_loss: float


@dataclass(frozen=True)
class SymmetricAnswer:
    """What was found, and what ended the search."""

    equilibria: tuple[SymmetricEquilibrium, ...]
    stopped: str | None = None


def symmetric_nash(game: TypeGame) -> SymmetricAnswer:
    """All pure symmetric equilibria; where there is none, one mixed one (Nash 1951 proves that one exists).

    Pure ones need one count vector each and work with any number of agents.  For the mixed one the replicator dynamic
    finds a support, and Newton's method makes the payoffs on it equal.
    """
    if prod(map(len, game.actions)) > MOST_PURE:
        return SymmetricAnswer((), f"more than {MOST_PURE:,} pure symmetric profiles; give fewer actions or types")
    everywhere = product(*(np.eye(len(own)) for own in game.actions))
    pure = tuple(found for profile in everywhere if (found := _checked(game, profile)))
    if pure:
        return SymmetricAnswer(pure)
    try:
        mixed = _mixed(game)
    except ValueError as error:
        return SymmetricAnswer((), f"no pure symmetric equilibrium, and no mixed one was sought: {error}")
    if mixed is None:
        return SymmetricAnswer((), f"no pure symmetric equilibrium, and {STEPS} replicator steps led to no mixed one")
    return SymmetricAnswer((mixed,))


def _checked(game: TypeGame, profile: Profile) -> SymmetricEquilibrium | None:
    values = game.values(profile)
    own = np.array([float(v @ x) for v, x in zip(values, profile, strict=True)])
    regrets = np.array([max(0.0, float(v.max()) - u) for v, u in zip(values, own, strict=True)])
    if regrets.max() > ROUNDING * max(float(np.abs(v).max()) for v in values):
        return None
    return SymmetricEquilibrium(profile, own, regrets, game.loss(profile))


def _mixed(game: TypeGame) -> SymmetricEquilibrium | None:
    profile = _ascended(game)
    polished = _indifferent(game, tuple(mixture > PLAYED for mixture in profile), profile)
    return None if polished is None else _checked(game, polished)


def _ascended(game: TypeGame) -> Profile:
    """Replicator ascent with payoffs on a common scale and steps that shrink."""
    profile = tuple(np.full(len(own), 1 / len(own)) for own in game.actions)
    scale = max(float(np.ptp(values)) for values in game.values(profile)) or 1.0
    for step in range(STEPS):
        rate = 20.0 / (scale * np.sqrt(1 + step))
        profile = tuple(
            _normalised(x * np.exp(rate * (v - v.max()))) for x, v in zip(profile, game.values(profile), strict=True)
        )
    return profile


def _normalised(weights: Array) -> Array:
    floor = np.maximum(weights, 1e-12)  # nothing dies out for good while the others still move
    return floor / floor.sum()


def _indifferent(game: TypeGame, supports: Sequence[NDArray[np.bool_]], start: Profile) -> Profile | None:
    """Probabilities on the supports that make all actions of a support worth the same."""
    where = [np.flatnonzero(support) for support in supports]

    def spread(unknown: Array) -> Profile:
        profile, at = [], 0
        for mixture, support in zip(start, where, strict=True):
            full = np.zeros_like(mixture)
            full[support] = unknown[at : at + len(support)]
            at += len(support)
            profile.append(full)
        return tuple(profile)

    def equations(unknown: Array) -> Array:
        profile = spread(unknown)
        values = game.values(tuple(np.clip(x, 0, None) for x in profile))
        rows = [
            np.append(np.diff(v[support]), x.sum() - 1) for v, x, support in zip(values, profile, where, strict=True)
        ]
        return np.concatenate(rows)

    solution = scipy.optimize.root(
        equations, np.concatenate([x[s] / x[s].sum() for x, s in zip(start, where, strict=True)]), tol=1e-13
    )
    profile = spread(solution.x)
    if any((x < 0).any() for x in profile):
        return None
    return tuple(x / x.sum() for x in profile)
