"""Rewards linear in shared features: agents report coefficients."""

from collections.abc import Callable

import torch
from torch import Tensor


def basis(features: Tensor) -> Callable[[Tensor, Tensor], Tensor]:
    """r -> the least-squares combination of ``features [F, P, K]`` over all prompts, on the responses that exist."""

    def normalise(rewards: Tensor, support: Tensor) -> Tensor:
        span = (features * support).flatten(1)  # [F, PK]
        flat = (rewards * support).flatten(-2)
        return (flat @ (torch.linalg.pinv(span) @ span)).unflatten(-1, support.shape)

    return normalise
