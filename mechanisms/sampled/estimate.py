"""Estimates of smooth functions of means, with intervals: the jackknife's value and error, the bootstrap's interval.

All that is asked of a sampled policy is a function g of means over its samples, prompt by prompt: a valuation is a
mean, a payment w E[r] + beta log E[exp(-w r / beta)].  Plugging sample means into g errs by some 1/S on average, which
the jackknife removes (Quenouille 1956).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

LEVEL = 0.95
RESAMPLES = 999
NORMAL = torch.distributions.Normal(0.0, 1.0)


@dataclass(frozen=True)
class Estimate:
    """A value without its first-order bias, a standard error, and a 95 % interval; all ``[...]``."""

    value: Tensor
    standard_error: Tensor
    low: Tensor
    high: Tensor

    def widened(self, bound: Tensor | float) -> Estimate:
        """The interval with ``bound``, a distance that is sure, added on both sides."""
        return Estimate(self.value, self.standard_error, self.low - bound, self.high + bound)


@dataclass(frozen=True)
class Statistic:
    """g(means over samples), prompt by prompt."""

    terms: Tensor  # [k, ..., P, S], what is averaged
    combined: Callable[[Tensor], Tensor]  # g: means [k, ...] -> [...], elementwise
    constant: Tensor | float = 0.0  # [..., P], added to g

    def plug_in(self) -> Tensor:
        """g at the sample means: ``[..., P]``, biased by some 1/S."""
        return self.combined(self.terms.mean(-1))

    def without_each(self) -> Tensor:
        """g without sample s, for every s: ``[..., P, S]``."""
        size = self.terms.shape[-1]
        rest = (self.terms.sum(-1, keepdim=True) - self.terms) / (size - 1)
        # A mean lies among its terms; where one term is all of the sum, the difference may be rounding.
        low, high = self.terms.amin(-1, keepdim=True), self.terms.amax(-1, keepdim=True)
        return self.combined(torch.minimum(torch.maximum(rest, low), high))


def estimated(statistic: Statistic, prompt_weights: Tensor, seed: int = 0) -> Estimate:
    """The mean over prompts of g: ``[..., P, S] -> [...]``.

    value = jackknife, standard_error = jackknife, interval = bootstrap of samples within prompts, percentiles
    corrected for bias and skewness (BCa; Efron 1987).
    """
    size = statistic.terms.shape[-1]
    plain, without = statistic.plug_in(), statistic.without_each()
    bias = (size - 1) * (without.mean(-1) - plain)
    pull = (without.mean(-1, keepdim=True) - without) * prompt_weights[:, None]  # [..., P, S], influences / (S - 1)
    squares = pull.square().sum((-1, -2))
    error = ((size - 1) / size * squares).sqrt()
    skewness = pull.pow(3).sum((-1, -2)) / (6 * torch.where(squares > 0, squares, 1.0).pow(1.5))
    low, high = _bca(_resampled(statistic, prompt_weights, seed), plain @ prompt_weights, skewness)
    constant = (statistic.constant + torch.zeros_like(plain)) @ prompt_weights
    return Estimate((plain - bias) @ prompt_weights + constant, error, low + constant, high + constant)


def _resampled(statistic: Statistic, prompt_weights: Tensor, seed: int) -> Tensor:
    """The plug-in estimate on 999 resamples: ``[..., 999]``, prompt by prompt to spare memory."""
    rng, size = np.random.default_rng(seed), statistic.terms.shape[-1]
    found: Tensor | float = 0.0
    for prompt, weight in enumerate(prompt_weights):
        drawn = rng.integers(size, size=(RESAMPLES, size)) + size * np.arange(RESAMPLES)[:, None]
        counts = np.bincount(drawn.ravel(), minlength=RESAMPLES * size).reshape(RESAMPLES, size)
        law = torch.from_numpy(counts / size).to(statistic.terms)
        found = found + weight * statistic.combined(statistic.terms[..., prompt, :] @ law.mT)
    return torch.as_tensor(found)


def _bca(resampled: Tensor, plain: Tensor, skewness: Tensor) -> tuple[Tensor, Tensor]:
    """Quantiles of ``[..., R]`` at Phi(z + (z + u) / (1 - a (z + u))), z the median's bias, a the skewness / 6."""
    below = (resampled < plain[..., None]).double().mean(-1) + (resampled == plain[..., None]).double().mean(-1) / 2
    z = NORMAL.icdf(below.clamp(1 / RESAMPLES, 1 - 1 / RESAMPLES))
    ranked = resampled.sort(-1).values
    ends = []
    for level in ((1 - LEVEL) / 2, (1 + LEVEL) / 2):
        u = z + NORMAL.icdf(torch.tensor(level, dtype=z.dtype))
        place = NORMAL.cdf(z + u / (1 - skewness * u)) * (RESAMPLES + 1) - 1
        ends.append(ranked.gather(-1, place.round().long().clamp(0, RESAMPLES - 1)[..., None]).squeeze(-1))
    return ends[0], ends[1]
