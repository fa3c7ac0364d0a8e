"""Tastes that move: a Gaussian random walk of true rewards, every agent's on a stream of its own."""

from __future__ import annotations

from dataclasses import dataclass, is_dataclass, replace
from typing import Protocol, cast, runtime_checkable

from torch import Tensor

from mechanisms.messages.base import MessageSpace
from mechanisms.valuation import Valuation
from strategies.base import Memory, Strategy
from strategies.menus import menu_of
from strategies.streams import Streams

WANDER_STREAM = 3 * 2**30  # agent i's is this plus i, of each replicate, beside its own stream and the market's


@dataclass(frozen=True)
class Walk:
    """rewards <- project(rewards + step * standard normal) of some agents, once a round; weights stay.

    At the message space's border the walk sticks, or slides along it.
    """

    agents: Tensor  # [m], those who wander
    steps: Tensor  # [m, 1, 1], standard deviations
    streams: Streams

    def moved(self, truth: Valuation, messages: MessageSpace) -> Valuation:
        """The truth of the next round."""
        own = truth.of(self.agents)
        noise = self.streams.normal(*own.rewards.shape[-2:]).to(own.rewards)
        walked = messages.project(Valuation(own.rewards + self.steps * noise * messages.support, own.weights))
        rewards = truth.rewards.clone()
        rewards[:, self.agents] = walked.rewards
        return Valuation(rewards, truth.weights)


def walk_of(wander: Tensor, seed: int, replicates: tuple[int, ...]) -> Walk | None:
    """The walk of those whose standard deviation in ``wander [n]`` is above 0; None if nobody's is."""
    agents = wander.nonzero().squeeze(-1)
    if not len(agents):
        return None
    streams = Streams(seed, replicates, (WANDER_STREAM + agents).tolist(), wander.device)
    return Walk(agents, wander[agents][:, None, None], streams)


@runtime_checkable
class _Menu(Protocol):
    menu: object


def relative_to(truth: Valuation, strategy: Strategy, messages: MessageSpace, memory: Memory) -> Memory:
    """The memory with its menu of lies, if it keeps one, built anew from the truth of today.

    "Four times my weight" and "my wishes, polarised" stay relative to what the agent wants now, and what was learned of
    such a lie yesterday counts for it today.  All else is remembered as it was: a report that an agent has decided on
    already was meant for the truth of the round before.
    """
    if not (isinstance(strategy, _Menu) and isinstance(memory, _Menu) and is_dataclass(memory)):
        return memory
    return replace(cast(Memory, memory), menu=menu_of(str(strategy.menu))(truth, messages))
