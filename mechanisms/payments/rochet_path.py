"""Payments from the training rule alone: the utility that truth must earn on the way up from absence (Rochet 1987)."""

from __future__ import annotations

import torch
from numpy.polynomial.legendre import leggauss
from torch import Tensor

from mechanisms.base import TrainingRule
from mechanisms.reference import Reference
from mechanisms.valuation import Deviations, Reports, Valuation


def rochet_path(
    train: TrainingRule, reference: Reference, reports: Reports, policy: Tensor, *, steps: int = 16
) -> Tensor:
    """p_i = w_i E_pi[r_i] - integral_0^1 w_i E_{pi(s)}[r_i] ds, pi(s) the policy had i reported its reward at s w_i.

    Where some payment makes the rule truthful, this one does, and it is the only one up to a term that ignores i's
    report (arXiv 2405.16276, Prop. E.2, has the path as its shortest one); for `social_welfare` it is the
    `affine_maximizer` payment.  Where none does, it still makes overstating one's weight useless, if more weight
    buys more.  The integral is Gauss-Legendre with ``steps`` nodes, so exact only for rules smooth in the weights.
    Raises ValueError for steps below 1.
    """
    if steps < 1:
        raise ValueError(f"rochet_path: steps is {steps}; allowed is 1 or more")
    nodes, shares = (torch.from_numpy(x).to(policy) / 2 for x in leggauss(steps))
    own, others = reports.payers(), reports.others()
    along = (nodes + 0.5).reshape(-1, *(1,) * own.weights.dim())
    path = Deviations(others.base, others.agents, Valuation(own.rewards[None], along * own.weights))
    earned = reference.expectation(train(reference, path), own.rewards)  # [steps, ...], axes as in payers
    mean = torch.einsum("s,s...->...", shares, earned)
    return reports.bills(own.weights * (reference.expectation(policy, own.rewards) - mean))
