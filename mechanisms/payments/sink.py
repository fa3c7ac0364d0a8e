"""The sink: an agent drawn by lot has no say and receives what the rest would pay (Faltings 2004)."""

import torch
from torch import Tensor

from mechanisms.base import TrainingRule
from mechanisms.payments.affine_maximizer import affine_maximizer
from mechanisms.payments.base import tuner
from mechanisms.reference import Reference
from mechanisms.valuation import Reports, spelled_out


def sink(train: TrainingRule, reference: Reference, reports: Reports, policy: Tensor) -> Tensor:
    """p_i = (1/m) [sum_{a != i} p_i(without a) - sum_j p_j(without i)], m agents present, p the affine maximizer's.

    The expected payments of the training rule of the same name, which trains without each present agent in turn:
    what is collected from the market without a goes to a.  They sum to zero, and truth is dominant among those
    who are present; whether to be present at all changes the lot, and is not covered by that.
    """
    everyone = spelled_out(reports)
    present = (everyone.weights > 0).to(everyone.rewards)
    without = spelled_out(everyone.others())  # [n, ..., n], the sink's axis in front
    policies = tuner(train)(reference, without.total)
    paid = affine_maximizer(train, reference, without, policies).movedim(0, -1)  # [..., payer, sink]
    paid = paid * present[..., None] * present[..., None, :]
    paid = torch.where(torch.eye(paid.shape[-1], dtype=torch.bool, device=paid.device), 0.0, paid)
    return reports.billed((paid.sum(-1) - paid.sum(-2)) / present.sum(-1, keepdim=True).clamp(min=1))
