"""Report the truth with errors, as a reward model learned from data would."""

from dataclasses import dataclass

from mechanisms.messages.base import MessageSpace
from mechanisms.valuation import Valuation
from strategies.base import Fixed
from strategies.streams import Streams


@dataclass(frozen=True)
class Noisy(Fixed):
    """rewards + scale * standard normal, fresh every round."""

    scale: float = 0.1

    def report(self, valuation: Valuation, memory: MessageSpace, rng: Streams) -> Valuation:
        """Projected on the message space, as every report is."""
        noise = rng.normal(*valuation.rewards.shape[2:]).to(valuation.rewards.dtype)
        return memory.project(Valuation(valuation.rewards + self.scale * noise, valuation.weights))
