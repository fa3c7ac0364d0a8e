"""Counterfactuals from one training run: the others' best checkpoint on the way (arXiv 2405.16276, section 4.4)."""

import torch
from torch import Tensor

from mechanisms.base import TrainingRule
from mechanisms.payments.base import climbing
from mechanisms.reference import Reference
from mechanisms.valuation import Reports


def checkpoints(train: TrainingRule, reference: Reference, reports: Reports, policy: Tensor) -> Tensor:
    """p_i = (max_t objective without i at theta_t - objective without i at the policy) / influence_i.

    theta_t are the checkpoints of the run that was deployed: no further training.  At least 0, since the policy is
    the last of them, and nobody with non-negative rewards loses where the run only climbs.  Not truthful: the range
    depends on i's report, and who hurries the run past the others' favourites pays less.
    Raises ValueError for rules other than social_welfare, and for fine-tuners that do not train in steps.
    """
    run, others = climbing(train, "checkpoints"), reports.others()
    deployed = train.objective(reference, others, policy)
    best = deployed
    for passed in run.fine_tuner.checkpoints(reference, run.reward(reference, reports))[:-1]:
        best = torch.maximum(best, train.objective(reference, others, passed))
    return reports.bills((best - deployed) / reports.select(train.influence))
