"""Lies about the size of one's group."""

from mechanisms.messages.base import MessageSpace
from mechanisms.valuation import Valuation

FACTORS = (1.0, 0.25, 0.5, 2.0, 4.0, 8.0)


def overstate(valuation: Valuation, messages: MessageSpace) -> Valuation:
    """weight * 1 (the truth), 1/4, 1/2, 2, 4 or 8; rewards true, and so kept once: ``[1, ...]``."""
    factors = valuation.weights.new_tensor(FACTORS)
    weights = factors.reshape(-1, *(1,) * valuation.weights.dim()) * valuation.weights
    return messages.project(Valuation(valuation.rewards[None], weights))
