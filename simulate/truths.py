"""Everybody's true rewards and weights, and the reports that a game file spells out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from mechanisms.valuation import Valuation
from simulate.config import AgentConfig
from simulate.draws import drawn_range
from simulate.errors import BadInput
from simulate.reward_tables import RewardTables


@dataclass(frozen=True)
class Truths:
    """Reads the agents of a scenario file, for tensors of one shape, dtype and device."""

    agents: list[AgentConfig]
    like: Tensor  # the reference's policy [P, K]
    tables: RewardTables  # reads what the file says of rewards
    seed: int
    replicates: tuple[int, ...]

    def truth(self) -> Valuation:
        """``[1 or B, n, P, K]``.  Raises BadInput."""
        rewards = [self._rewards(agent, i) for i, agent in enumerate(self.agents)]
        weights = [self._weights(agent, i) for i, agent in enumerate(self.agents)]
        return Valuation(_stacked(rewards), _stacked(weights))

    def declared(self, truth: Valuation) -> Valuation:
        """The truth with the reports spelled out put in its place; the same object where there are none."""
        if all(agent.report is None for agent in self.agents):
            return truth
        rewards, weights, first = truth.rewards.clone(), truth.weights.clone(), 0
        for i, agent in enumerate(self.agents):
            mine, key = slice(first, first + agent.count), f"agents.{i}.report.rewards"
            first += agent.count
            if agent.report is not None and agent.report.rewards is not None:
                rewards[:, mine] = self.tables.table(agent.report.rewards, key)
            if agent.report is not None and agent.report.weight is not None:
                weights[:, mine] = agent.report.weight
        return Valuation(rewards, weights)

    def _rewards(self, agent: AgentConfig, position: int) -> Tensor:
        key = f"agents.{position}.rewards"
        if isinstance(agent.rewards, dict) and set(agent.rewards) == {"random"}:
            return self._drawn(agent.rewards["random"], (position, 0), (agent.count, *self.like.shape), f"{key}.random")
        return self.tables.table(agent.rewards, key, more="random, ").expand(1, agent.count, *self.like.shape)

    def _weights(self, agent: AgentConfig, position: int) -> Tensor:
        key = f"agents.{position}.weight"
        if not isinstance(agent.weight, dict):
            weights = self._tensor(agent.weight).expand(1, agent.count)
        elif set(agent.weight) == {"random"}:
            weights = self._drawn(agent.weight["random"], (position, 1), (agent.count,), f"{key}.random")
        else:
            raise BadInput(f"{key} has the keys {', '.join(agent.weight) or 'none'}; allowed is random, or a number")
        if bool((weights < 0).any()):
            raise BadInput(f"{key} is {float(weights.min())!r}; weights must not be negative")
        return weights

    def _drawn(self, options: Any, purpose: tuple[int, int], shape: tuple[int, ...], key: str) -> Tensor:
        return self._tensor(drawn_range(self.seed, self.replicates, options, purpose, shape, key))

    def _tensor(self, values: Any) -> Tensor:
        return torch.as_tensor(values, dtype=self.like.dtype, device=self.like.device)


def _stacked(parts: list[Tensor]) -> Tensor:
    """``[1 or B, count, ...]`` of every entry, side by side: ``[1 or B, n, ...]``."""
    batch = max(part.shape[0] for part in parts)
    return torch.cat([part.expand(batch, *part.shape[1:]) for part in parts], 1)
