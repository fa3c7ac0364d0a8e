"""Concave welfares of expected rewards, as data: the function, and where its dual lives.

max_policy W(v_1, ..., v_n) - beta D, with v_i = E_policy[r_i], has the n-dimensional dual

    min_y  V(sum_i y_i r_i) - W_*(y),      V(S) = max_policy E[S] - beta D,      W_*(y) = min_v y.v - W(v),

where y_i is what the last unit of agent i's expected reward is worth to society.  For the Nash welfare
-W_*(y) = -sum_i w_i log y_i up to a constant, on all positive y; for the least well-off it is 0, on the simplex.
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
    simplex: bool  # does y sum to one?


def nash() -> Welfare:
    """W(v) = sum w_i log v_i (Nash 1950; Kaneko and Nakamura 1979)."""
    return Welfare("nash", lambda v, w: torch.xlogy(w, v.clamp(min=0)).sum(-1), simplex=False)


def least() -> Welfare:
    """W(v) = min_i v_i over the agents present, 0 if there is none.

    Rawls; MaxMin-RLHF (Chakraborty et al., arXiv 2402.08925).
    """

    def value(v: Tensor, w: Tensor) -> Tensor:
        return torch.where((w > 0).any(-1), torch.where(w > 0, v, torch.inf).amin(-1), 0.0)

    return Welfare("least", value, simplex=True)
