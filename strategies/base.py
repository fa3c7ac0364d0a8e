"""What a strategy is, and all that it gets to see.

A strategy plays for a population: m agents who follow it, in B replicates of the game at once.  Its valuation has
rewards ``[B, m, P, K]`` and weights ``[B, m]``; its memory is a value, handed in and returned, never changed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from torch import Tensor

from mechanisms.base import Outcome
from mechanisms.messages.base import MessageSpace
from mechanisms.reference import Reference
from mechanisms.valuation import Valuation
from strategies.promises import Promise
from strategies.streams import Streams

INFORMATION = ("bandit", "outcome", "full")  # each level sees all that the one before it sees
Memory = Any


@dataclass(frozen=True)
class Observation:
    """What a population saw of one round; what its scenario does not give it is None."""

    report: Valuation  # what each of them reported, after projection on the message space
    utility: Tensor  # [B, m], own utility
    policy: Tensor | None  # [B, P, K]                                                                    outcome
    counterfactual: Callable[[Valuation], Tensor] | None  # lies [M, B, m, ...] -> utilities [M, B, m]    outcome
    others: Valuation | None  # the mean of the other agents' reported rewards, the sum of their weights  full
    messages: MessageSpace
    market: Announced | None = None  # everybody's reports, and the mechanism to try others on              full


@dataclass(frozen=True)
class Announced:
    """What is public where reports are: who said what, and the announced mechanism, to be tried on any reports."""

    reports: Valuation  # [B, n, P, K], everybody's
    agents: Tensor  # [m], which of the n are the population's own
    mechanism: Callable[[Valuation], Outcome]  # reports [..., B, n, P, K] -> policy and payments
    reference: Reference  # what this round is fine-tuned from


class Strategy(Protocol):
    """Own valuation and own memory in, a report out; no mechanism is known by name."""

    @property
    def information(self) -> str:
        """The least that a scenario must let it see."""
        ...

    @property
    def promise(self) -> Promise | None:
        """What it promises about its regret; None promises nothing."""
        ...

    def init(self, valuation: Valuation, messages: MessageSpace, rng: Streams) -> Memory:
        """The memory before the first round."""
        ...

    def report(self, valuation: Valuation, memory: Memory, rng: Streams) -> Valuation:
        """What to report this round; a learner has decided already, its memory knows."""
        ...

    def update(self, valuation: Valuation, memory: Memory, seen: Observation, rng: Streams) -> Memory:
        """The memory after a round."""
        ...


class Fixed:
    """The memory of strategies that do not learn: the message space, so that a lie can fit it."""

    information = "bandit"
    promise: Promise | None = None

    def init(self, valuation: Valuation, messages: MessageSpace, rng: Streams) -> Memory:
        """The message space alone."""
        return messages

    def update(self, valuation: Valuation, memory: Memory, seen: Observation, rng: Streams) -> Memory:
        """Nothing is learned."""
        return memory
