"""The slope of an agent's own utility in its own report, through the mechanism."""

from __future__ import annotations

import torch

from mechanisms.valuation import Valuation
from strategies.base import Observation

# Responses rarer than this hardly move the outcome; dividing by less would only amplify rounding.
RAREST = 1e-6


def slope(seen: Observation, reports: Valuation) -> tuple[torch.Tensor, Valuation]:
    """Utilities ``[M, B, m]`` at ``reports`` (axes ``[M, B, m, ...]``), and the direction in which they grow.

    The direction is the natural gradient in the rewards (the gradient over the policy, response by response, which
    takes out that frequent responses matter more) and the derivative in the log weight.
    """
    assert seen.counterfactual is not None
    assert seen.policy is not None
    with torch.enable_grad():
        rewards = reports.rewards.detach().clone().requires_grad_()
        logs = torch.zeros_like(reports.weights).requires_grad_()
        utilities = seen.counterfactual(Valuation(rewards, reports.weights * logs.exp()))
        if not utilities.requires_grad:  # nothing the agent says changes anything (a menu's argmax)
            return utilities.detach(), Valuation(torch.zeros_like(rewards), torch.zeros_like(logs))
        by_reward, by_log = torch.autograd.grad(
            utilities.sum(), (rewards, logs), allow_unused=True, materialize_grads=True
        )
    frequency = seen.policy.clamp(min=RAREST)[..., None, :, :] / seen.policy.shape[-2]
    return utilities.detach(), Valuation(by_reward / frequency, by_log)
