"""Counterfactuals trained for fewer steps than the model that is deployed (arXiv 2405.16276, section 4.4)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

from torch import Tensor

from mechanisms.base import TrainingRule
from mechanisms.payments.base import climbing
from mechanisms.reference import Reference
from mechanisms.valuation import Reports


def early_stopped(
    train: TrainingRule, reference: Reference, reports: Reports, policy: Tensor, *, fraction: float = 0.5
) -> Tensor:
    """p_i = (objective without i at theta_-i - the same at the policy) / influence_i, theta_-i stopped early.

    theta_-i is trained without i for ceil(``fraction`` * steps) steps, so it ignores i's report: ex-post regret is at
    most the optimality gap of the truthful fine-tune, whatever the fraction.  May be negative, where the policy is
    better for the others than a model that was hardly trained.
    Raises ValueError for fractions outside (0, 1], for rules other than social_welfare, and for fine-tuners that do
    not train in steps.
    """
    if not 0 < fraction <= 1:
        raise ValueError(f"early_stopped: fraction is {fraction}; allowed is above 0 and up to 1")
    run, others = climbing(train, "early_stopped"), reports.others()
    sooner = replace(cast(Any, train), fine_tuner=run.fine_tuner.stopped(fraction))
    externality = sooner.value(reference, others) - train.objective(reference, others, policy)
    return reports.bills(externality / reports.select(train.influence))
