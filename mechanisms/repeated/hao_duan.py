"""Multiplicative weights on squared errors: forecasters lose influence as they err (after Hao and Duan 2024)."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from mechanisms.repeated.forecasting import Forecasting


@dataclass(frozen=True)
class HaoDuan(Forecasting):
    """w_i <- w_i (1 - eta (p_i - x)^2), then scaled to a distribution; eta about 1/sqrt(rounds).

    A reconstructed form of the online aggregation of Hao and Duan (arXiv 2412.16834), whose exact update may
    differ.  Before the scaling i's weight is linear in its own proper score, so truth maximises it; the share after
    it is not, and is largest a little beside the truth (checked in tests/test_repeated.py): that is what `WSU` mends.
    """

    def factors(self, weights: Tensor, losses: Tensor) -> Tensor:
        return 1 - self.eta * losses
