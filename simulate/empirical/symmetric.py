"""Games of many agents of a few types, reduced to counts: who says what does not matter, how many say it does.

Type t of T has N_t agents and A_t actions; actions of all types are numbered through, A in all.  An agent is paid by
its own action and by how many *others* took each: those counts c ``[A]`` sum to N_s within every other type s and to
N_t - 1 within its own.  A symmetric profile is one mixture a type, from which its agents draw independently.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from math import comb, prod

import numpy as np
from numpy.typing import NDArray
from scipy import special

from simulate.empirical.normal_form import Array, Profile

Counts = NDArray[np.int64]  # [C, A]
# type, counts of the others [C, A] -> payoff of each of its own actions [A_t, C]
Payoff = Callable[[int, Counts], Array]
MOST_COUNTS = 200_000  # of one table: seconds of work and some tens of megabytes


@dataclass(frozen=True)
class SymmetricGame:
    """Types, how many agents each has, what they can do, and what that pays."""

    types: tuple[str, ...]
    sizes: tuple[int, ...]  # N_t
    actions: tuple[tuple[str, ...], ...]
    payoff: Payoff
    welfare: Callable[[Counts], Array]  # counts of everybody [C, A] -> [C]
    optimum: float

    @property
    def offsets(self) -> tuple[int, ...]:
        """Where each type's actions begin."""
        return tuple(np.cumsum([0, *map(len, self.actions)])[:-1].tolist())

    def others(self, kind: int) -> tuple[int, ...]:
        """How many agents of each type one of ``kind`` meets."""
        return tuple(size - (t == kind) for t, size in enumerate(self.sizes))

    def values(self, profile: Profile) -> tuple[Array, ...]:
        """What each action of each type is worth when everybody else draws from ``profile``: ``[A_t]`` each.

        Raises ValueError where somebody mixes and there are too many count vectors for a table.
        """
        if is_pure(profile):
            met = [self._certain(self.others(t), profile) for t in range(len(self.types))]
            return tuple(self.payoff(t, counts)[:, 0] for t, counts in enumerate(met))
        return tuple(
            table @ multinomial(counts, self.others(t), profile) for t, (counts, table) in enumerate(self._tables)
        )

    def loss(self, profile: Profile) -> float:
        """The optimum minus expected welfare.  Raises ValueError as `values` does."""
        if is_pure(profile):
            return self.optimum - float(self.welfare(self._certain(self.sizes, profile))[0])
        counts, table = self._welfare
        return self.optimum - float(table @ multinomial(counts, self.sizes, profile))

    @cached_property
    def _tables(self) -> tuple[tuple[Counts, Array], ...]:
        every = [self.counts(self.others(t)) for t in range(len(self.types))]
        return tuple((counts, self.payoff(t, counts)) for t, counts in enumerate(every))

    @cached_property
    def _welfare(self) -> tuple[Counts, Array]:
        counts = self.counts(self.sizes)
        return counts, self.welfare(counts)

    def _certain(self, sizes: tuple[int, ...], profile: Profile) -> Counts:
        """The one count vector ``[1, A]`` of a pure profile."""
        rows = [size * (mixture == 1) for size, mixture in zip(sizes, profile, strict=True)]
        return np.concatenate(rows)[None].astype(np.int64)

    def table_size(self, sizes: tuple[int, ...]) -> int:
        """How many count vectors there are: the product of binomials (N_t + A_t - 1 over A_t - 1)."""
        return prod(comb(size + len(own) - 1, len(own) - 1) for size, own in zip(sizes, self.actions, strict=True))

    def counts(self, sizes: tuple[int, ...]) -> Counts:
        """All of them ``[C, A]``.  Raises ValueError where they are too many for a table."""
        total = self.table_size(sizes)
        if total > MOST_COUNTS:
            raise ValueError(f"{total:,} count vectors are too many for a table; at most {MOST_COUNTS:,} are allowed")
        parts = [list(_compositions(size, len(own))) for size, own in zip(sizes, self.actions, strict=True)]
        return np.array([sum(rows, ()) for rows in product(*parts)], dtype=np.int64)


def is_pure(profile: Profile) -> bool:
    """Does every type play one action only?"""
    return all(bool((mixture == 1).any()) for mixture in profile)


def _compositions(total: int, parts: int) -> Iterator[tuple[int, ...]]:
    """All ways to write ``total`` as an ordered sum of ``parts`` numbers from 0 up."""
    if parts == 1:
        yield (total,)
        return
    for first in range(total + 1):
        for rest in _compositions(total - first, parts - 1):
            yield (first, *rest)


def multinomial(counts: Counts, sizes: tuple[int, ...], profile: Profile) -> Array:
    """P(counts) where type t's ``sizes[t]`` agents draw from ``profile[t]``: ``[C]``, in logs against overflow.

    >>> multinomial(np.array([[2, 0], [1, 1], [0, 2]]), (2,), (np.array([0.5, 0.5]),)).tolist()
    [0.25, 0.5, 0.25]
    """
    logs = np.zeros(len(counts))
    start = 0
    for size, mixture in zip(sizes, profile, strict=True):
        own = counts[:, start : start + len(mixture)]
        logs += special.gammaln(size + 1) - special.gammaln(own + 1).sum(1) + special.xlogy(own, mixture).sum(1)
        start += len(mixture)
    return np.exp(logs)
