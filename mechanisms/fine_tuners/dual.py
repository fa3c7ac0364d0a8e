"""Concave welfares solved in their n-dimensional dual by a batched interior-point Newton method.

    minimise over y   h(y) = V(sum_i y_i r_i) - sum_i c_i log y_i      (y > 0; on the simplex if the welfare says so)

V's gradient is v_i = E_policy[r_i] and its Hessian (1/beta) the covariance of the rewards under the softness of
the policy, so a step costs one fine-tune and one n x n solve, whatever the number of responses.  Where the welfare
has no barrier of its own (the least well-off), mu takes its place and shrinks; at its centre the duality gap is n mu.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from mechanisms.divergences.base import Divergence, likelihood_ratio
from mechanisms.fine_tuners.optimum import optimum
from mechanisms.fine_tuners.welfare import Welfare
from mechanisms.reference import Reference
from mechanisms.valuation import Profile

GAP = 1e-10  # duality gap aimed at, in units of the welfare: a tenth of the 1e-9 that is promised
QUADRATIC_GAP = 1e-13  # where Newton converges quadratically, one more step is all that this costs
MAX_STEPS = 300  # Newton steps; a few dozen are usual
MAX_HALVINGS = 40


@dataclass(frozen=True)
class _Point:
    """The dual at y, and what Newton needs there."""

    policy: Tensor  # [..., P, K]
    expected: Tensor  # [..., n], E_policy[r_i]
    value: Tensor  # [...], V(y.r)


def concave_optimum(
    divergence: Divergence, beta: float, reference: Reference, reports: Profile, welfare: Welfare
) -> Tensor:
    """argmax_policy welfare(E[r_1], ..., E[r_n]) - beta * D, to a duality gap below 1e-9: ``[..., P, K]``.

    Raises ValueError for a divergence with a kink (the dual does not determine the policy there), and where the
    Nash welfare is minus infinity whatever the policy (an agent none of whose rewards is positive).
    """
    if divergence.tilt is None:
        raise ValueError(f"{welfare.name} welfare needs a smooth divergence; {divergence.name} has a kink")
    with torch.no_grad():
        return _solve(divergence, beta, reference, reports.rewards, reports.weights, welfare).policy


def _solve(
    divergence: Divergence, beta: float, reference: Reference, rewards: Tensor, weights: Tensor, welfare: Welfare
) -> _Point:
    present = weights > 0
    if not welfare.simplex:
        _require_positive(reference, rewards, present)

    def at(y: Tensor) -> _Point:
        total = torch.einsum("...n,...npk->...pk", y, rewards)
        policy = optimum(divergence, reference, total, beta)
        expected = reference.expectation(policy[..., None, :, :], rewards)
        cost = beta * reference.mean(divergence(policy, reference.policy))
        return _Point(policy, expected, (y * expected).sum(-1) - cost)

    y = _start(reference, rewards, weights, welfare)
    mu = torch.where(present.any(-1), 1e-1, 0.0).to(y.dtype) if welfare.simplex else torch.zeros_like(y[..., 0])
    point = at(y)
    for _ in range(MAX_STEPS):
        barrier = torch.where(present, mu[..., None], 0.0) if welfare.simplex else welfare.barrier(weights)
        step, decrement = _newton_step(divergence, beta, reference, rewards, point, y, barrier, welfare.simplex)
        gap = _gap(point.expected, y, weights, welfare)
        done = gap <= (GAP if welfare.simplex else QUADRATIC_GAP)
        if bool(done.all()):
            break
        y, point = _line_search(at, y, point, step, decrement, barrier, done)
        centred = decrement <= 0.1 * mu  # close enough to this barrier's centre to lower it
        mu = torch.where(centred, torch.clamp(0.1 * mu, min=0.2 * GAP / y.shape[-1]), mu)
    return point


def _start(reference: Reference, rewards: Tensor, weights: Tensor, welfare: Welfare) -> Tensor:
    present = (weights > 0).to(rewards.dtype)
    if welfare.simplex:
        y = present / present.sum(-1, keepdim=True).clamp(min=1)
    else:
        before = reference.expectation(reference.policy[..., None, :, :], rewards)
        y = weights / before.clamp(min=torch.finfo(rewards.dtype).tiny ** 0.5)
    return y.expand(torch.broadcast_shapes(y.shape, rewards.shape[:-2], (*reference.policy.shape[:-2], 1))).clone()


def _newton_step(
    divergence: Divergence,
    beta: float,
    reference: Reference,
    rewards: Tensor,
    point: _Point,
    y: Tensor,
    barrier: Tensor,
    simplex: bool,
) -> tuple[Tensor, Tensor]:
    """The step in units of y (so that every agent's variable is near one), and its decrement -gradient.step."""
    assert divergence.softness is not None
    soft = reference.policy * divergence.softness(likelihood_ratio(point.policy, reference.policy))
    soft = soft / soft.sum(-1, keepdim=True).clamp(min=torch.finfo(soft.dtype).tiny)
    # d policy = (1/beta) * (scale of softness) * ...: the covariance under normalised softness times its total
    total = (reference.policy * divergence.softness(likelihood_ratio(point.policy, reference.policy))).sum(-1)
    centred = rewards - torch.einsum("...pk,...npk->...np", soft, rewards)[..., None]
    scaled = centred * y[..., None, None]
    weighted = scaled * (soft * (total * reference.prompt_weights / beta)[..., None])[..., None, :, :]
    hessian = torch.einsum("...npk,...mpk->...nm", weighted, scaled)
    gradient = y * point.expected - barrier
    absent = (barrier <= 0).to(y.dtype)
    gradient = gradient * (1 - absent)
    diagonal = torch.diag_embed(barrier + absent)
    system = hessian * (1 - absent[..., None]) * (1 - absent[..., None, :]) + diagonal
    if not simplex:
        step = -torch.linalg.solve(system, gradient)
        return step, -(gradient * step).sum(-1)
    # One bordered system rather than an elimination: without its border the matrix is nearly singular for small mu.
    nobody = (absent.prod(-1, keepdim=True) > 0).to(y.dtype)  # then there is no simplex to stay on
    border = torch.cat([y, nobody], -1)[..., None, :]
    bordered = torch.cat([torch.cat([system, y[..., None]], -1), border], -2)
    right = torch.cat([-gradient, torch.zeros_like(y[..., :1])], -1)
    step = torch.linalg.solve(bordered, right)[..., :-1]
    return step, -(gradient * step).sum(-1)


def _line_search(at, y, point, step, decrement, barrier, done):  # type: ignore[no-untyped-def]
    """Backtrack until h falls by a tenth of what its slope promises; elements that are done stay as they are."""

    def height(y: Tensor, point: _Point) -> Tensor:
        return point.value - torch.xlogy(barrier, torch.where(barrier > 0, y, 1.0)).sum(-1)

    start = height(y, point)
    shrink = (-step).amax(-1)
    size = torch.where(shrink > 0.99, 0.99 / shrink.clamp(min=0.99), 1.0)
    noise = 1e-14 * (1 + start.abs())  # below this, a change of h is rounding
    for _ in range(MAX_HALVINGS):
        trial = y * (1 + size[..., None] * step)
        landed = at(trial)
        enough = height(trial, landed) <= start - 0.1 * size * decrement + noise
        if bool((enough | done).all()):
            break
        size = torch.where(enough | done, size, size / 2)
    keep = done[..., None]
    policy = torch.where(keep[..., None], point.policy, landed.policy)
    expected = torch.where(keep, point.expected, landed.expected)
    return torch.where(keep, y, trial), _Point(policy, expected, torch.where(done, point.value, landed.value))


def _gap(expected: Tensor, y: Tensor, weights: Tensor, welfare: Welfare) -> Tensor:
    """Dual minus primal at y and its policy; V and D cancel, so this is exact to rounding."""
    if welfare.simplex:
        return (y * expected).sum(-1) - torch.where(weights > 0, expected, torch.inf).amin(-1).clamp(max=1e300)
    ratio = torch.where(weights > 0, y * expected / torch.where(weights > 0, weights, 1.0), 1.0)
    return (weights * (ratio - 1 - ratio.log())).sum(-1)


def _require_positive(reference: Reference, rewards: Tensor, present: Tensor) -> None:
    best = torch.where(reference.policy[..., None, :, :] > 0, rewards, -torch.inf).flatten(-2).amax(-1)
    if bool(((best <= 0) & present).any()):
        raise ValueError("nash welfare needs, of every agent, a reward above 0 on some response; one report has none")
