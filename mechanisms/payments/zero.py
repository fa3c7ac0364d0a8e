"""No payment: the baseline under which lying pays (arXiv 2405.16276, Theorem 4.2)."""

import numpy as np
from torch import Tensor

from mechanisms.base import TrainingRule
from mechanisms.reference import Reference
from mechanisms.valuation import Reports


def zero(train: TrainingRule, reference: Reference, reports: Reports, policy: Tensor) -> Tensor:
    """p_i = 0."""
    shape = np.broadcast_shapes(reports.payers().weights.shape, policy.shape[:-2])
    return reports.bills(policy.new_zeros(shape))
