"""Concave welfares of expected rewards, as data: the function, and the barrier its dual carries.

max_policy W(v_1, ..., v_n) - beta D, with v_i = E_policy[r_i], has the n-dimensional dual

    min_y  V(sum_i y_i r_i) - W_*(y),      V(S) = max_policy E[S] - beta D,      W_*(y) = min_v y.v - W(v),

where y_i is what the last unit of agent i's expected reward is worth to society.  Both welfares here have
-W_*(y) = -sum_i c_i log y_i (up to a constant), on all positive y or on the simplex.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Welfare:
    """``value(v [..., n], weights [..., n]) -> [...]``; agents of weight 0 are absent."""

    name: str
    value: Callable[[Tensor, Tensor], Tensor]
    barrier: Callable[[Tensor], Tensor]  # c: weights [..., n] -> [..., n]
    simplex: bool  # does y sum to one?


def nash() -> Welfare:
    """W(v) = sum w_i log v_i (Nash 1950; Kaneko and Nakamura 1979); c = w."""
    return Welfare("nash", lambda v, w: torch.xlogy(w, v).sum(-1), lambda w: w, simplex=False)


def least() -> Welfare:
    """W(v) = min_i v_i over the agents present, 0 if there is none; c = 0 on the simplex.

    Rawls; MaxMin-RLHF (Chakraborty et al., arXiv 2402.08925).
    """

    def value(v: Tensor, w: Tensor) -> Tensor:
        return torch.where((w > 0).any(-1), torch.where(w > 0, v, torch.inf).amin(-1), 0.0)

    return Welfare("least", value, torch.zeros_like, simplex=True)
