"""The policy itself counts as a counterfactual: no payment is negative, however badly models were trained."""

from __future__ import annotations

import torch
from torch import Tensor

from mechanisms.base import TrainingRule
from mechanisms.reference import Reference
from mechanisms.valuation import Reports, spelled_out

CANDIDATES = ("own", "all")


def max_in_range(
    train: TrainingRule, reference: Reference, reports: Reports, policy: Tensor, *, candidates: str = "own"
) -> Tensor:
    """p_i = (max_k objective without i at theta_k - objective without i at the policy) / influence_i.

    k over the policy itself and the fine-tune without i (``candidates: own``), or those without j for every j
    (``all``): at least 0, and `affine_maximizer` where the tuner maximises.  Ex-post regret is at most the optimality
    gap of the truthful fine-tune, plus that of the one without i: a lie may move the policy off the range's top, no
    further down than theta_-i.  ``all`` costs n fine-tunes a lie and bills even the absent, where a model trained
    without somebody else happens to be the better one.
    Raises ValueError for other candidates.
    """
    if candidates not in CANDIDATES:
        raise ValueError(f"max_in_range: candidates is {candidates!r}; allowed are {', '.join(CANDIDATES)}")
    others = reports.others()
    deployed = train.objective(reference, others, policy)
    own = candidates == "own"
    best = deployed
    for theta in [train(reference, others)] if own else train(reference, spelled_out(reports).others()):
        best = torch.maximum(best, train.objective(reference, others, theta))
    return reports.bills((best - deployed) / reports.select(train.influence))
