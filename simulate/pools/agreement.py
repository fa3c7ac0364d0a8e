"""How much the reward models of a pool want the same."""

from __future__ import annotations

from torch import Tensor


def agreement(reference: Tensor, rewards: Tensor) -> Tensor:
    """Correlation of two rewards under the reference within a prompt, averaged over prompts: ``[n, n]``.

    rho_ij = mean over prompts of cov(r_i, r_j) / sqrt(var r_i var r_j), all under ``reference [P, K]``;
    ``rewards [n, P, K]``.  A reward that is constant on a prompt correlates 0 with everything there.
    """
    centred = rewards - (reference * rewards).sum(-1, keepdim=True)
    covariance = (reference * centred).transpose(0, 1) @ centred.permute(1, 2, 0)  # [P, n, n]
    scale = covariance.diagonal(dim1=-2, dim2=-1).clamp(min=1e-30).rsqrt()  # 1e-30: a variance below rounding is 0
    return (scale[..., None] * covariance * scale[..., None, :]).mean(0)
