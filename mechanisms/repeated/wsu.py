"""Weighted-score update: forecasters gain influence as they beat the average (Freeman et al., ICML 2020)."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from mechanisms.repeated.forecasting import Forecasting


@dataclass(frozen=True)
class WSU(Forecasting):
    """w_i <- w_i (1 + eta (s_i - sum_j w_j s_j)), s_i = 1 - (p_i - x)^2, eta at most 1/2.

    The weights stay a distribution, and i's next weight is linear in its own proper score: who cares for its next
    weight alone does best to report what it believes (Freeman, Pennock, Podimata and Vaughan, arXiv 2002.08837; the
    update from memory, its truthfulness and regret checked numerically in tests/test_repeated.py).  Not so who
    cares for the policy, or for weights further off.
    """

    def factors(self, weights: Tensor, losses: Tensor) -> Tensor:
        total = weights.sum(-1, keepdim=True)
        average = (weights * losses).sum(-1, keepdim=True) / total.clamp(min=1e-300)  # 0 where nobody is present
        return 1 - self.eta * (losses - average)
