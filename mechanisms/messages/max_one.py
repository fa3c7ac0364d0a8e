"""Maximum normalisation: the rewards of a prompt's responses are non-negative and the best is one."""

from torch import Tensor


def max_one(rewards: Tensor, support: Tensor) -> Tensor:
    """r -> max(r, 0) / max over responses, per prompt; all zero becomes all one (arXiv 2405.16276, section 3)."""
    positive = rewards.clamp(min=0) * support
    best = positive.amax(-1, keepdim=True)
    return positive / (best + (best == 0)) + support * (best == 0)
