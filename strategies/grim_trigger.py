"""Tell the truth until the first breach, never again after it."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from strategies.pact import Pact


@dataclass(frozen=True)
class GrimTrigger(Pact):
    """Punish in round t + 1 if a stranger broke the pact in any round up to t.

    Friedman (1971), "A non-cooperative equilibrium for supergames": the threat that carries the most cooperation.
    """

    def punishes(self, punishing: Tensor, broken: Tensor) -> Tensor:
        """Never forgive."""
        return punishing | broken
