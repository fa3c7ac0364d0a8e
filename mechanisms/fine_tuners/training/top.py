"""What a training run would hand over if it were stopped now: the best so far, or the last."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from mechanisms.language_models.adapters import Adapters


@dataclass(frozen=True)
class Top:
    """Row by row of the stack."""

    height: Tensor  # [R], the objective
    log_policy: Tensor  # [R, P, K]
    adapters: Adapters

    def after(self, height: Tensor, log_policy: Tensor, adapters: Adapters, best: bool) -> Top:
        """One step on: the higher one where ``best`` counts, or else the newer one."""
        if not best:
            return Top(height, log_policy, adapters.detached())
        better = height > self.height
        policies = torch.where(better[:, None, None], log_policy, self.log_policy)
        return Top(torch.where(better, height, self.height), policies, self.adapters.where(better, adapters))
