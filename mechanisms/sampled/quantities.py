"""What is asked of samples of a trained policy: valuations, welfare, KL, payments, utilities, the optimality gap.

All rewards are reports: put the true ones into the samples to know true valuations.
"""

from __future__ import annotations

import torch
from torch import Tensor

from mechanisms.sampled.estimate import Estimate, Statistic, estimated
from mechanisms.sampled.policy import SampledPolicy

DEEP = -700.0  # e^-700 is nothing beside 1, and has a logarithm still


def valuations(sampled: SampledPolicy, weights: Tensor, seed: int = 0) -> Estimate:
    """w_i E[r_i]: ``[..., n]``."""
    return estimated(_mean(weights[..., None, None] * sampled.rewards), sampled.prompt_weights, seed)


def social_welfare(sampled: SampledPolicy, weights: Tensor, seed: int = 0) -> Estimate:
    """sum_i w_i E[r_i]: ``[...]``."""
    return estimated(_mean(sampled.total(weights)), sampled.prompt_weights, seed)


def kl(sampled: SampledPolicy, seed: int = 0) -> Estimate:
    """KL(policy, reference) = E[log policy - log reference], nats (k1: no bias, may be negative): ``[...]``."""
    return estimated(_mean(sampled.log_ratio), sampled.prompt_weights, seed)


def objective(sampled: SampledPolicy, weights: Tensor, beta: float, seed: int = 0) -> Estimate:
    """sum_i w_i E[r_i] - beta KL: ``[...]``."""
    return estimated(_mean(sampled.total(weights) - beta * sampled.log_ratio), sampled.prompt_weights, seed)


def payments(sampled: SampledPolicy, weights: Tensor, beta: float, seed: int = 0) -> Estimate:
    """p_i = w_i E[r_i] + beta log E[exp(-w_i r_i / beta)], the `cumulant` payment: ``[..., n]``.

    The jackknife's value is never below the plug-in one, which is never negative.
    """
    own = weights[..., None, None] * sampled.rewards
    discount, shift = exponential(-own / beta)
    terms = torch.stack([own, discount])
    statistic = Statistic(terms, lambda m: m[0] + beta * m[1].log(), beta * shift)
    return estimated(statistic, sampled.prompt_weights, seed)


def utilities(sampled: SampledPolicy, weights: Tensor, beta: float, seed: int = 0) -> Estimate:
    """w_i E[r_i] - p_i = -beta log E[exp(-w_i r_i / beta)] of those who reported the truth: ``[..., n]``."""
    discount, shift = exponential(-weights[..., None, None] * sampled.rewards / beta)
    statistic = Statistic(discount[None], lambda m: -beta * m[0].log(), -beta * shift)
    return estimated(statistic, sampled.prompt_weights, seed)


def gap(sampled: SampledPolicy, weights: Tensor, beta: float, seed: int = 0) -> Estimate:
    """G = beta KL(policy, optimum) = beta (log E[e^l] - E[l]), l = S / beta - (log policy - log reference): ``[...]``.

    How far the trained policy's objective is below the largest that any policy attains; S = sum_i w_i r_i.
    Low where the optimum lies on responses that were not drawn: see the effective sample size of l.
    """
    log_ratio = to_optimum(sampled, weights, beta)
    height, shift = exponential(log_ratio)
    terms = torch.stack([log_ratio, height])
    statistic = Statistic(terms, lambda m: beta * (m[1].log() - m[0]), beta * shift)
    return estimated(statistic, sampled.prompt_weights, seed)


def to_optimum(sampled: SampledPolicy, weights: Tensor, beta: float) -> Tensor:
    """log optimum - log policy up to a constant: S / beta - (log policy - log reference), ``[..., P, S]``."""
    return sampled.total(weights) / beta - sampled.log_ratio


def _mean(values: Tensor) -> Statistic:
    return Statistic(values[None], lambda means: means[0])


def exponential(logs: Tensor) -> tuple[Tensor, Tensor]:
    """exp(logs - shift), at most 1, and the shift ``[..., P]``: exponents of thousands do not overflow."""
    shift = logs.amax(-1, keepdim=True)
    return (logs - shift).clamp(min=DEEP).exp(), shift.squeeze(-1)
