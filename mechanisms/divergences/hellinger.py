"""Squared Hellinger distance."""

from mechanisms.divergences.base import Divergence


def hellinger() -> Divergence:
    """f(t) = (sqrt(t) - 1)^2; D = sum (sqrt p - sqrt q)^2, so between 0 and 2.

    >>> import torch
    >>> hellinger()(torch.tensor([1.0, 0.0]), torch.tensor([0.5, 0.5]))
    tensor(0.5858)
    """
    return Divergence(
        name="hellinger",
        f=lambda t: (t.sqrt() - 1).square(),
        tilt=lambda t, a: t / (1 - a * t.sqrt()).square(),
        softness=lambda t: 2 * t * t.sqrt(),
    )
