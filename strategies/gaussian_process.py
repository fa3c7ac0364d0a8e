"""What a smooth function may be where it has not been tried: Gaussian-process regression."""

from __future__ import annotations

import torch
from torch import Tensor


def matern(one: Tensor, other: Tensor, length: float) -> Tensor:
    """Matern 5/2 kernel: (1 + s + s^2 / 3) exp(-s), s = sqrt(5) * distance / length.

    ``[..., k, d], [..., l, d] -> [..., k, l]``: the covariance of twice differentiable functions of variance 1
    (Rasmussen and Williams 2006, Eq. 4.17).
    """
    s = 5**0.5 / length * (one[..., :, None, :] - other[..., None, :, :]).square().sum(-1).sqrt()
    return (1 + s + s.square() / 3) * (-s).exp()


def posterior(within: Tensor, across: Tensor, found: Tensor, noise: float) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation ``[..., k]`` at k points of a function of prior mean 0 and variance 1.

    ``within [..., w, w]`` is the kernel between the points tried, ``across [..., w, k]`` that to the k points, and
    ``found [..., w]`` what was seen, with errors of standard deviation ``noise``.  By Cholesky in float64 (Rasmussen
    and Williams 2006, Algorithm 2.1); a point may have been tried often.
    """
    within, across, found = within.double(), across.double(), found.double()
    factor = torch.linalg.cholesky(within + noise**2 * torch.eye(within.shape[-1]).to(within))
    both = torch.linalg.solve_triangular(factor, torch.cat([across, found[..., None]], -1), upper=False)
    whitened, seen = both[..., :-1], both[..., -1:]
    return (whitened * seen).sum(-2), (1 - whitened.square().sum(-2)).clamp(min=0).sqrt()
