"""What menu learners have in common: a menu built once from the truth, an action on it, and accounts."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from typing import Generic, Self, TypeVar

import torch
from torch import Tensor

from mechanisms.messages.base import MessageSpace
from mechanisms.valuation import Valuation
from strategies.base import Observation
from strategies.menus import menu_of
from strategies.menus.base import chosen, sampled
from strategies.streams import Streams

Account = TypeVar("Account")


@dataclass(frozen=True)
class Decided:
    """The part of a memory that says what to report."""

    menu: Valuation  # rewards [M or 1, B, m, P, K], weights [M, B, m]; the truth first
    action: Tensor  # [B, m], the lie to tell next


@dataclass(frozen=True)
class Ranged(Decided):
    """With the range of the utilities that the agent has had."""

    low: Tensor  # [B, m], the least utility seen
    high: Tensor  # [B, m], the largest

    @property
    def spread(self) -> Tensor:
        """The range, 1 while all utilities are the same: ``[B, m]``."""
        return torch.where(self.high > self.low, self.high - self.low, 1.0)

    def ranged(self, utility: Tensor) -> tuple[Self, Tensor]:
        """The memory with the range widened to ``utility [B, m]``, and the utility on that range, in [0, 1]."""
        seen = replace(self, low=torch.minimum(self.low, utility), high=torch.maximum(self.high, utility))
        return seen, torch.where(seen.high > seen.low, (utility - seen.low) / seen.spread, 0.5)


@dataclass(frozen=True)
class Accounts(Ranged):
    """The memory of a learner that sees only what its own lie brought."""

    scores: Tensor  # [B, m, M], what each lie is credited with, in the learner's own accounting
    plays: Tensor  # [B, m, M], how often each lie was told

    @property
    def told(self) -> Tensor:
        """The last action as a one-hot ``[B, m, M]``."""
        return torch.nn.functional.one_hot(self.action, self.plays.shape[-1]).to(self.plays.dtype)


@dataclass(frozen=True)
class Informed(Decided, Generic[Account]):
    """The memory of a learner that sees what every lie would have brought."""

    mixture: Tensor  # [B, m, M], what the action was drawn from
    account: Account  # the learner's own


class MenuLearner:
    """A learner that plays the action which its last update chose."""

    menu: str

    def __post_init__(self) -> None:
        menu_of(self.menu)

    def report(self, valuation: Valuation, memory: Decided, rng: Streams) -> Valuation:
        """The lie decided on."""
        return chosen(memory.menu, memory.action)


class Bandit(MenuLearner, ABC):
    """A menu learner whose memory is `Accounts`."""

    @abstractmethod
    def choose(self, memory: Accounts, rng: Streams) -> Tensor:
        """The next action ``[B, m]``."""

    def init(self, valuation: Valuation, messages: MessageSpace, rng: Streams) -> Accounts:
        """Nothing known yet."""
        memory = opened(self.menu, valuation, messages)
        return replace(memory, action=self.choose(memory, rng))


class FullInformation(MenuLearner, ABC, Generic[Account]):
    """A menu learner that is three formulas: an account opened, a mixture played from it, utilities entered in it."""

    information = "outcome"

    @abstractmethod
    def opened(self, zero: Tensor) -> Account:
        """The account before the first round; ``zero [B, m, M]``."""

    @abstractmethod
    def mixture(self, account: Account) -> Tensor:
        """How likely each lie is to be told ``[B, m, M]``."""

    @abstractmethod
    def entered(self, account: Account, mixture: Tensor, utilities: Tensor) -> Account:
        """The account after a round of playing ``mixture`` where the lies would bring ``utilities [B, m, M]``."""

    def init(self, valuation: Valuation, messages: MessageSpace, rng: Streams) -> Informed[Account]:
        """Nothing known yet."""
        memory = opened(self.menu, valuation, messages)
        return self._drawn(memory.menu, self.opened(memory.scores), rng)

    def update(
        self, valuation: Valuation, memory: Informed[Account], seen: Observation, rng: Streams
    ) -> Informed[Account]:
        """Enter the utilities of the whole menu, draw the next lie."""
        assert seen.counterfactual is not None
        utilities = seen.counterfactual(memory.menu).movedim(0, -1)
        return self._drawn(memory.menu, self.entered(memory.account, memory.mixture, utilities), rng)

    def _drawn(self, menu: Valuation, account: Account, rng: Streams) -> Informed[Account]:
        mixture = self.mixture(account)
        return Informed(menu, sampled(mixture, rng.uniform()), mixture, account)


def opened(menu: str, valuation: Valuation, messages: MessageSpace) -> Accounts:
    """Empty accounts over a menu of that name."""
    lies = menu_of(menu)(valuation, messages)
    zero = torch.zeros_like(valuation.weights)
    scores = zero[..., None].repeat(*(1,) * zero.dim(), lies.weights.shape[0])
    return Accounts(lies, zero.long(), zero + torch.inf, zero - torch.inf, scores, scores)
