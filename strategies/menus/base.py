"""A menu of lies: a valuation in, M reports out, the truth first."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from mechanisms.messages.base import MessageSpace
from mechanisms.valuation import Valuation

# valuation [B, m, ...] -> reports: rewards [M or 1, B, m, P, K], weights [M, B, m]
Menu = Callable[[Valuation, MessageSpace], Valuation]


def size(menu: Valuation) -> int:
    """M."""
    return menu.weights.shape[0]


def chosen(menu: Valuation, action: Tensor) -> Valuation:
    """The report that each agent picked: ``action [B, m]`` of menu rewards ``[M, B, m, P, K]``."""
    weights = menu.weights.gather(0, action[None])[0]
    if menu.rewards.shape[0] == 1:
        return Valuation(menu.rewards[0], weights)
    return Valuation(menu.rewards.take_along_dim(action[None, ..., None, None], 0)[0], weights)


def sampled(probabilities: Tensor, uniform: Tensor) -> Tensor:
    """Inverse-CDF draw from ``probabilities [B, m, M]`` with ``uniform [B, m]``: ``[B, m]``."""
    drawn = torch.searchsorted(probabilities.cumsum(-1), uniform[..., None].to(probabilities.dtype), right=True)
    return drawn.squeeze(-1).clamp(max=probabilities.shape[-1] - 1)
