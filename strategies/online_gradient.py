"""Climb by ever smaller steps along the raw gradient of one's own utility."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from mechanisms.ascent import slope
from mechanisms.messages.base import MessageSpace
from mechanisms.valuation import Valuation
from strategies.base import Observation
from strategies.natural_step import LIGHTEST
from strategies.options import require
from strategies.starts import begun, require_start
from strategies.streams import Streams

NEAR = 1e-6  # at weight 0 no report has a slope in its log weight; it is taken this part of the true weight above


@dataclass(frozen=True)
class Climb:
    """The memory of online gradient ascent."""

    report: Valuation  # the one to make next
    steepest: Tensor  # [B, m], the longest gradient so far, or the true weight if that is more
    rounds: int


@dataclass(frozen=True)
class OnlineGradient:
    """x <- project(x + rate / (G sqrt(t)) * gradient), x = (rewards, weight / true weight), Euclidean geometry.

    G is the longest gradient so far, at least the true weight (a flat slope is not stretched to a full step), so that
    no step is longer than ``rate``.  Zinkevich (2003), Theorem 1: if each round's utility is concave in x and
    ``project`` finds the nearest point of a convex set of diameter D (unit_box with a largest weight), no fixed report
    would have earned more than (D^2 / (2 rate) + rate) G sqrt(T) more.  Utilities through a mechanism need not be
    concave in the report, so nothing is promised in general: weight 0, for one, can trap it.
    ``start`` is truth, noisy or random.
    """

    rate: float = 1.0
    start: str = "truth"
    information = "outcome"
    promise = None  # nothing holds for utilities that are not concave in the report

    def __post_init__(self) -> None:
        require(self.rate > 0, "rate", self.rate, "above 0")
        require_start(self.start)

    def init(self, valuation: Valuation, messages: MessageSpace, rng: Streams) -> Climb:
        """Nothing climbed yet."""
        return Climb(begun(self.start, valuation, messages, rng), valuation.weights.clamp(min=LIGHTEST), 0)

    def report(self, valuation: Valuation, memory: Climb, rng: Streams) -> Valuation:
        """Where the ascent stands."""
        return memory.report

    def update(self, valuation: Valuation, memory: Climb, seen: Observation, rng: Streams) -> Climb:
        """One step from the report made."""
        own, here, rounds = valuation.weights.clamp(min=LIGHTEST), seen.report, memory.rounds + 1
        by_reward, by_share = _gradient(seen, own)
        length = (by_reward.square().sum((-1, -2)) + by_share.square()).sqrt()
        steepest = torch.maximum(memory.steepest, length)
        size = self.rate / (steepest * rounds**0.5)
        rewards = here.rewards + size[..., None, None] * by_reward
        moved = seen.messages.project(Valuation(rewards, here.weights + size * by_share * own))
        return Climb(moved, steepest, rounds)


def _gradient(seen: Observation, own: Tensor) -> tuple[Tensor, Tensor]:
    """Of own utility by rewards ``[B, m, P, K]``, and by weight in units of the true one ``[B, m]``."""
    assert seen.counterfactual is not None
    weights = torch.maximum(seen.report.weights, NEAR * own)
    _, uphill = slope(seen.counterfactual, Valuation(seen.report.rewards[None], weights[None]))
    return uphill.rewards[0] * seen.messages.support, uphill.weights[0] * own / weights
