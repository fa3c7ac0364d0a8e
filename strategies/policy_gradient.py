"""A small neural network that learns which lie to tell from the rounds just past."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from mechanisms.messages.base import MessageSpace
from mechanisms.valuation import Valuation
from strategies.base import Observation
from strategies.menus import menu_of
from strategies.menus.base import chosen, sampled, size
from strategies.options import require
from strategies.perceptron import Network, Weights, answered, drawn
from strategies.streams import Streams


@dataclass(frozen=True)
class Learned:
    """The memory of the policy gradient; the network's outputs are M log odds and the utility it expects."""

    menu: Valuation  # rewards [M or 1, B, m, P, K], weights [M, B, m]
    network: Network
    recent: Tensor  # [B, m, recall, M + 1], the last lies told, one-hot, and their gains; zeros before the first
    action: Tensor  # [B, m], the lie to tell next
    low: Tensor  # [B, m], the least utility seen
    high: Tensor  # [B, m], the largest


@dataclass(frozen=True)
class PolicyGradient:
    """weights += rate * d/dweights [(gain - V) log P(lie) - (gain - V)^2 / 2 + entropy * H(P)], by Adam.

    P and V come from one network that sees the last ``recall`` lies and gains; V is held fixed where it is the
    baseline.  REINFORCE (Williams 1992, section 5, with a learned baseline), one step a round, no discounting: the
    next round's utility is the return.  Gains are utilities on [0, 1] by the range seen so far.
    """

    menu: str = "overstate"
    recall: int = 2
    hidden: int = 8
    rate: float = 0.03
    entropy: float = 0.05
    information = "bandit"
    promise = None

    def __post_init__(self) -> None:
        menu_of(self.menu)
        require(1 <= self.recall <= 100, "recall", self.recall, "1 to 100")
        require(1 <= self.hidden <= 1000, "hidden", self.hidden, "1 to 1000")
        require(self.rate > 0, "rate", self.rate, "above 0")
        require(self.entropy >= 0, "entropy", self.entropy, "0 and above")

    def init(self, valuation: Valuation, messages: MessageSpace, rng: Streams) -> Learned:
        """All lies even."""
        lies = menu_of(self.menu)(valuation, messages)
        width, zero = size(lies) + 1, torch.zeros_like(valuation.weights)
        network = drawn(self.recall * width, self.hidden, width, zero, rng)
        recent = zero[..., None, None].repeat(1, 1, self.recall, width)
        return _decided(Learned(lies, network, recent, zero.long(), zero + torch.inf, zero - torch.inf), rng)

    def report(self, valuation: Valuation, memory: Learned, rng: Streams) -> Valuation:
        """The lie decided on."""
        return chosen(memory.menu, memory.action)

    def update(self, valuation: Valuation, memory: Learned, seen: Observation, rng: Streams) -> Learned:
        """One step for the lie told, then remember it and decide again."""
        low, high = torch.minimum(memory.low, seen.utility), torch.maximum(memory.high, seen.utility)
        gain = torch.where(high > low, (seen.utility - low) / torch.where(high > low, high - low, 1.0), 0.5)
        network = memory.network.trained(lambda weights: self._loss(weights, memory, gain), self.rate)
        told = torch.nn.functional.one_hot(memory.action, size(memory.menu)).to(gain)
        latest = torch.cat([told, gain[..., None]], -1)[..., None, :]
        recent = torch.cat([memory.recent[..., 1:, :], latest], -2)
        return _decided(replace(memory, network=network, recent=recent, low=low, high=high), rng)

    def _loss(self, weights: Weights, memory: Learned, gain: Tensor) -> Tensor:
        """``[B, m]``."""
        answer = answered(weights, memory.recent.flatten(-2))
        logs, advantage = answer[..., :-1].log_softmax(-1), gain - answer[..., -1]
        told = logs.gather(-1, memory.action[..., None]).squeeze(-1)
        spread = -(logs.exp() * logs).sum(-1)
        return advantage.square() / 2 - advantage.detach() * told - self.entropy * spread


def _decided(memory: Learned, rng: Streams) -> Learned:
    odds = memory.network(memory.recent.flatten(-2))[..., :-1]
    return replace(memory, action=sampled(odds.softmax(-1), rng.uniform()))
