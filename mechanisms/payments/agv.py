"""The expected-externality mechanism: a balanced budget and truth in expectation (d'Aspremont, Gerard-Varet 1979)."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import pad

from mechanisms.base import TrainingRule
from mechanisms.prior import UNIFORM, Prior
from mechanisms.reference import Reference
from mechanisms.valuation import Deviations, Reports, Valuation


def agv(
    train: TrainingRule, reference: Reference, reports: Reports, policy: Tensor, *, prior: Prior = UNIFORM
) -> Tensor:
    """p_i = -xi(report_i) + sum_{j != i} xi(report_j) / (n - 1), xi(r) = E[objective of n - 1 strangers beside r].

    The expectation is over the prior's draws, the regulariser counts among the strangers.  Payments sum to zero, and
    truth is a best response in expectation when the others are distributed as the draws, exactly so for this
    finite prior; it is not dominant.  n counts slots: an absent agent has an xi as well.  A lone agent pays nothing,
    and balance then costs truthfulness.  Raises ValueError where influences differ from 1, which would need other
    shares.
    """
    if not bool((train.influence == 1).all()):
        raise ValueError(f"agv: influence is {train.influence.tolist()}; allowed is 1 for everybody")
    base, agents = reports.others().base, reports.others().agents
    n = base.weights.shape[-1]
    strangers = prior.strangers(reference, n - 1)
    everyone = expected_externality(train, reference, base.payers(), strangers)  # [n, ...], the same for all lies
    own = everyone if reports is base else expected_externality(train, reference, reports.payers(), strangers)
    others = (everyone.sum(0) - everyone[agents]) / max(n - 1, 1)
    return reports.bills(others - own if n > 1 else torch.zeros_like(own))


def expected_externality(train: TrainingRule, reference: Reference, own: Valuation, strangers: Valuation) -> Tensor:
    """xi = E over the S draws of what training on (own report, strangers) is worth without the own report.

    ``own`` is one report a batch entry, ``[..., P, K]``, ``strangers`` are ``[S, n - 1, P, K]``: ``[...]``.
    """
    batch = (1,) * own.weights.dim()
    rewards, weights = pad(strangers.rewards, (0, 0, 0, 0, 1, 0)), pad(strangers.weights, (1, 0))  # slot 0 is empty
    seats = Valuation(rewards.reshape(-1, *batch, *rewards.shape[-3:]), weights.reshape(-1, *batch, weights.shape[-1]))
    met = Deviations(seats, slice(0, 1), Valuation(own.rewards[None, None], own.weights[None, None]))
    worth = train.objective(reference, met.others(), train(reference, met))  # [1, S, ...]
    return worth.squeeze(0).mean(0)
