"""Every equilibrium of more than two players, support after support."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import combinations, product

import numpy as np
from numpy.typing import NDArray

from simulate.empirical.normal_form import Array, NormalForm, Profile, action_values
from simulate.empirical.regret import regrets
from simulate.equilibria.solvers.clock import Clock
from simulate.equilibria.solvers.multilinear import Roots, roots
from simulate.equilibria.solvers.polish import newton

AT_ONCE = 256  # supports that are followed together, between two looks at the clock
REAL = 1e-3  # imaginary or negative parts of a probability beyond which Newton's method need not be asked
PROMISING = 1e-2  # regret of a root, payoffs in [0, 1], beyond which it need not either
STRICT = 1e-7  # how much worse an unused action must be for its equilibrium to be away from any continuum

Choice = tuple[tuple[int, ...], ...]  # the actions that each player uses


@dataclass
class Search:
    """What was found, and what went wrong on the way."""

    profiles: list[Profile] = field(default_factory=list)
    lost: int = 0  # paths that ended nowhere: singular systems, which may hide a continuum


def supports(game: NormalForm, seed: int, clock: Clock) -> Search:
    """The equilibria of a ``scaled`` game in which somebody mixes, the smallest supports first."""
    search = Search()
    for sizes in sorted(product(*[range(1, size + 1) for size in game.sizes]), key=lambda s: (sum(s), s)):
        if not _balanced(sizes):
            continue
        for choices in _batches(game, sizes):
            if clock.out:
                return search
            _visit(game, sizes, choices, search, seed, clock)
    return search


def _balanced(sizes: tuple[int, ...]) -> bool:
    """Can a generic game have an equilibrium there: somebody mixes, and nobody has more equations than unknowns?"""
    extra = [k - 1 for k in sizes]
    return sum(extra) > 0 and all(2 * own <= sum(extra) for own in extra)


def _batches(game: NormalForm, sizes: tuple[int, ...]) -> Iterator[list[Choice]]:
    every = product(*[combinations(range(a), k) for a, k in zip(game.sizes, sizes, strict=True)])
    batch: list[Choice] = []
    for choice in every:
        batch.append(choice)
        if len(batch) == AT_ONCE:
            yield batch
            batch = []
    if batch:
        yield batch


def _visit(
    game: NormalForm, sizes: tuple[int, ...], choices: list[Choice], search: Search, seed: int, clock: Clock
) -> None:
    active = [i for i, k in enumerate(sizes) if k > 1]
    within = np.stack([[table[np.ix_(*choice)] for table in game.payoffs] for choice in choices])  # [S, n, k_1, ...]
    mixing = within.reshape((len(choices), game.n, *[sizes[i] for i in active]))[:, active]
    tensors = []
    for position in range(len(active)):
        own = np.moveaxis(mixing[:, position], 1 + position, 1)
        tensors.append(own[:, 1:] - own[:, :1])
    found = roots(tensors, tuple(sizes[i] for i in active), seed, clock)
    search.lost += int((~found.reached).sum())
    for choice, profile in _candidates(game, sizes, choices, active, found):
        if regrets(game, profile).max() < PROMISING:
            exact = newton(game, profile, _masks(game, choice))
            if exact is not None:
                search.profiles.append(exact)


def _candidates(
    game: NormalForm, sizes: tuple[int, ...], choices: list[Choice], active: list[int], found: Roots
) -> Iterator[tuple[Choice, Profile]]:
    """Roots that are distributions, real and nonnegative; also where a path was lost, it may be at an equilibrium."""
    cuts = np.cumsum([sizes[i] for i in active])[:-1]
    with np.errstate(divide="ignore", invalid="ignore"):  # a root at infinity sums to zero
        parts = [part / part.sum(-1, keepdims=True) for part in np.split(found.points, cuts, axis=-1)]
    proper = np.ones(found.reached.shape, dtype=bool)
    for part in parts:
        proper &= (abs(part.imag).max(-1) < REAL) & (part.real.min(-1) > -REAL)
    for s, path in np.argwhere(proper):
        profile = [np.eye(size)[chosen[0]] for size, chosen in zip(game.sizes, choices[s], strict=True)]
        for i, part in zip(active, parts, strict=True):
            mixture = np.zeros(game.sizes[i])
            mixture[list(choices[s][i])] = part[s, path].real.clip(min=0)
            profile[i] = mixture / mixture.sum()
        yield choices[s], tuple(profile)


def _masks(game: NormalForm, choice: Choice) -> tuple[NDArray[np.bool_], ...]:
    return tuple(np.isin(np.arange(size), chosen) for size, chosen in zip(game.sizes, choice, strict=True))


def strict(game: NormalForm, profile: Profile) -> bool:
    """Is every unused action worse than the used ones (quasi-strict: Harsanyi 1973)?"""
    worth: list[Array] = [action_values(game, i, profile) for i in range(game.n)]
    return all((u[x <= 0] < u.max() - STRICT).all() for u, x in zip(worth, profile, strict=True))
