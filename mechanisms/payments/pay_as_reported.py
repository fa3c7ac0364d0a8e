"""Pay-as-bid: everybody pays what the outcome is worth by their own report."""

from torch import Tensor

from mechanisms.base import TrainingRule
from mechanisms.reference import Reference
from mechanisms.valuation import Reports


def pay_as_reported(train: TrainingRule, reference: Reference, reports: Reports, policy: Tensor) -> Tensor:
    """p_i = w_i E_policy[r_i] at the report: truth-tellers are left with nothing, so agents shade."""
    own = reports.payers()
    return reports.bills(own.weights * reference.expectation(policy, own.rewards))
