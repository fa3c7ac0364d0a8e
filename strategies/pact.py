"""What colluders have in common: an agreed report, the word that strangers are held to, and a lie to punish with."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from mechanisms.messages.base import MessageSpace
from mechanisms.valuation import Valuation
from strategies.base import Announced, Observation
from strategies.options import require
from strategies.streams import Streams


@dataclass(frozen=True)
class Terms:
    """The memory of a pact."""

    messages: MessageSpace
    punishing: Tensor  # [B], bool
    word: Valuation | None = None  # what everybody said in the first round [B, n, P, K]


@dataclass(frozen=True)
class Pact(ABC):
    """Cooperate: the truth.  Punish: insist on the favourite alone, weight * factor.

    The members of a population trust each other, their punishments included.  What strangers want nobody can see, so
    that they are held to their first word, and to weights up to ``limit`` if the pact sets one: a breach is a weight,
    or any reward, more than ``margin`` away from the first word, relative to its weight and its largest reward.
    """

    factor: float = 4.0
    margin: float = 0.05
    limit: float | None = None
    information = "full"
    promise = None

    def __post_init__(self) -> None:
        require(self.factor > 0, "factor", self.factor, "above 0")
        require(self.margin >= 0, "margin", self.margin, "from 0 up")
        known = self.limit is None or (isinstance(self.limit, int | float) and 0 <= self.limit < math.inf)
        require(known, "limit", self.limit, "a number from 0 up, or none for no limit")

    @abstractmethod
    def punishes(self, punishing: Tensor, broken: Tensor) -> Tensor:
        """Is the next round one of punishment ``[B]``, given whether this one was, and whether the pact was broken?"""

    def init(self, valuation: Valuation, messages: MessageSpace, rng: Streams) -> Terms:
        """Begin with trust."""
        return Terms(messages, torch.zeros_like(valuation.weights[:, 0], dtype=torch.bool))

    def report(self, valuation: Valuation, memory: Terms, rng: Streams) -> Valuation:
        """The truth, or the lie that punishes."""
        lie, lies = insisting(valuation, memory.messages, self.factor), memory.punishing[:, None]
        rewards = torch.where(lies[..., None, None], lie.rewards, valuation.rewards)
        return Valuation(rewards, torch.where(lies, lie.weights, valuation.weights))

    def update(self, valuation: Valuation, memory: Terms, seen: Observation, rng: Streams) -> Terms:
        """Take everybody's word in the first round, compare ever after."""
        assert seen.market is not None
        word = seen.market.reports if memory.word is None else memory.word
        broken = self.broken(word, seen.market)
        return replace(memory, word=word, punishing=self.punishes(memory.punishing, broken))

    def broken(self, word: Valuation, market: Announced) -> Tensor:
        """Did any stranger break the pact ``[B]``?"""
        stranger = torch.ones_like(word.weights[0], dtype=torch.bool).index_fill(0, market.agents, False)
        said = market.reports
        shift = (said.rewards - word.rewards).abs().flatten(-2).amax(-1)
        moved = shift > self.margin * word.rewards.abs().flatten(-2).amax(-1)
        moved |= (said.weights - word.weights).abs() > self.margin * word.weights
        if self.limit is not None:
            moved |= said.weights > (1 + self.margin) * self.limit
        return (moved & stranger).any(-1)


def insisting(valuation: Valuation, messages: MessageSpace, factor: float) -> Valuation:
    """The favourite's reward for the favourite, the least for all else; weight * factor.  Ties: the first response.

    Of second bests this lie says nothing, so that no compromise survives it; to multiply the weight alone would be
    no threat: if everybody does, the sum of weight * E[reward] grows, and nobody but the provider bears divergence.
    """
    rewards, support = valuation.rewards, messages.support
    favourite = torch.where(support, rewards, -torch.inf).argmax(-1, keepdim=True)
    least = torch.where(support, rewards, torch.inf).amin(-1, keepdim=True).expand_as(rewards)
    told = least.scatter(-1, favourite, rewards.gather(-1, favourite)) * support
    return messages.project(Valuation(told, valuation.weights * factor))
