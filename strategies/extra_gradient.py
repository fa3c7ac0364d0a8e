"""Look one step ahead, together with everybody else, before stepping."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from mechanisms.messages.base import MessageSpace
from mechanisms.valuation import Valuation
from strategies.ascent import slope
from strategies.base import Observation
from strategies.natural_step import LIGHTEST, stepped
from strategies.options import require
from strategies.starts import begun, require_start
from strategies.streams import Streams


@dataclass(frozen=True)
class Look:
    """The memory of the extra-gradient method."""

    base: Valuation  # where steps are taken from
    report: Valuation  # the one to make next: the base, or a look ahead of it
    uphill: Valuation | None  # at the base, while the look ahead is played
    turned: Tensor  # [B, m], the sum of (rate * change of the slope on a look ahead)^2, in units of reward


@dataclass(frozen=True)
class ExtraGradient:
    """y = project(x + rate g(x)), then x <- project(x + rate g(y)), g the natural gradient of own utility.

    x and y are played in turn, so that g(y) knows of the others' look ahead too: two rounds a step.  Korpelevich
    (1976): if the game's gradient map is monotone and L-Lipschitz and rate < 1 / L, play converges to an equilibrium,
    where plain gradients may circle for ever (matching pennies).  L is not known, so the step is
    rate / sqrt(1 + sum over looks of |rate (g(y) - g(x))|^2), each agent from its own slopes (Antonakopoulos, Belmega
    and Mertikopoulos 2021; Hsieh et al. 2021).  A fine-tuning market need not be monotone.
    ``start`` is truth, noisy or random.
    """

    rate: float = 0.05
    start: str = "truth"
    information = "outcome"
    promise = None

    def __post_init__(self) -> None:
        require(self.rate > 0, "rate", self.rate, "above 0")
        require_start(self.start)

    def init(self, valuation: Valuation, messages: MessageSpace, rng: Streams) -> Look:
        """At the base."""
        first = begun(self.start, valuation, messages, rng)
        return Look(first, first, None, torch.zeros_like(valuation.weights))

    def report(self, valuation: Valuation, memory: Look, rng: Streams) -> Valuation:
        """The base, or the look ahead."""
        return memory.report

    def update(self, valuation: Valuation, memory: Look, seen: Observation, rng: Streams) -> Look:
        """From the base look ahead; from there, step the base."""
        here = seen.report
        _, found = slope(seen, Valuation(here.rewards[None], here.weights[None]))
        uphill = Valuation(found.rewards[0], found.weights[0])
        if memory.uphill is None:
            ahead = stepped(here, uphill, self._rate(memory.turned), valuation, seen.messages)
            return Look(here, ahead, uphill, memory.turned)
        turned = memory.turned + (self.rate * _change(memory.uphill, uphill, valuation)).square()
        moved = stepped(memory.base, uphill, self._rate(turned), valuation, seen.messages)
        return Look(moved, moved, None, turned)

    def _rate(self, turned: Tensor) -> Tensor:
        return self.rate / (1 + turned).sqrt()


def _change(before: Valuation, after: Valuation, own: Valuation) -> Tensor:
    """|g(y) - g(x)| ``[B, m]``, over rewards and log weight in the units of `stepped`."""
    logs = (after.weights - before.weights) / own.weights.clamp(min=LIGHTEST)
    return ((after.rewards - before.rewards).square().sum((-1, -2)) + logs.square()).sqrt()
