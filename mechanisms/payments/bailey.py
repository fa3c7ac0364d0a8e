"""Bailey's rebate: give everybody its share of what the market would have paid without it (Bailey 1997)."""

from torch import Tensor

from mechanisms.base import TrainingRule
from mechanisms.payments.affine_maximizer import affine_maximizer
from mechanisms.payments.base import revenue
from mechanisms.reference import Reference
from mechanisms.valuation import Reports


def bailey(train: TrainingRule, reference: Reference, reports: Reports, policy: Tensor) -> Tensor:
    """p_i = affine-maximizer payment - R(without i) / n, R the affine maximizer's revenue, n the number of slots.

    The rebate ignores i's report, so truth stays dominant.  A deficit is possible where revenue is not monotone in
    the set of agents, and in fine-tuning markets with a small beta it often is not.  Absent agents count in n and
    receive a rebate: leave them out of the profile if they should not.
    """
    others = reports.others()
    rebate = revenue(train, reference, others) / others.weights.shape[-1]
    return affine_maximizer(train, reference, reports, policy) - reports.bills(rebate)
