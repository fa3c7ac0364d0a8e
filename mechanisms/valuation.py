"""Valuations, and the two ways a profile of reports is varied: leave one agent out, let one agent deviate.

A direct mechanism's message is a type, so one class serves truth and report.  A variation is not a copy of the
profile: an additive training rule needs only its total, which differs from the profile's own by one agent's term.
Rules that need everybody's rewards get them, built when first asked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from mechanisms.reference import Reference

Agents = Tensor | slice  # indices [m], or a slice, which copies nothing
EVERYONE = slice(None)
FEW = 32  # up to so many agents, many small games are summed faster than a batched matrix product does them


class Profile(Protocol):
    """Everybody's reported rewards and weights, as a training rule sees them."""

    @property
    def rewards(self) -> Tensor:
        """``[..., n, P, K]``."""
        ...

    @property
    def weights(self) -> Tensor:
        """``[..., n]``; weight 0 means absent."""
        ...

    @property
    def total(self) -> Tensor:
        """Sum over agents of weight * reward: ``[..., P, K]``."""
        ...

    def welfare(self, reference: Reference, policy: Tensor) -> Tensor:
        """Reported social welfare, E_policy[total]: ``[...]``."""
        ...

    def scaled(self, influence: Tensor) -> Profile:
        """The profile with agent i's weight times ``influence[i]``."""
        ...


class Reports(Profile, Protocol):
    """A profile somebody is billed for: all n agents of a `Valuation`, the deviator of `Deviations`."""

    def payers(self) -> Valuation:
        """The reports of those who are billed; everybody's axis, if there is one, in front: ``[n, ..., P, K]``."""
        ...

    def others(self) -> LeaveOneOut:
        """The profile without each payer, axes as in `payers`."""
        ...

    def select(self, per_agent: Tensor) -> Tensor:
        """The payers' share of a constant per agent ``[n]``, axes as in `payers`."""
        ...

    def bills(self, per_payer: Tensor) -> Tensor:
        """A quantity with axes as in `payers` laid out as payments are: ``[..., q]``."""
        ...

    def billed(self, per_agent: Tensor) -> Tensor:
        """The payers' part of a quantity that was worked out for everybody ``[..., n]``: ``[..., q]``."""
        ...


@dataclass(frozen=True)
class Valuation:
    """Rewards and weights of n agents, true or declared.

    >>> v = Valuation(torch.tensor([[[1.0, 0.0]], [[0.0, 1.0]]]), torch.tensor([3.0, 1.0]))
    >>> v.total
    tensor([[3., 1.]])
    """

    rewards: Tensor  # [..., n, P, K]
    weights: Tensor  # [..., n]; weight 0 means absent

    @cached_property
    def total(self) -> Tensor:
        if self.weights.shape[-1] <= FEW:
            return (self.weights[..., None, None] * self.rewards).sum(-3)
        return (
            (self.weights[..., None, :] @ self.rewards.flatten(-2)).squeeze(-2).unflatten(-1, self.rewards.shape[-2:])
        )

    def expected_rewards(self, reference: Reference, policy: Tensor) -> Tensor:
        """E_policy[reward_i]: ``[..., n]``."""
        return reference.expectation(policy[..., None, :, :], self.rewards)

    def welfare(self, reference: Reference, policy: Tensor) -> Tensor:
        return reference.expectation(policy, self.total)

    def scaled(self, influence: Tensor) -> Valuation:
        return Valuation(self.rewards, self.weights * influence.to(self.weights))

    def payers(self) -> Valuation:
        batch = np.broadcast_shapes(self.rewards.shape[:-2], self.weights.shape)
        rewards = self.rewards.expand(*batch, *self.rewards.shape[-2:])
        return Valuation(rewards.movedim(-3, 0), self.weights.expand(batch).movedim(-1, 0))

    def others(self) -> LeaveOneOut:
        return LeaveOneOut(self, EVERYONE)

    def select(self, per_agent: Tensor) -> Tensor:
        return _in_front(per_agent.to(self.weights).expand(self.weights.shape[-1]), self.weights)

    def bills(self, per_payer: Tensor) -> Tensor:
        return per_payer.movedim(0, -1)

    def billed(self, per_agent: Tensor) -> Tensor:
        return per_agent

    def of(self, agents: Agents) -> Valuation:
        """The valuations of some agents alone: ``[..., m, P, K]``."""
        return Valuation(self.rewards[..., agents, :, :], self.weights[..., agents])

    def only(self, game: int) -> Valuation:
        """The valuations of one game of a batch ``[B, n, P, K]``."""
        return Valuation(self.rewards[game], self.weights[game])


@dataclass(frozen=True)
class LeaveOneOut:
    """``base`` without one of ``agents``, for each of them: removing an agent is setting its weight to zero.

    Axes: ``[m, ...]``, the removed agent's in front.
    """

    base: Valuation
    agents: Agents

    @cached_property
    def removed(self) -> Valuation:
        """The reports of those left out: ``[m, ..., P, K]``."""
        return self.base.of(self.agents).payers()

    @property
    def rewards(self) -> Tensor:
        return self.base.rewards.expand(self.removed.weights.shape[0], *self.base.rewards.shape)

    @cached_property
    def weights(self) -> Tensor:
        return self.base.weights * ~_one_hot(self.agents, self.base.weights)

    @cached_property
    def total(self) -> Tensor:
        own = self.removed
        return torch.addcmul(self.base.total, own.weights[..., None, None], own.rewards, value=-1)

    def welfare(self, reference: Reference, policy: Tensor) -> Tensor:
        own = self.removed.weights * reference.expectation(policy, self.removed.rewards)
        return self.base.welfare(reference, policy) - own

    def scaled(self, influence: Tensor) -> LeaveOneOut:
        return LeaveOneOut(self.base.scaled(influence), self.agents)


@dataclass(frozen=True)
class Deviations:
    """``base`` in which one of ``agents`` reports a lie instead, for every agent and lie; the deviator pays.

    Axes: ``[M, m, ...]``, M lies of each of m agents.
    """

    base: Valuation
    agents: Agents
    lies: Valuation  # rewards [M, m, ..., P, K], weights [M, m, ...]

    @cached_property
    def without(self) -> LeaveOneOut:
        """The profile that the deviator meets: the lie is not in it, so one serves all M lies."""
        return LeaveOneOut(self.base, self.agents)

    @cached_property
    def rewards(self) -> Tensor:
        mine = _one_hot(self.agents, self.base.weights)[..., None, None]
        return torch.where(mine, self.lies.rewards[..., None, :, :], self.base.rewards)

    @cached_property
    def weights(self) -> Tensor:
        return torch.where(_one_hot(self.agents, self.base.weights), self.lies.weights[..., None], self.base.weights)

    @cached_property
    def total(self) -> Tensor:
        return torch.addcmul(self.without.total, self.lies.weights[..., None, None], self.lies.rewards)

    def welfare(self, reference: Reference, policy: Tensor) -> Tensor:
        return reference.expectation(policy, self.total)

    def scaled(self, influence: Tensor) -> Deviations:
        lies = Valuation(self.lies.rewards, self.lies.weights * self.select(influence))
        return Deviations(self.base.scaled(influence), self.agents, lies)

    def payers(self) -> Valuation:
        return self.lies

    def others(self) -> LeaveOneOut:
        return self.without

    def select(self, per_agent: Tensor) -> Tensor:
        weights = self.base.weights
        return _in_front(per_agent.to(weights).expand(weights.shape[-1])[self.agents], weights)

    def bills(self, per_payer: Tensor) -> Tensor:
        return per_payer[..., None]

    def billed(self, per_agent: Tensor) -> Tensor:
        mine = _one_hot(self.agents, self.base.weights)  # [m, 1..., n]
        return torch.where(mine, per_agent, 0.0).sum(-1, keepdim=True)


def spelled_out(profile: Profile) -> Valuation:
    """A copy of a variation as a profile of its own, for rules that vary it again."""
    return Valuation(profile.rewards, profile.weights)


def _in_front(per_agent: Tensor, weights: Tensor) -> Tensor:
    """``[m] -> [m, 1, ...]``, to broadcast against ``[m, *batch]`` where weights are ``[*batch, n]``."""
    return per_agent.reshape(-1, *(1,) * (weights.dim() - 1))


def _one_hot(agents: Agents, weights: Tensor) -> Tensor:
    """``[m, 1..., n]``, true where the last axis is the agent of the first."""
    everyone = torch.arange(weights.shape[-1], device=weights.device)
    return (everyone[agents][:, None] == everyone).reshape(-1, *(1,) * (weights.dim() - 1), weights.shape[-1])
