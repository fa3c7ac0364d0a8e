"""How many independent draws of the tilted law a pool is worth."""

from __future__ import annotations

import torch
from torch import Tensor


def effective_sample_size(counts: Tensor, total: Tensor, beta: float) -> Tensor:
    """ESS = (sum_s v_s)^2 / sum_s v_s^2 over the individual samples s, with v_s = exp(total_s / beta).

    With equal responses merged, p_k ~ c_k exp(total_k / beta) and ESS = 1 / sum_k p_k^2 / c_k.
    ``counts [P, K]`` (0 is padding) and ``total [..., P, K]`` weighted rewards give ``[..., P]``: 1 when one
    sample decides, the number of samples when all count alike.
    Source: Kong, A note on importance sampling using standardized weights, 1992.

    >>> counts = torch.tensor([[3, 1, 0]])
    >>> effective_sample_size(counts, torch.zeros(1, 3), beta=0.5)
    tensor([4.], dtype=torch.float64)
    """
    tilt = torch.where(counts > 0, total.double() / beta, -torch.inf)
    p = (counts.double().log() + tilt).softmax(-1)
    return 1.0 / (p.square() / counts.clamp(min=1)).sum(-1)
