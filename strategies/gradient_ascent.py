"""Learn to lie by one gradient step a round on one's own utility."""

from __future__ import annotations

from dataclasses import dataclass

from mechanisms.messages.base import MessageSpace
from mechanisms.valuation import Valuation
from strategies.ascent import slope
from strategies.base import Observation
from strategies.streams import Streams


@dataclass(frozen=True)
class GradientAscent:
    """rewards += rate * natural gradient of own utility; log weight += rate * its derivative / weight; project.

    The gradient is taken through the mechanism, at the others' last reports.  It starts from the truth.
    """

    rate: float = 0.1
    information = "outcome"
    promise = None

    def init(self, valuation: Valuation, messages: MessageSpace, rng: Streams) -> Valuation:
        """The report to make next: the truth."""
        return valuation

    def report(self, valuation: Valuation, memory: Valuation, rng: Streams) -> Valuation:
        """Where the ascent stands."""
        return memory

    def update(self, valuation: Valuation, memory: Valuation, seen: Observation, rng: Streams) -> Valuation:
        """One step from the report made."""
        here = Valuation(seen.report.rewards[None], seen.report.weights[None])
        _, uphill = slope(seen, here)
        rewards = here.rewards + self.rate * uphill.rewards
        weights = here.weights * (self.rate * uphill.weights / valuation.weights.clamp(min=1e-9)).clamp(-1, 1).exp()
        step = seen.messages.project(Valuation(rewards, weights))
        return Valuation(step.rewards[0], step.weights[0])
