"""Partition functions and expectations at every profile of actions, as blocks of matrix products.

With terms e_j(a, k) of player j's action a and a base q(k), Z(a_1, ..., a_p) = sum_k q(k) prod_j e_j(a_j, k).  The
players are dealt into rows and columns: a row is the product of some players' terms, a column that of the others'
and of q, and one matrix product is Z at all profiles.  Rows or columns weighted by a factor first make it the
expectation of that factor, times Z.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import combinations
from math import prod

import numpy as np
import torch
from torch import Tensor

ROWS = 512  # of a product at a time: with a thousand responses a table of them is 4 MiB, about a processor's cache
CELLS = 2**18  # numbers of a table that are filled at a time, 2 MiB, for the same reason
MANY_ROWS, MANY_CELLS = 2**13, 2**25  # the same on accelerators, where starting work costs as much as a little of it

Part = Callable[[slice], Tensor]  # some actions of one player -> [B, actions, K]
Parts = Callable[[slice], list[Tensor]]  # some actions of a side's first player -> [B, actions, A_j or 1 ..., K] each

Brought = Callable[[slice], tuple[list[Tensor], list[Tensor]]]  # likewise: the terms to multiply, and all factors


@dataclass(frozen=True)
class Deal:
    """Who makes the rows of a product and who its columns; of each, the first named varies slowest.

    >>> Deal.of((60, 60, 60), (0, 1, 2))
    Deal(sizes=(60, 60, 60), rows=(0, 1), columns=(2,))
    """

    sizes: tuple[int, ...]  # A_j of every player there is, dealt or not
    rows: tuple[int, ...]
    columns: tuple[int, ...]

    @classmethod
    def of(cls, sizes: Sequence[int], players: Sequence[int]) -> Deal:
        """The least elementwise work, as the products are the same for all; ties go to the first."""
        deals = [
            # Blocks are cut along the first of the rows, so that is the longest.
            cls(tuple(sizes), tuple(sorted(some, key=lambda j: -sizes[j])), tuple(j for j in players if j not in some))
            for count in range(1, len(players) + 1)
            for some in combinations(players, count)
        ]
        return min(deals, key=lambda deal: len(deal.rows) * deal.height + (1 + len(deal.columns)) * deal.width)

    @property
    def height(self) -> int:
        """How many rows there are."""
        return prod(self.sizes[j] for j in self.rows)

    @property
    def width(self) -> int:
        """How many columns there are."""
        return prod(self.sizes[j] for j in self.columns)

    def zeros(self, like: Tensor, tables: int) -> Tensor:
        """``[tables, B, rows, columns]`` for a tensor with B in front."""
        return like.new_zeros(tables, len(like), self.height, self.width)

    def restored(self, table: Tensor) -> Tensor:
        """``[..., rows, columns] -> [..., A_1, ..., A_p]`` of the players dealt."""
        dealt, front = self.rows + self.columns, table.dim() - 2
        axes = table.reshape(*table.shape[:-2], *(self.sizes[j] for j in dealt))
        return axes.permute(*range(front), *(front + dealt.index(j) for j in sorted(dealt)))


def laid(part: Tensor, place: int, among: int) -> Tensor:
    """``[B, A, ...] -> [B, 1, ..., A, ..., 1, ...]``: A in its ``place`` ``among`` the axes of players."""
    return part[(slice(None), *(None,) * place, slice(None), *(None,) * (among - place - 1))]


def along(parts: Sequence[Part]) -> Parts:
    """What each player of a side brings, as some actions of the first ask for it; the others' is made once."""
    rest = [laid(part(slice(None)), place, len(parts)) for place, part in enumerate(parts) if place]
    return lambda some: [*(laid(part(some), 0, len(parts)) for part in parts[:1]), *rest]


def everywhere(rewards: Sequence[Tensor], players: int) -> Parts:
    """Rewards ``[B, K]`` that are the same for whatever a side's players do."""
    axes = (slice(None), *(None,) * max(1, players))
    return lambda some: [reward[axes] for reward in rewards]


def bring(terms: Parts, *factors: Parts) -> Brought:
    """What a side brings to the product."""
    return lambda some: (terms(some), [one for factor in factors for one in factor(some)])


def add_moments(
    found: Tensor, share: float, deal: Deal, responses: int, rows: Brought, columns: Brought, by: int
) -> None:
    """Adds ``share`` of log Z and of the factors' expectations to ``found [1 + factors, B, rows, columns]``.

    Each side brings its terms, then its factors, K = ``responses`` in the end; q is among the columns' terms, and the
    columns' factors, ``by`` of them, come before those of the rows.
    """
    games, height, width = found.shape[1:]
    lead = deal.sizes[deal.rows[0]]
    each = height // lead
    step = min(lead, max(1, (ROWS if found.device.type == "cpu" else MANY_ROWS) // each))
    # One piece of memory for both sides: the allocator then keeps it, where it returns and clears many small ones.
    work = found.new_empty(games, (1 + by) * width + (len(found) - by) * step * each, responses)
    table = work[:, : (1 + by) * width].unflatten(1, (1 + by, width))
    block = work[:, (1 + by) * width :].unflatten(1, (len(found) - by, step * each))
    _fill(table, columns, deal.sizes[deal.columns[0]] if deal.columns else 1)
    whole, plain = table.flatten(1, 2).mT, table[:, 0].mT
    for start in range(0, lead, step):
        count = min(step, lead - start)
        part = block[:, :, : count * each]
        _fill(part, rows, count, start)
        partition, *expected = (part[:, 0] @ whole).split(width, -1)
        expected += [part[:, place] @ plain for place in range(1, part.shape[1])]
        logs, *totals = found[:, :, start * each : (start + count) * each]
        for total, weighted in zip(totals, expected, strict=True):
            total.addcdiv_(weighted, partition, value=share)
        logs.add_(partition.log_(), alpha=share)


def _fill(table: Tensor, side: Brought, actions: int, first: int = 0) -> None:
    """The terms, and the terms times each factor, of some actions: a few at a time, into ``[B, 1 + factors, ., K]``."""
    each = table.shape[2] // actions
    step = max(1, (CELLS if table.device.type == "cpu" else MANY_CELLS) // (each * table[:, 0, 0].numel()))
    for start in range(0, actions, step):
        stop = min(start + step, actions)
        terms, factors = side(slice(first + start, first + stop))
        shape = np.broadcast_shapes(*(term.shape for term in terms))
        rows = table[:, :, start * each : stop * each].unflatten(2, shape[1:-1])
        plain = rows[:, 0]
        if len(terms) > 1:  # the last product alone is of full size
            torch.mul(reduce(torch.mul, terms[:-1]), terms[-1], out=plain)
        else:
            plain.copy_(terms[0])
        for place, factor in enumerate(factors, 1):
            torch.mul(plain, factor, out=rows[:, place])
