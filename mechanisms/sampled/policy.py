"""A policy known by its samples: the finite law that they make, and the laws that it can be reweighted to."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from mechanisms.reference import Reference


@dataclass(frozen=True)
class SampledPolicy:
    """S responses a prompt, drawn from the trained policy, with everybody's rewards for them.

    Raises ValueError where the samples' axes disagree, or a number is not finite.

    >>> rewards = torch.tensor([[[0.0, 1.0]]])
    >>> logs = torch.zeros(1, 2)
    >>> two = SampledPolicy(rewards, logs, logs, torch.ones(1))
    >>> two.reference().expectation(two.reference().policy, two.rewards)
    tensor([0.5000])
    """

    rewards: Tensor  # [..., n, P, S]
    log_probabilities: Tensor  # [..., P, S], of the samples under the trained policy, nats a whole response
    reference_log_probabilities: Tensor  # [..., P, S]
    prompt_weights: Tensor  # [P], sums to one

    def __post_init__(self) -> None:
        shape = self.log_probabilities.shape
        same = self.reference_log_probabilities.shape == shape and self.rewards.shape[-2:] == shape[-2:]
        if not same or self.prompt_weights.shape != shape[-2:-1]:
            given = [list(each.shape) for each in (self.rewards, self.reference_log_probabilities, self.prompt_weights)]
            raise ValueError(
                f"samples: log_probabilities are {list(shape)} [P, S]; the rest is {given}, and must agree"
            )
        for name in ("rewards", "log_probabilities", "reference_log_probabilities"):
            if not bool(torch.isfinite(getattr(self, name)).all()):
                raise ValueError(f"samples: {name} has a number that is not finite; allowed are finite ones")

    @property
    def size(self) -> int:
        """S, samples a prompt."""
        return self.log_probabilities.shape[-1]

    @property
    def log_ratio(self) -> Tensor:
        """log policy - log reference of every sample ``[..., P, S]``; its mean is KL without bias (k1), in nats."""
        return self.log_probabilities - self.reference_log_probabilities

    def reference(self) -> Reference:
        """The samples as candidates, equally likely ``[P, S]``: the empirical law of the trained policy."""
        return Reference.of(torch.full_like(self.rewards[..., 0, :, :], 1 / self.size), self.prompt_weights)

    def weights_to(self, log_ratio: Tensor) -> Tensor:
        """Self-normalised importance weights to the law proportional to policy * exp(log_ratio): ``[..., P, S]``."""
        return log_ratio.softmax(-1)

    def total(self, weights: Tensor) -> Tensor:
        """sum_i w_i r_i of every sample: ``[..., P, S]``; weights ``[..., n]``."""
        return (weights[..., None, None] * self.rewards).sum(-3)
