"""The alpha divergences (Amari; Cressie-Read): from reverse_kl (order 0) over kl (1) to chi-squared (2)."""

import math

import torch

from mechanisms.divergences.base import Divergence


def alpha(order: float = 0.5) -> Divergence:
    """f(t) = (t^a - a t + a - 1) / (a (a - 1)), a = order; order 2 is half of chi_squared, 1/2 twice hellinger.

    Raises ValueError at orders 0 and 1, whose limits have their own names, and at orders that are not finite.

    >>> alpha(2.0)(torch.tensor([0.5, 0.5]), torch.tensor([0.25, 0.75]))
    tensor(0.1667)
    """
    if not math.isfinite(order) or order in (0.0, 1.0):
        limit = {0.0: " (its limit is reverse_kl)", 1.0: " (its limit is kl)"}.get(order, "")
        raise ValueError(f"alpha: order is {order}; allowed is any finite number but 0 and 1{limit}")
    a = order

    def tilt(t: torch.Tensor, shift: torch.Tensor) -> torch.Tensor:
        if a > 1:
            return (t.pow(a - 1) + (a - 1) * shift).clamp(min=0).pow(1 / (a - 1))
        return t * (1 + (a - 1) * shift * t.pow(1 - a)).pow(1 / (a - 1))  # nothing cancels: all terms positive

    return Divergence(
        name="alpha",
        f=lambda t: (t.pow(a) - a * t + a - 1) / (a * (a - 1)),
        tilt=tilt,
        softness=lambda t: torch.where(t > 0, t, 1.0).pow(2 - a) * (t > 0),
    )
