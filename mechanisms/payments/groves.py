"""The Groves family: everybody is paid what the outcome is worth to the others (Groves 1973)."""

from torch import Tensor

from mechanisms.base import TrainingRule
from mechanisms.reference import Reference
from mechanisms.valuation import Reports


def groves(
    train: TrainingRule, reference: Reference, reports: Reports, policy: Tensor, *, constant: float = 0.0
) -> Tensor:
    """p_i = constant - objective without i at the policy / influence_i.

    Utility is then the objective itself, up to a constant: truth is dominant and interests are aligned, whatever
    the constant, and the provider pays for it.  `affine_maximizer` is the member whose "constant" is the largest
    objective without i; the regulariser and the boosts belong to the others.
    """
    worth = train.objective(reference, reports.others(), policy)
    return reports.bills(constant - worth / reports.select(train.influence))
