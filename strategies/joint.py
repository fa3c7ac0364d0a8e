"""What the members of a population would get if they all switched to other reports at once."""

from __future__ import annotations

import torch
from torch import Tensor

from mechanisms.valuation import Valuation
from strategies.base import Announced


def joint_utilities(market: Announced, truth: Valuation, lies: Valuation) -> Tensor:
    """True utilities ``[M, B, m]`` of the members under joint lies ``[M, B, m, P, K]``, the others' reports fixed."""
    outcome = market.mechanism(switched(market, lies))
    worth = market.reference.expectation(outcome.policy[..., None, :, :], truth.rewards)
    return truth.weights * worth - outcome.payments[..., market.agents]


def switched(market: Announced, lies: Valuation) -> Valuation:
    """Everybody's reports ``[M, B, n, P, K]``, the members' replaced."""
    tries, said = lies.weights.shape[0], market.reports
    rewards = said.rewards.expand(tries, *said.rewards.shape).index_copy(-3, market.agents, lies.rewards)
    weights = said.weights.expand(tries, *said.weights.shape).index_copy(-1, market.agents, lies.weights)
    return Valuation(rewards, weights)


def repeated(valuation: Valuation, tries: int) -> Valuation:
    """The same report for every try: ``[M, B, m, P, K]``."""
    return Valuation(
        valuation.rewards.expand(tries, *valuation.rewards.shape),
        valuation.weights.expand(tries, *valuation.weights.shape),
    )


def pooled(valuation: Valuation) -> Valuation:
    """The members as one agent: mean rewards by weight ``[B, 1, P, K]`` under the sum of the weights ``[B, 1]``."""
    weight = valuation.weights.sum(-1, keepdim=True)
    shares = valuation.weights / torch.where(weight > 0, weight, 1.0)
    return Valuation((shares[..., None, None] * valuation.rewards).sum(-3, keepdim=True), weight)
