"""What menu learners have in common: a menu built once from the truth, an action on it, and accounts."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from mechanisms.messages.base import MessageSpace
from mechanisms.valuation import Valuation
from strategies.menus import menu_of
from strategies.menus.base import chosen
from strategies.streams import Streams


@dataclass(frozen=True)
class Accounts:
    """The memory of a menu learner."""

    menu: Valuation  # rewards [M or 1, B, m, P, K], weights [M, B, m]; the truth first
    action: Tensor  # [B, m], the lie to tell next
    scores: Tensor  # [B, m, M], what each lie is credited with, in the learner's own accounting
    plays: Tensor  # [B, m, M], how often each lie was told
    low: Tensor  # [B, m], the least utility seen
    high: Tensor  # [B, m], the largest

    @property
    def told(self) -> Tensor:
        """The last action as a one-hot ``[B, m, M]``."""
        return torch.nn.functional.one_hot(self.action, self.scores.shape[-1]).to(self.scores.dtype)

    def ranged(self, utility: Tensor) -> tuple[Accounts, Tensor]:
        """The accounts with the range widened to ``utility [B, m]``, and the utility on that range, in [0, 1]."""
        low, high = torch.minimum(self.low, utility), torch.maximum(self.high, utility)
        spread = torch.where(high > low, high - low, 1.0)
        return replace(self, low=low, high=high), torch.where(high > low, (utility - low) / spread, 0.5)


class MenuLearner(ABC):
    """A learner whose memory is `Accounts`; it plays the action that its last update chose."""

    menu: str

    def __post_init__(self) -> None:
        menu_of(self.menu)

    @abstractmethod
    def choose(self, memory: Accounts, rng: Streams) -> Tensor:
        """The next action ``[B, m]``."""

    def init(self, valuation: Valuation, messages: MessageSpace, rng: Streams) -> Accounts:
        """Nothing known yet."""
        lies = menu_of(self.menu)(valuation, messages)
        zero = torch.zeros_like(valuation.weights)
        scores = zero[..., None].repeat(*(1,) * zero.dim(), lies.weights.shape[0])
        memory = Accounts(lies, zero.long(), scores, scores, zero + torch.inf, zero - torch.inf)
        return replace(memory, action=self.choose(memory, rng))

    def report(self, valuation: Valuation, memory: Accounts, rng: Streams) -> Valuation:
        """The lie decided on."""
        return chosen(memory.menu, memory.action)
