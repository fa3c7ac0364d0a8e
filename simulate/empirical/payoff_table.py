"""What every profile is worth: the table that games are made of, on whatever device it was computed."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


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
