"""Lies in two numbers, for those who search by trying: how heavy one claims to be, and how strongly one claims to feel.

Parameters lie in the box [-1, 1]^2, whatever the units of rewards and weights; its centre is the truth.
"""

from __future__ import annotations

from torch import Tensor

from mechanisms.messages.base import MessageSpace
from mechanisms.valuation import Valuation

DIMENSIONS = 2
HEAVIEST = 8.0  # the weight is multiplied by 1 / 8 to 8, as in the menu overstate
STRONGEST = 5.0  # a reward's distance from its prompt's mean by 1 / 5 to 5, as in the menu polarise


def lie(valuation: Valuation, messages: MessageSpace, at: Tensor) -> Valuation:
    """weight * 8^a, mean + 5^b (reward - mean) per prompt, for ``at = (a, b) [..., B, m, 2]``; then projected."""
    heavy, strong = at.to(valuation.weights).clamp(-1, 1).unbind(-1)
    support = messages.support
    mean = (valuation.rewards * support).sum(-1, keepdim=True) / support.sum(-1, keepdim=True)
    stretch = (STRONGEST**strong - 1)[..., None, None] * (valuation.rewards - mean) * support
    return messages.project(Valuation(valuation.rewards + stretch, valuation.weights * HEAVIEST**heavy))
