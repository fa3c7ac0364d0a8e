"""Lies about rewards: Theorem 4.2's, in several sizes."""

import torch

from mechanisms.messages.base import MessageSpace
from mechanisms.valuation import Valuation
from strategies.sharpen import sharpened

EPSILONS = (0.0, 0.01, 0.03, 0.1, 0.3, 1.0)


def sharpen(valuation: Valuation, messages: MessageSpace) -> Valuation:
    """epsilon 0 (the truth) to 1, each capped at the room there is; the weight is true."""
    rewards = torch.stack([sharpened(valuation.rewards, messages, epsilon) for epsilon in EPSILONS])
    return messages.project(Valuation(rewards, valuation.weights.expand(len(EPSILONS), *valuation.weights.shape)))
