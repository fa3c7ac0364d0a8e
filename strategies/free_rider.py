"""Claim nothing, and take what the others train."""

from __future__ import annotations

from dataclasses import dataclass

from mechanisms.valuation import Valuation
from strategies.base import Fixed, Memory
from strategies.streams import Streams


@dataclass(frozen=True)
class FreeRider(Fixed):
    """weight 0: the policy is that of the others alone, and an affine maximizer bills nothing for it.

    Where such payments are charged, to ride costs max objective with the agent - max objective without it - what it
    gets without: at least 0 (individual rationality), and little where the others want the same.  It pays where
    bills exceed what presence brings, as under pay_as_reported.
    """

    def report(self, valuation: Valuation, memory: Memory, rng: Streams) -> Valuation:
        """The true rewards under no weight."""
        return Valuation(valuation.rewards, valuation.weights * 0)
