"""Rules that score responses by their duels and fine-tune towards the score: one class, the score is data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor

from mechanisms.reference import Reference
from mechanisms.training_rules.aggregated import Aggregated
from mechanisms.training_rules.comparisons import mean_over_rivals, strict_shares
from mechanisms.valuation import Profile


@dataclass(frozen=True)
class Scored(Aggregated):
    """objective = W E[score] - beta * D, score(y) = mean over rivals y' of duel(y, y'), W = sum_i w_i.

    ``duel`` turns the shares of those who strictly prefer y to y' ``[..., P, K, K]`` into points from 0 to 1, and
    gives half a point each in a tie.
    """

    duel: Callable[[Tensor], Tensor]

    def aggregate(self, reference: Reference, reports: Profile) -> Tensor:
        points = self.duel(strict_shares(reports))
        return reports.weights.sum(-1)[..., None, None] * mean_over_rivals(points, reference)
