"""Cavallo's rebate: return the revenue that is certain whatever one's own report (Cavallo 2006)."""

from __future__ import annotations

import torch
from torch import Tensor

from mechanisms.base import TrainingRule
from mechanisms.payments.affine_maximizer import affine_maximizer
from mechanisms.payments.base import revenue
from mechanisms.prior import Prior
from mechanisms.reference import Reference
from mechanisms.valuation import Deviations, Reports, Valuation

DOMAIN = Prior(samples=16)  # beside the corners, which are where the revenue is least


def cavallo(
    train: TrainingRule, reference: Reference, reports: Reports, policy: Tensor, *, prior: Prior = DOMAIN
) -> Tensor:
    """p_i = affine-maximizer payment - (1/n) min_v R(v, reports of the others), v over a public set of types.

    R is the affine maximizer's revenue, n the number of slots (absent agents count).  The rebate ignores i's
    report, so truth stays dominant; for non-negative rewards it is not negative, so nobody is worse off for it.
    There is no deficit while every agent's type is in the set (`domain`); a minimum over finitely many types is
    above the one over all of the prior's box, so types outside the set may leave a small deficit: with 64 draws,
    below 1 % of the mean revenue, in under 1 of 200 random games (tests/test_payments.py).
    """
    others = reports.others()
    types = domain(reference, prior)
    batch = (1,) * others.base.weights.dim()  # the payer's axis, and the profile's without that of its agents
    rewards = types.rewards.reshape(-1, *batch, *types.rewards.shape[-2:])
    anyone = Deviations(others.base, others.agents, Valuation(rewards, types.weights.reshape(-1, *batch)))
    rebate = revenue(train, reference, anyone).amin(0) / others.base.weights.shape[-1]
    return affine_maximizer(train, reference, reports, policy) - reports.bills(rebate)


def domain(reference: Reference, prior: Prior) -> Valuation:
    """The public set of types: nobody; all or nothing on one response; the prior's draws.  ``[D, P, K]``, ``[D]``."""
    drawn = prior.strangers(reference, 1)
    prompts, responses = drawn.rewards.shape[-2:]
    favourite = torch.eye(prompts * responses).to(drawn.rewards).reshape(-1, prompts, responses)
    corners = prior.low + (prior.high - prior.low) * torch.cat([favourite, 1 - favourite])
    rewards = torch.cat([torch.zeros_like(corners[:1]), corners, drawn.rewards[:, 0]])
    weights = rewards.new_full(rewards.shape[:1], prior.weight)
    weights[0] = 0.0
    return Valuation(rewards, weights)
