"""KL(reference || policy), the mass-covering direction."""

from mechanisms.divergences.base import Divergence


def reverse_kl() -> Divergence:
    """f(t) = -log t; D = sum q log(q/p).

    >>> import torch
    >>> reverse_kl()(torch.tensor([0.25, 0.75]), torch.tensor([0.5, 0.5]))
    tensor(0.1438)
    """
    return Divergence(
        name="reverse_kl",
        f=lambda t: -t.log(),
        tilt=lambda t, a: t / (1 - a * t),
        softness=lambda t: t.square(),
    )
