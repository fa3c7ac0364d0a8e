"""Summation normalisation: the rewards of a prompt's responses are non-negative and sum to one."""

from torch import Tensor


def sum_to_one(rewards: Tensor, support: Tensor) -> Tensor:
    """r -> max(r, 0) / sum max(r, 0) per prompt; all zero becomes uniform (arXiv 2405.16276, section 3)."""
    positive = rewards.clamp(min=0) * support
    total = positive.sum(-1, keepdim=True)
    uniform = support.to(rewards.dtype) / support.sum(-1, keepdim=True)
    close = (total - 1).abs() <= 1e-12  # members stay as they are, to the byte
    return (positive / (total + (total == 0)) + uniform * (total == 0)).where(~close, positive)
