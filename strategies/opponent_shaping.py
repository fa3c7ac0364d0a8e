"""What one's report does to one's utility after the others' next step, their steps depending on one's report.

Letters: ``uphill`` is a gradient by rewards and by log weights, held in a `Valuation`; ``profile`` is everybody's
reports, ``[m, B, n, P, K]`` where each of the m own agents has a profile to itself.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from mechanisms.ascent import slope
from mechanisms.base import utility
from mechanisms.valuation import Valuation
from strategies.base import Announced

Step = Callable[[Valuation], Valuation]  # everybody's uphill [..., B, n, P, K] -> the reports that they step to

# Of the largest reward, or of a log weight.  A central difference this wide errs by its square, 1e-10, and by
# rounding, 1e-11.  (Autograd would do only for closed forms: an implicit policy can be differentiated once.)
WIDTH = 1e-5
SMALL = 1e-300  # keeps 0 / 0 a zero


def shaping_gradient(valuation: Valuation, market: Announced, step: Step) -> Valuation:
    """d/dx_i U_i(x_i, x'_j(x_i) for all j): by own rewards ``[B, m, P, K]`` and log weights ``[B, m]``.

    x'_j = step(dU_j/dx_j) starts from the last reports, which are also taken for the others' valuations:

        dU_i/dx_i (x_i, x') + sum_j d/dx_i (c_j . dU_j/dx_j (x)),   c_j = (dx'_j / d uphill_j)^T dU_i/dx'_j

    The second term is the derivative of dU_j/dx_i as x_j moves along c_j (mixed derivatives commute).
    """
    naive = naive_uphill(market)
    direct = slope(lambda profile: _own_worth(valuation, market, profile), _met(market, step(naive)))[1]
    pushes = _pulled_back(step, naive, direct)
    terms = [_own(market, direct)]
    terms += [
        _bent(market, agent, pushes.of(slice(agent, agent + 1))) for agent in range(market.reports.weights.shape[-1])
    ]
    return Valuation(
        torch.stack([term.rewards for term in terms]).sum(0), torch.stack([term.weights for term in terms]).sum(0)
    )


def naive_uphill(market: Announced) -> Valuation:
    """dU_j/dx_j of every agent j at the last reports, which stand for its valuation too: ``[B, n, P, K]``."""
    n, reports = market.reports.weights.shape[-1], market.reports
    everybody = Valuation(reports.rewards.expand(n, -1, -1, -1, -1), reports.weights.expand(n, -1, -1))
    _, found = slope(lambda profile: _worth(market, reports, profile).diagonal(dim1=0, dim2=2), everybody)
    return Valuation(found.rewards.diagonal(dim1=0, dim2=2).movedim(-1, 1), found.weights.diagonal(dim1=0, dim2=2))


def _worth(market: Announced, valuation: Valuation, profile: Valuation) -> Tensor:
    """Everybody's utility ``[..., B, n]``."""
    return utility(market.reference, valuation, market.mechanism(profile))


def _own_worth(valuation: Valuation, market: Announced, profile: Valuation) -> Tensor:
    """Each own agent's utility at its profile, ``[B, m]``."""
    true = market.reports.rewards.clone(), market.reports.weights.clone()
    true[0][:, market.agents], true[1][:, market.agents] = valuation.rewards, valuation.weights
    return _worth(market, Valuation(*true), profile)[..., market.agents].diagonal(dim1=0, dim2=2)


def _mine(market: Announced) -> Tensor:
    """``[m, 1, n]``, true where the agent of the last axis is the own agent of the first."""
    everyone = torch.arange(market.reports.weights.shape[-1], device=market.agents.device)
    return (market.agents[:, None] == everyone)[:, None]


def _met(market: Announced, moved: Valuation) -> Valuation:
    """What each own agent meets: its own last report, and all others where they ``moved`` to."""
    mine, kept = _mine(market), market.reports
    rewards = torch.where(mine[..., None, None], kept.rewards, moved.rewards)
    return Valuation(rewards, torch.where(mine, kept.weights, moved.weights))


def _own(market: Announced, uphill: Valuation) -> Valuation:
    """The own agents' part of ``[m, B, n, P, K]``: ``[B, m, P, K]``."""
    rewards, weights = uphill.rewards[:, :, market.agents], uphill.weights[:, :, market.agents]
    return Valuation(rewards.diagonal(dim1=0, dim2=2).movedim(-1, 1), weights.diagonal(dim1=0, dim2=2))


def _pulled_back(step: Step, naive: Valuation, direct: Valuation) -> Valuation:
    """c_j of every own agent, ``[m, B, n, P, K]``: ``direct`` through the derivative of ``step`` at ``naive``."""
    with torch.enable_grad():
        rewards = naive.rewards.expand_as(direct.rewards).detach().clone().requires_grad_()
        weights = naive.weights.expand_as(direct.weights).detach().clone().requires_grad_()
        moved = step(Valuation(rewards, weights))
        logs = moved.weights / moved.weights.detach().clamp(min=SMALL)  # its derivative is that of the log
        through = (moved.rewards * direct.rewards).sum() + (logs * direct.weights).sum()
        return Valuation(*torch.autograd.grad(through, (rewards, weights), materialize_grads=True))


def _bent(market: Announced, agent: int, push: Valuation) -> Valuation:
    """The derivative of dU_agent/dx_i as x_agent moves along ``push [m, B, 1, P, K]``, for every other own agent i."""
    kept, mine = market.reports, _mine(market)
    at = torch.zeros_like(mine, dtype=kept.weights.dtype)
    at[..., agent] = (~mine[..., agent]).to(at.dtype)  # its own step is not another's
    scale = kept.rewards[:, agent].abs().flatten(-2).amax(-1).clamp(min=SMALL)[:, None]
    length = torch.maximum(push.rewards.abs().flatten(-2).amax(-1) / scale, push.weights.abs()).clamp(min=SMALL)
    width = torch.tensor([WIDTH, -WIDTH]).to(at)[:, None, None, None] * at / length
    rewards = kept.rewards + width[..., None, None] * push.rewards
    profile = Valuation(rewards, kept.weights * (width * push.weights).exp())
    _, found = slope(lambda profile: _worth(market, kept, profile)[..., agent], profile)
    per_width = length / (2 * WIDTH)
    change = Valuation(
        (found.rewards[0] - found.rewards[1]) * per_width[..., None, None],
        (found.weights[0] - found.weights[1]) * per_width,
    )
    return _own(market, change)
