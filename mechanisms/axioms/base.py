"""What an axiom is asked about, and what it answers: a violation, at most 0 where it holds, and a witness."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor

from mechanisms.base import Mechanism
from mechanisms.messages.base import MessageSpace
from mechanisms.reference import Reference
from mechanisms.valuation import Valuation


@dataclass(frozen=True)
class Effort:
    """How hard to search."""

    fresh: int = 1024  # uniform random reports, for each game and agent
    climbers: int = 6  # reports that gradient ascent starts from, for each game and agent
    steps: int = 24  # of gradient ascent
    jumps: int = 16  # random jumps of each size from the best report found
    types: int = 32  # one agent's types, compared with each other
    loops: int = 24  # closed paths of types
    sides: int = 64  # steps along one side of the worst of those paths
    noises: int = 32  # draws of noise on the rewards
    epsilon: float = 0.02  # and its largest size, in units of the largest reward

    def of_two(self) -> Effort:
        """For pairs of reports, which cost more and are rarely found by chance."""
        climbers, steps, jumps = min(self.climbers, 4), min(self.steps, 8), min(self.jumps, 6)
        return replace(self, fresh=self.fresh // 16, climbers=climbers, steps=steps, jumps=jumps)

    def lighter(self) -> Effort:
        """For expectations, where every report is tried against many draws, and for rules that iterate."""
        return replace(self, fresh=16, climbers=3, steps=8, jumps=3, types=16, loops=12, sides=40, noises=8)


@dataclass(frozen=True)
class Present(MessageSpace):
    """The messages of those who take part: a weight above 0 is never rounded to 0, which would be staying away."""

    def _weights(self, weights: Tensor) -> Tensor:
        allowed = super()._weights(weights)
        return torch.where((weights > 0) & (allowed == 0), min(1.0, self.max_weight), allowed)


def of_present(messages: MessageSpace) -> Present:
    """The same message space, for those who take part."""
    return Present(messages.name, messages.normalise, messages.support, messages.max_weight, messages.integer_weights)


@dataclass(frozen=True)
class Games:
    """Games of one shape, the misreports to begin with, and a seed for those that are drawn.

    Others' reports are their truths: what agent i faces is arbitrary anyhow, because the truths are.  A lie leaves
    those present present and those absent (weight 0) absent: `participation` asks about staying away.
    """

    reference: Reference  # [P, K]
    truth: Valuation  # [B, n, P, K]
    messages: MessageSpace
    lies: Valuation  # [M, n, B, P, K] and [M, n, B]
    seed: int = 0
    effort: Effort = field(default_factory=Effort)

    def fewer(self) -> Games:
        """A third of the games, a quarter of the misreports and a lighter search, for expectations over many draws."""
        some = _spread(len(self.truth.weights), max(4, len(self.truth.weights) // 3))
        told = _spread(len(self.lies.weights), max(16, len(self.lies.weights) // 4))
        truth = Valuation(self.truth.rewards[some], self.truth.weights[some])
        tried = Valuation(self.lies.rewards[told][:, :, some], self.lies.weights[told][:, :, some])
        return replace(self, truth=truth, lies=tried, effort=self.effort.lighter())

    def only(self, game: int) -> Games:
        """One of the games."""
        truth = Valuation(self.truth.rewards[[game]], self.truth.weights[[game]])
        return replace(
            self, truth=truth, lies=Valuation(self.lies.rewards[:, :, [game]], self.lies.weights[:, :, [game]])
        )

    def rng(self) -> torch.Generator:
        """A fresh stream: what one axiom draws does not depend on which others were tried."""
        return torch.Generator().manual_seed(self.seed)


@dataclass(frozen=True)
class Witness:
    """One game in which an axiom fails: the truth, what was reported there, and by whom."""

    truth: Valuation  # [n, P, K]
    reports: Valuation  # [n, P, K]; equal to the truth where the axiom is not about lies
    agents: tuple[int, ...]  # who lies, or whom it befalls
    types: Valuation | None = None  # [T, P, K], a cycle of one agent's types, for monotonicity


@dataclass(frozen=True)
class Finding:
    """``violation [B, q]``: at most 0 where the axiom holds; the witness at a game and a column, made when asked."""

    violation: Tensor
    witness: Callable[[int, int], Witness]
    searched: dict[str, int]


Axiom = Callable[[Mechanism, Games], Finding]


def at_truth(games: Games) -> Callable[[int, int], Witness]:
    """The witness of an axiom that is not about lies: the game itself."""

    def witness(game: int, agent: int) -> Witness:
        truth = game_of(games.truth, game)
        return Witness(truth, truth, (agent,))

    return witness


def _spread(size: int, count: int) -> Tensor:
    return torch.linspace(0, size - 1, min(size, count)).round().long()


def game_of(profile: Valuation, game: int) -> Valuation:
    """One game of a batch."""
    return Valuation(profile.rewards[game], profile.weights[game])


def reported(truth: Valuation, agent: int, lie: Valuation) -> Valuation:
    """A profile ``[n, P, K]`` in which one agent says ``lie [P, K]`` instead."""
    rewards, weights = truth.rewards.clone(), truth.weights.clone()
    rewards[agent], weights[agent] = lie.rewards, lie.weights
    return Valuation(rewards, weights)
