"""The affine-maximizer payment under KL from the trained policy alone: no counterfactual fine-tune."""

import torch
from torch import Tensor

from mechanisms.base import TrainingRule
from mechanisms.reference import Reference
from mechanisms.valuation import Reports


def cumulant(train: TrainingRule, reference: Reference, reports: Reports, policy: Tensor) -> Tensor:
    """p_i = w_i E_p[r_i] + (beta / influence_i) log E_p[exp(-influence_i w_i r_i / beta)], p the policy.

    Equals `affine_maximizer` where training is social welfare under KL, because the fine-tune without i is the
    policy reweighted by exp(-w_i r_i / beta); elsewhere it is only non-negative (Jensen).
    """
    own, influence = reports.payers(), reports.select(train.influence)
    rate = (influence * own.weights / train.beta)[..., None, None]
    without = reference.mean(torch.logsumexp(policy.log() - rate * own.rewards, -1))
    welfare = own.weights * reference.expectation(policy, own.rewards)
    return reports.bills(welfare + train.beta * without / influence)
