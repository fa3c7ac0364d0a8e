"""The affine-maximizer payment: VCG with the regulariser kept (arXiv 2405.16276, Eq. 1)."""

from torch import Tensor

from mechanisms.base import TrainingRule
from mechanisms.reference import Reference
from mechanisms.valuation import Reports


def affine_maximizer(train: TrainingRule, reference: Reference, reports: Reports, policy: Tensor) -> Tensor:
    """p_i = (max objective without i - objective without i at the policy) / influence_i.

    What agent i's presence costs the others, all n counterfactual fine-tunes in one batch; at least 0.
    """
    others = reports.others()
    externality = train.value(reference, others) - train.objective(reference, others, policy)
    return reports.bills(externality / reports.select(train.influence))
