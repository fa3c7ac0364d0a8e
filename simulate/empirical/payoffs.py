"""What every profile of reports is worth, by whichever path is fastest."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from mechanisms.base import Mechanism
from mechanisms.reference import Reference
from mechanisms.valuation import Valuation
from simulate.empirical.factorised import factorised
from simulate.empirical.payoff_table import Payoffs
from simulate.empirical.played import played


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
