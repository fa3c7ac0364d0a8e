"""Adapters mixed in weight space: rewarded soups (Rame et al., arXiv 2306.04488)."""

from __future__ import annotations

import torch
from torch import Tensor

from mechanisms.language_models.adapters import Adapters


def soup(adapters: Adapters, coefficients: Tensor) -> Adapters:
    """W + sum_f c_f B_f A_f for every row of ``coefficients [M, F]``: M adapters of rank F r from F of rank r.

    The maps themselves are summed; averaging A and B one by one would add products that nobody trained.
    """
    count = len(coefficients)
    down = {name: value.flatten(0, 1).expand(count, -1, -1) for name, value in adapters.down.items()}
    up = {
        name: torch.einsum("mf,for->mofr", coefficients.to(value), value).flatten(2)
        for name, value in adapters.up.items()
    }
    return Adapters(down, up)
