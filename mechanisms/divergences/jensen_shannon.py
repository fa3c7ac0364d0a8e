"""Jensen-Shannon divergence, bounded by log 2."""

import torch
from torch import Tensor

from mechanisms.divergences.base import Divergence


def _f(t: Tensor) -> Tensor:
    return 0.5 * (torch.xlogy(t, t) - torch.xlogy(1 + t, (1 + t) / 2))


def jensen_shannon() -> Divergence:
    """f(t) = (t log t - (1 + t) log((1 + t) / 2)) / 2; D = KL(p, m)/2 + KL(q, m)/2 with m = (p + q)/2.

    >>> jensen_shannon()(torch.tensor([1.0, 0.0]), torch.tensor([0.5, 0.5]))
    tensor(0.2158)
    """
    return Divergence(
        name="jensen_shannon",
        f=_f,
        tilt=lambda t, a: t * (2 * a).exp() / (1 - t * torch.expm1(2 * a)),
        softness=lambda t: 2 * t * (1 + t),
    )
