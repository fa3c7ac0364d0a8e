"""Overstate the size of one's group: strategy 1 of the base paper."""

from dataclasses import dataclass

from mechanisms.valuation import Valuation
from strategies.base import Fixed, Memory
from strategies.streams import Streams


@dataclass(frozen=True)
class Overstate(Fixed):
    """weight * factor, true rewards (arXiv 2405.16276, section 5, strategy 1)."""

    factor: float = 2.0

    def report(self, valuation: Valuation, memory: Memory, rng: Streams) -> Valuation:
        """The true rewards under a false weight."""
        return Valuation(valuation.rewards, valuation.weights * self.factor)
