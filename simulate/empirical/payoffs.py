"""What every profile of reports is worth, by whichever path is fastest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from mechanisms.base import Mechanism
from mechanisms.reference import Reference
from mechanisms.valuation import Valuation


@dataclass(frozen=True)
class Payoffs:
    """Of p players with A_1, ..., A_p reports, in each of B replicates."""

    utilities: Tensor  # [B, p, A_1, ..., A_p], true ones
    welfare: Tensor  # [B, A_1, ..., A_p], the training rule's objective at the truth
    revenue: Tensor  # [B, A_1, ..., A_p], what the players pay together

    def joined(self, more: Payoffs, player: int) -> Payoffs:
        """With further reports of a player, who comes ``player``-th among the axes."""
        return Payoffs(
            torch.cat([self.utilities, more.utilities], 2 + player),
            torch.cat([self.welfare, more.welfare], 1 + player),
            torch.cat([self.revenue, more.revenue], 1 + player),
        )


@torch.no_grad()
def payoffs(
    mechanism: Mechanism,
    reference: Reference,
    truth: Valuation,
    players: Sequence[int],
    reports: Sequence[Valuation],
) -> Payoffs:
    """Everything at every profile of reports; agents of ``truth [B, n, P, K]`` who do not play report the truth.

    ``reports[j]`` are those of agent ``players[j]``: rewards ``[A_j or 1, B, P, K]``, weights ``[A_j, B]``.  As matrix
    products where the mechanism factorises, profile by profile through the mechanism elsewhere.
    """
    from simulate.empirical.factorised import factorised
    from simulate.empirical.played import played

    found = factorised(mechanism, reference, truth, players, reports)
    return played(mechanism, reference, truth, players, reports) if found is None else found


def grown(
    known: Payoffs,
    mechanism: Mechanism,
    reference: Reference,
    truth: Valuation,
    players: Sequence[int],
    reports: Sequence[Valuation],
    place: int,
    more: Valuation,
) -> Payoffs:
    """The payoffs ``known`` of ``reports``, and of ``more`` reports of ``players[place]``: only those are evaluated."""
    menus = [*reports[:place], more, *reports[place + 1 :]]
    return known.joined(payoffs(mechanism, reference, truth, players, menus), place)
