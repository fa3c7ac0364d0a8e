"""Policy-gradient estimators as data: how returns become advantages, and where the divergence is charged.

With y_1 ... y_b drawn from pi and log ratios l_j = log pi(y_j) - log reference(y_j), summed over a response's tokens,
the gradient of E_pi[S] - beta KL is E[sum_j A_j grad log pi(y_j)] / b for the returns S_j - beta l_j, if A_j takes off
them only what does not depend on y_j.  Scaling by the batch's own spread, or charging an estimate of KL in the loss,
maximises something else, and something else for every coalition: payments then have no meaning.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

LEAST_SPREAD = 1e-4  # added to a group's standard deviation, as group-relative methods do


@dataclass(frozen=True)
class Estimator:
    """``advantage(returns [..., b]) -> [..., b]``; ``kl`` is charged in the returns, or else as a term of the loss."""

    name: str
    advantage: Callable[[Tensor], Tensor]
    kl_in_returns: bool

    def loss(self, log_p: Tensor, log_ratio: Tensor, reward: Tensor, beta: float) -> Tensor:
        """Its negative gradient climbs; all ``[..., b]`` of samples drawn from the policy itself -> ``[...]``, nats.

        In units of beta, so that a gradient is a gradient of nats whatever the rewards' unit.
        """
        returns = reward - beta * log_ratio.detach() if self.kl_in_returns else reward
        climb = (self.advantage(returns) * log_p).mean(-1)
        charged = 0.0 if self.kl_in_returns else beta * k3(log_ratio).mean(-1)
        return (charged - climb) / beta


def leave_one_out(returns: Tensor) -> Tensor:
    """A_j = R_j - mean of the others' R: unbiased (Kool, van Hoof, Welling 2019; Ahmadian et al., arXiv 2402.14740)."""
    count = returns.shape[-1]
    return (returns - returns.mean(-1, keepdim=True)) * (count / (count - 1))


def group_standardised(returns: Tensor) -> Tensor:
    """A_j = (R_j - mean) / standard deviation (GRPO; Shao et al., arXiv 2402.03300): blind to the scale of a bid."""
    return (returns - returns.mean(-1, keepdim=True)) / (returns.std(-1, keepdim=True) + LEAST_SPREAD)


def k3(log_ratio: Tensor) -> Tensor:
    """e^{-l} - 1 + l: an estimate of KL without bias, whose gradient is not that of KL."""
    return torch.expm1(-log_ratio) + log_ratio


ESTIMATORS = {
    "rloo": Estimator("rloo", leave_one_out, kl_in_returns=True),
    "grpo": Estimator("grpo", group_standardised, kl_in_returns=False),
}
