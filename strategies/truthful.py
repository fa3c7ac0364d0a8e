"""Report the truth."""

from dataclasses import dataclass

from mechanisms.valuation import Valuation
from strategies.base import Fixed, Memory
from strategies.streams import Streams


@dataclass(frozen=True)
class Truthful(Fixed):
    """report = valuation."""

    def report(self, valuation: Valuation, memory: Memory, rng: Streams) -> Valuation:
        """The valuation itself, not a copy."""
        return valuation
