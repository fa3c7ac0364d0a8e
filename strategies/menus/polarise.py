"""Lies about rewards: towards all or nothing."""

import torch

from mechanisms.messages.base import MessageSpace
from mechanisms.valuation import Valuation

STRENGTHS = (0.0, 0.5, 1.0, 2.0, 4.0)


def polarise(valuation: Valuation, messages: MessageSpace) -> Valuation:
    """mean + (1 + s) (reward - mean) per prompt for strength s, then projected; s = 0 is the truth."""
    support = messages.support
    mean = (valuation.rewards * support).sum(-1, keepdim=True) / support.sum(-1, keepdim=True)
    rewards = torch.stack([valuation.rewards + s * (valuation.rewards - mean) * support for s in STRENGTHS])
    return messages.project(Valuation(rewards, valuation.weights.expand(len(STRENGTHS), *valuation.weights.shape)))
