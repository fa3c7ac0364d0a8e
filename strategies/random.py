"""Report anything."""

from dataclasses import dataclass

from mechanisms.messages.base import MessageSpace
from mechanisms.valuation import Valuation
from strategies.base import Fixed
from strategies.streams import Streams


@dataclass(frozen=True)
class Random(Fixed):
    """Rewards uniform on [0, 1], then projected; the weight uniform up to twice the true one."""

    def report(self, valuation: Valuation, memory: MessageSpace, rng: Streams) -> Valuation:
        """A fresh lie every round."""
        rewards = rng.uniform(*valuation.rewards.shape[2:]).to(valuation.rewards.dtype)
        return memory.project(Valuation(rewards, valuation.weights * 2 * rng.uniform().to(valuation.weights.dtype)))
