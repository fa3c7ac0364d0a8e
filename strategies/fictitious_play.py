"""Follow the leader: the lie that would have paid best so far."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from strategies.learner import FullInformation


@dataclass(frozen=True)
class FictitiousPlay(FullInformation[Tensor]):
    """P(lie) = 1 for argmax of cumulative utility; ties go to the first, so that play begins with the truth.

    Brown (1951), Robinson (1951): the best reply to what the others have done so far, for one's own utility is
    averaged over it.  It promises nothing: who knows it can make it wrong in every round, and
    two of its kind may do so to each other (Fudenberg and Kreps 1993).
    """

    menu: str = "overstate"
    promise = None

    def opened(self, zero: Tensor) -> Tensor:
        """Nothing earned."""
        return zero

    def mixture(self, account: Tensor) -> Tensor:
        """All on the leader."""
        return torch.nn.functional.one_hot(account.argmax(-1), account.shape[-1]).to(account.dtype)

    def entered(self, account: Tensor, mixture: Tensor, utilities: Tensor) -> Tensor:
        """Sum up."""
        return account + utilities
