"""The best lie against the others' last reports: projected gradient ascent through the mechanism."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from mechanisms.ascent import together, winner
from mechanisms.messages.base import MessageSpace
from mechanisms.valuation import Valuation
from strategies.ascent import climbed
from strategies.base import Observation
from strategies.menus import MENUS
from strategies.streams import Streams

GAIN = 1e-9  # a lie must beat the truth by this much, in units of utility: rounding is far smaller


@dataclass(frozen=True)
class BestResponse:
    """argmax over the message space of own utility, searched from the truth, the last report and structured lies.

    ``starts`` counts further random starts.  Steps shrink from ``rate`` as 1/sqrt(step); the best report met on the
    way is played, and the truth is kept unless something beats it.
    """

    steps: int = 15
    starts: int = 2
    rate: float = 0.5
    information = "outcome"
    promise = None

    def init(self, valuation: Valuation, messages: MessageSpace, rng: Streams) -> Valuation:
        """The report to make next: the truth."""
        return valuation

    def report(self, valuation: Valuation, memory: Valuation, rng: Streams) -> Valuation:
        """The best lie found."""
        return memory

    def update(self, valuation: Valuation, memory: Valuation, seen: Observation, rng: Streams) -> Valuation:
        """Search again, the others having moved."""
        assert seen.counterfactual is not None
        best, record = climbed(seen, self._starts(valuation, seen, rng), self.steps, self.rate)
        honest = seen.counterfactual(Valuation(valuation.rewards[None], valuation.weights[None]))
        truth = Valuation(valuation.rewards.expand_as(best.rewards[:1]), valuation.weights.expand_as(best.weights[:1]))
        chosen, _ = winner(together(truth, best), torch.cat([honest + GAIN, record]))
        return Valuation(chosen.rewards[0], chosen.weights[0])

    def _starts(self, valuation: Valuation, seen: Observation, rng: Streams) -> Valuation:
        lies = [Valuation(valuation.rewards[None], valuation.weights[None])]
        lies.append(Valuation(seen.report.rewards[None], seen.report.weights[None]))
        lies += [MENUS[name](valuation, seen.messages) for name in ("polarise", "overstate")]
        draws = rng.uniform(self.starts, *valuation.rewards.shape[2:]).movedim(2, 0).to(valuation.rewards.dtype)
        lies.append(seen.messages.project(Valuation(draws, valuation.weights.expand(self.starts, *draws.shape[1:3]))))
        shape = valuation.rewards.shape
        rewards = [lie.rewards.expand(lie.weights.shape[0], *shape) for lie in lies]
        return Valuation(torch.cat(rewards), torch.cat([lie.weights for lie in lies]))
