"""Tell the truth to those who do, repay a lie with a lie."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from strategies.pact import Pact


@dataclass(frozen=True)
class TitForTat(Pact):
    """Punish in round t + 1 if and only if a stranger broke the pact in round t: one round for each breach.

    Axelrod and Hamilton (1981), "The evolution of cooperation".  Two populations of it echo one breach for ever,
    each repaying the other's repayment; the members of one do not.
    """

    def punishes(self, punishing: Tensor, broken: Tensor) -> Tensor:
        """Forgive as soon as nobody breaks it."""
        return broken
