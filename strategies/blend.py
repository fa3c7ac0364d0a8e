"""Push away from the others' wishes, or towards them: strategy 2 of the base paper."""

from dataclasses import dataclass

from torch import Tensor

from mechanisms.messages.base import MessageSpace
from mechanisms.valuation import Valuation
from strategies.base import Memory, Observation
from strategies.streams import Streams


@dataclass(frozen=True)
class Blend:
    """b * own rewards + (1 - b) * mean of the others' last reports (arXiv 2405.16276, section 5, strategy 2).

    b > 1 exaggerates what sets the agent apart, b < 1 compromises; the truth in the first round.
    """

    own: float = 1.5
    information = "full"
    promise = None

    def init(self, valuation: Valuation, messages: MessageSpace, rng: Streams) -> Memory:
        """Nobody has been seen yet: one's own rewards stand in for the others'."""
        return valuation.rewards

    def report(self, valuation: Valuation, memory: Tensor, rng: Streams) -> Valuation:
        """The blend, under the true weight."""
        return Valuation(self.own * valuation.rewards + (1 - self.own) * memory, valuation.weights)

    def update(self, valuation: Valuation, memory: Tensor, seen: Observation, rng: Streams) -> Tensor:
        """Remember what the others said."""
        return memory if seen.others is None else seen.others.rewards
