"""What agents pay for one fine-tune, as statistics of the trained policy's samples; no other model is trained."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from mechanisms.sampled.estimate import Statistic
from mechanisms.sampled.quantities import exponential

# own = w_i r_i as reported, spared = what the samples are worth to the agent, beta -> payment - E[spared]
Charge = Callable[[Tensor, Tensor, float], Statistic]


def cumulant(own: Tensor, spared: Tensor, beta: float) -> Statistic:
    """E[own] + beta log E[exp(-own / beta)] - E[spared]: the affine maximizer's payment, if the policy is its optimum.

    Under KL the fine-tune without agent i is the policy reweighted by exp(-w_i r_i / beta).
    """
    discount, shift = exponential(-own / beta)
    return Statistic(torch.stack([own - spared, discount]), lambda m: m[0] + beta * m[1].log(), beta * shift)


def pay_as_reported(own: Tensor, spared: Tensor, beta: float) -> Statistic:
    """E[own] - E[spared]."""
    return Statistic((own - spared)[None], lambda m: m[0])


def zero(own: Tensor, spared: Tensor, beta: float) -> Statistic:
    """-E[spared]."""
    return Statistic((0 - spared)[None], lambda m: m[0])


CHARGES: dict[str, Charge] = {
    "affine_maximizer": cumulant,
    "cumulant": cumulant,
    "pay_as_reported": pay_as_reported,
    "zero": zero,
}
EXPONENTIAL = ("affine_maximizer", "cumulant")  # an exponential mean, which a handful of responses may decide
