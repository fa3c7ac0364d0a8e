"""MOSAIC's second offset: utility as contribution (Soumalias, Curry, Seuken; arXiv 2405.05905)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

from torch import Tensor

from mechanisms.base import TrainingRule
from mechanisms.fine_tuners.replies import Replies
from mechanisms.payments.base import tuner
from mechanisms.reference import Reference
from mechanisms.valuation import Reports


def mosaic(
    train: TrainingRule, reference: Reference, reports: Reports, policy: Tensor, *, samples: int = 20, seed: int = 1
) -> Tensor:
    """p_i = w_i E_policy[r_i] - V_M(S_N) + V'_M(S_-i), V'_M the largest objective on a second sample of replies.

    Made for the fine-tuner `replies`, whose V_M is attained by its policy; written as V'_M minus the others'
    objective.  Neither sample sees i's report, so truth is dominant at every number of replies; utility tends to the
    marginal contribution V(S_N) - V(S_-i) as they grow.  A payment may be negative, and a utility too.  The second
    sample comes from the reference, the same for everybody; with the fine-tuner's own samples and seed it is the
    first one, and this is `affine_maximizer`.  (The offset's form is derived from the paper's description.)
    """
    own = tuner(train)
    elsewhere = replace(cast(Any, train), fine_tuner=Replies(own.divergence, own.beta, samples, seed))
    others = reports.others()
    externality = elsewhere.value(reference, others) - train.objective(reference, others, policy)
    return reports.bills(externality / reports.select(train.influence))
