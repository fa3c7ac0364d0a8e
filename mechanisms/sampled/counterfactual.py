"""What if agent i had reported something else: the trained policy's samples, reweighted."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from mechanisms.sampled.estimate import Estimate, Statistic, estimated
from mechanisms.sampled.policy import SampledPolicy
from mechanisms.sampled.quantities import exponential
from mechanisms.sampled.thin import effective_sample_size


@dataclass(frozen=True)
class Counterfactual:
    """Agent ``agent`` reports ``rewards [..., P, S]`` at ``weight [...]`` instead; the others' reports stay.

    Under KL the fine-tune would be policy' proportional to policy * exp((w' r' - w r) / beta), if the policy is the
    optimum at the reports.  Leading axes, such as one for many lies, come along.
    """

    sampled: SampledPolicy  # rewards [..., n, P, S], as reported
    weights: Tensor  # [..., n], as reported
    beta: float
    agent: int
    rewards: Tensor
    weight: Tensor

    @property
    def log_ratio(self) -> Tensor:
        """log policy' - log policy, up to a constant ``[..., P, S]``."""
        return (self._told - self._before) / self.beta

    @property
    def effective_sample_size(self) -> Tensor:
        """Of the worst prompt: ``[...]``."""
        return effective_sample_size(self.log_ratio).amin(-1)

    def expectation(self, values: Tensor, seed: int = 0) -> Estimate:
        """E_policy'[values], self-normalised: ``[..., P, S] -> [...]``."""
        mass, _ = exponential(self.log_ratio)
        terms = torch.stack(torch.broadcast_tensors(mass, mass * values))
        return estimated(Statistic(terms, lambda m: m[1] / m[0]), self.sampled.prompt_weights, seed)

    def payment(self, seed: int = 0) -> Estimate:
        """p' = w' E_policy'[r'] + beta log E_policy'[exp(-w' r' / beta)]: ``[...]``."""
        return self._worth(self._told, 1.0, seed)

    def utility(self, truth: Tensor | None = None, seed: int = 0) -> Estimate:
        """E_policy'[truth] - p', ``truth [..., P, S]`` the true w_i r_i (left out: what was reported): ``[...]``.

        If the report was the truth and the policy the optimum, what a lie costs is beta KL(policy', policy).
        """
        return self._worth((self._before if truth is None else truth) - self._told, -1.0, seed)

    @property
    def _before(self) -> Tensor:
        return self.weights[..., self.agent, None, None] * self.sampled.rewards[..., self.agent, :, :]

    @property
    def _told(self) -> Tensor:
        return self.weight[..., None, None] * self.rewards

    def _worth(self, values: Tensor, sign: float, seed: int) -> Estimate:
        """E_policy'[values] + sign * beta log E_policy'[exp(-w' r' / beta)]; absence undoes either report."""
        mass, up = exponential(self.log_ratio)
        absent, down = exponential(-self._before / self.beta)
        terms = torch.stack(torch.broadcast_tensors(mass, mass * values, absent))
        scale = sign * self.beta
        statistic = Statistic(terms, lambda m: m[1] / m[0] + scale * (m[2] / m[0]).log(), scale * (down - up))
        return estimated(statistic, self.sampled.prompt_weights, seed)
