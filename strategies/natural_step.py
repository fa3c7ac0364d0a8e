"""One projected step of natural-gradient ascent, in rewards and in log weights."""

from __future__ import annotations

from torch import Tensor

from mechanisms.messages.base import MessageSpace
from mechanisms.valuation import Valuation

LIGHTEST = 1e-9  # an absent agent's weight is 0; what it does not feel must not be divided by it
FURTHEST = 100.0  # how much longer a step may be for having been made from a small weight
BOLDEST = 1.0  # the largest change of a log weight in one step: e times, or a part in e


def stepped(
    start: Valuation, uphill: Valuation, rate: float | Tensor, own: Valuation, messages: MessageSpace
) -> Valuation:
    """project(rewards + rate s uphill, weight * exp(rate s uphill / own weight)), s as in `stride`.

    ``uphill`` has natural derivatives by reward ``[..., P, K]`` and derivatives by log weight ``[...]``; ``rate`` is
    a number or ``[...]``.
    """
    size = rate * stride(start, own)
    logs = (size * uphill.weights / own.weights.clamp(min=LIGHTEST)).clamp(-BOLDEST, BOLDEST)
    rewards = start.rewards + size[..., None, None] * uphill.rewards
    return messages.project(Valuation(rewards, start.weights * logs.exp()))


def stride(start: Valuation, own: Valuation) -> Tensor:
    """s = (true weight / reported weight)^2, at most 100: ``[...]``.

    A mechanism feels weight * reward: with s it is moved as far from a small reported weight as from the true one,
    where s = 1; without, whoever says that it hardly counts would stay there.
    """
    ratio = own.weights.clamp(min=LIGHTEST) / start.weights.clamp(min=LIGHTEST)
    return ratio.square().clamp(max=FURTHEST)
