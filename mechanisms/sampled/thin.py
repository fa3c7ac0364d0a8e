"""When samples are too few: a payment is an exponential mean, and a handful of responses may decide it."""

from __future__ import annotations

import torch
from torch import Tensor

from mechanisms.sampled.policy import SampledPolicy

ENOUGH = 50  # effective samples; with fewer, 95 % intervals were seen to cover a third, in bad cases


class ThinSample(ValueError):
    """Too few effective samples for an estimate to be stated."""


def effective_samples(sampled: SampledPolicy, weights: Tensor, beta: float, least: float = 0.0) -> Tensor:
    """(sum v + v0)^2 / (sum v^2 + v0^2), v = exp(-w_i r_i / beta): how many samples know what i's absence would do.

    v0 = exp(-w_i least / beta) stands for one response more that nobody has seen, at the ``least`` reward possible:
    without it the size is high just when the responses that count were never drawn.  The worst prompt's: ``[..., n]``.
    """
    logs = -weights[..., None, None] * sampled.rewards / beta
    unseen = (-weights * least / beta)[..., None, None].expand_as(logs[..., :1])
    return effective_sample_size(torch.cat([logs, unseen], -1)).amin(-1)


def effective_sample_size(log_ratio: Tensor) -> Tensor:
    """(sum v)^2 / sum v^2 with v = exp(log_ratio), over the last axis (Kong 1992): ``[..., S] -> [...]``, 1 to S.

    >>> effective_sample_size(torch.zeros(4))
    tensor(4.)
    """
    return (2 * log_ratio.logsumexp(-1) - (2 * log_ratio).logsumexp(-1)).exp()


def is_thin(sampled: SampledPolicy, weights: Tensor, beta: float, least: float = 0.0) -> Tensor:
    """Is agent i's payment decided by fewer than 50 effective samples?  ``[..., n]``, for tables that flag it."""
    return effective_samples(sampled, weights, beta, least) < ENOUGH


def refuse_thin(sampled: SampledPolicy, weights: Tensor, beta: float, least: float = 0.0) -> None:
    """Raises ThinSample, a ValueError, where some agent has fewer than 50 effective samples for some prompt."""
    sizes = effective_samples(sampled, weights, beta, least)
    agent = int(sizes.argmin()) % sizes.shape[-1]
    refuse_below(sizes.min(), f"without agent {agent}", sampled.size, beta)


def refuse_below(size: Tensor, where: str, samples: int, beta: float) -> None:
    """Raises ThinSample where ``size`` is below 50."""
    if float(size) < ENOUGH:
        raise ThinSample(
            f"effective sample size is {float(size):.1f} {where}, of {samples} samples a prompt; "
            f"allowed is {ENOUGH} or more, so draw more samples or raise beta (it is {beta:g})"
        )
