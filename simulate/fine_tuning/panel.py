"""Everybody's reward models, as judges of texts: what agents say they want, and what they want."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from simulate.errors import BadInput
from simulate.fine_tuning.plan import Party
from simulate.pools.rewards.chosen import chosen
from simulate.pools.rewards.reward_model import RewardModel


@dataclass(frozen=True)
class Panel:
    """n agents' reward models, as reported and as they are; both answer in [0, 1]."""

    reported: tuple[RewardModel, ...]
    true: tuple[RewardModel, ...]

    def __call__(self, texts: Sequence[str]) -> Tensor:
        """Rewards of N texts at the reports, then at the truth: ``[2 n, N]`` float64."""
        return torch.from_numpy(np.stack([judge(texts) for judge in (*self.reported, *self.true)]))


def panel_of(parties: Sequence[Party]) -> Panel:
    """Raises BadInput naming the agent whose reward model is wrong."""
    return Panel(*(tuple(_judge(party, part) for party in parties) for part in ("report", "truth")))


def _judge(party: Party, part: str) -> RewardModel:
    try:
        return chosen(getattr(party, part))
    except ValueError as error:
        raise BadInput(f"the reward model of {party.name!r}: {error}") from None
