"""Concave welfares solved in their n-dimensional dual by a batched interior-point Newton method.

    minimise over y   h(y) = V(sum_i y_i r_i) - sum_i c_i log y_i      (y > 0; on the simplex if the welfare says so)

V's gradient is v_i = E_policy[r_i] and its Hessian (1/beta) the covariance of the rewards under the softness of
the policy, so a step costs one fine-tune and one n x n solve, whatever the number of responses.  Where the welfare
has no barrier of its own (the least well-off), mu takes its place and shrinks; at its centre the duality gap is n mu.
Steps are taken in units of y, so that every agent's variable is near one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from mechanisms.divergences.base import Divergence, likelihood_ratio
from mechanisms.fine_tuners.optimum import optimum
from mechanisms.fine_tuners.welfare import Welfare
from mechanisms.reference import Reference
from mechanisms.valuation import Profile

PROMISED_GAP = 1e-9  # duality gap, in units of the welfare
GAP = {True: 1e-10, False: 1e-13}  # aimed at, with a simplex and without, where Newton's last steps are quadratic
MAX_STEPS = 300  # Newton steps; under a hundred were the most seen
MAX_HALVINGS = 40


def concave_optimum(
    divergence: Divergence, beta: float, reference: Reference, reports: Profile, welfare: Welfare
) -> Tensor:
    """argmax_policy welfare(E[r_1], ..., E[r_n]) - beta * D, to a duality gap below 1e-9: ``[..., P, K]``.

    Raises ValueError for a divergence with a kink (the dual does not determine the policy there), ArithmeticError
    where the gap does not close.
    """
    if divergence.tilt is None:
        raise ValueError(f"{welfare.name} welfare needs a smooth divergence; {divergence.name} has a kink")
    kind = reports.rewards.dtype
    weights = reference.prompt_weights.double()
    double = replace(reference, policy=reference.policy.double(), prompt_weights=weights)  # the gap needs it
    with torch.no_grad():
        dual = _Dual(divergence, beta, double, reports.rewards.double(), reports.weights.double(), welfare)
        return dual.solved().to(kind)


@dataclass(frozen=True)
class _Point:
    """The dual at y, and what Newton needs there."""

    y: Tensor  # [..., n]
    policy: Tensor  # [..., P, K]
    expected: Tensor  # [..., n], E_policy[r_i]
    value: Tensor  # [...], V(y.r)

    def kept(self, where: Tensor, other: _Point) -> _Point:
        """This point where ``where [...]``, the other elsewhere."""
        one = where[..., None]
        return _Point(
            torch.where(one, self.y, other.y),
            torch.where(one[..., None], self.policy, other.policy),
            torch.where(one, self.expected, other.expected),
            torch.where(where, self.value, other.value),
        )


@dataclass(frozen=True)
class _Dual:
    divergence: Divergence
    beta: float
    reference: Reference
    rewards: Tensor  # [..., n, P, K]
    weights: Tensor  # [..., n]
    welfare: Welfare

    def solved(self) -> Tensor:
        """The policy at the dual's minimum."""
        point = self._at(self._start())
        present, n = self.weights > 0, self.weights.shape[-1]
        target = GAP[self.welfare.simplex]
        mu = torch.full_like(point.value, 0.1)
        for _ in range(MAX_STEPS):
            barrier = torch.where(present, mu[..., None], 0.0) if self.welfare.simplex else self.weights
            done = self._gap(point) <= target
            if bool(done.all()):
                return point.policy
            step, decrement = self._newton(point, barrier)
            point = point.kept(done, self._descended(point, step, decrement, barrier, done))
            centred = decrement <= 0.1 * mu  # close enough to this barrier's centre to lower it
            mu = torch.where(centred, torch.clamp(0.1 * mu, min=0.2 * target / n), mu)
        worst = float(self._gap(point).max())
        if worst > PROMISED_GAP:
            raise ArithmeticError(
                f"{self.welfare.name} welfare: duality gap {worst:.1e} after {MAX_STEPS} Newton steps"
            )
        return point.policy

    def _at(self, y: Tensor) -> _Point:
        total = torch.einsum("...n,...npk->...pk", y, self.rewards)
        policy = optimum(self.divergence, self.reference, total, self.beta)
        expected = self.reference.expectation(policy[..., None, :, :], self.rewards)
        cost = self.beta * self.reference.mean(self.divergence(policy, self.reference.policy))
        return _Point(y, policy, expected, (y * expected).sum(-1) - cost)

    def _start(self) -> Tensor:
        present = (self.weights > 0).to(self.rewards.dtype)
        if self.welfare.simplex:
            y = present / present.sum(-1, keepdim=True).clamp(min=1)
        else:
            before = self.reference.expectation(self.reference.policy[..., None, :, :], self.rewards)
            y = self.weights / before.clamp(min=torch.finfo(before.dtype).eps)
        batch = np.broadcast_shapes(y.shape, self.rewards.shape[:-2], (*self.reference.policy.shape[:-2], 1))
        return y.expand(batch)

    def _newton(self, point: _Point, barrier: Tensor) -> tuple[Tensor, Tensor]:
        """The step dy / y, and its decrement -gradient.step; absent agents stay at 0."""
        absent = (barrier <= 0).to(point.y.dtype)
        gradient = (point.y * point.expected - barrier) * (1 - absent)
        curvature = self._hessian(point) * (1 - absent[..., None]) * (1 - absent[..., None, :])
        system = curvature + torch.diag_embed(barrier + absent)
        if not self.welfare.simplex:
            step = -torch.linalg.solve(system, gradient)
            return step, -(gradient * step).sum(-1)
        # One bordered system, not an elimination: without its border the matrix is nearly singular for small mu.
        nobody = absent.amin(-1, keepdim=True)  # 1 where nobody is present: then there is no simplex to stay on
        border = torch.cat([point.y, nobody], -1)[..., None, :]
        bordered = torch.cat([torch.cat([system, point.y[..., None]], -1), border], -2)
        right = torch.cat([-gradient, torch.zeros_like(nobody)], -1)
        step = torch.linalg.solve(bordered, right)[..., :-1]
        return step, -(gradient * step).sum(-1)

    def _hessian(self, point: _Point) -> Tensor:
        """Of V in units of y: (1/beta) sum_k s_k (y r_k)(y r_k)' about the mean under s = softness of the policy."""
        assert self.divergence.softness is not None
        ratio = likelihood_ratio(point.policy, self.reference.policy)
        soft = self.reference.policy * self.divergence.softness(ratio)  # [..., P, K]
        mass = soft.sum(-1, keepdim=True)
        share = soft / mass.clamp(min=torch.finfo(soft.dtype).tiny)
        mean = torch.einsum("...pk,...npk->...np", share, self.rewards)
        about = (self.rewards - mean[..., None]) * point.y[..., None, None]
        weight = soft * self.reference.prompt_weights[:, None] / self.beta
        return torch.einsum("...npk,...mpk->...nm", about * weight[..., None, :, :], about)

    def _descended(self, point: _Point, step: Tensor, decrement: Tensor, barrier: Tensor, done: Tensor) -> _Point:
        """Backtrack until h falls by a tenth of what its slope promises, staying inside y > 0."""

        def height(at: _Point) -> Tensor:
            return at.value - torch.xlogy(barrier, torch.where(barrier > 0, at.y, 1.0)).sum(-1)

        start, shrink = height(point), (-step).amax(-1)
        size = torch.where(shrink > 0.99, 0.99 / shrink.clamp(min=0.99), 1.0)
        noise = 1e-14 * (1 + start.abs())  # below this, a change of h is rounding
        landed = point
        for _ in range(MAX_HALVINGS):
            landed = self._at(point.y * (1 + size[..., None] * step))
            enough = (height(landed) <= start - 0.1 * size * decrement + noise) | done
            if bool(enough.all()):
                break
            size = torch.where(enough, size, size / 2)
        return landed

    def _gap(self, point: _Point) -> Tensor:
        """Dual minus primal at y and its policy; V and D cancel, so this is exact to rounding."""
        present = self.weights > 0
        if self.welfare.simplex:
            least = torch.where(present, point.expected, torch.inf).amin(-1)
            return torch.where(present.any(-1), (point.y * point.expected).sum(-1) - least, 0.0)
        ratio = torch.where(present, point.y * point.expected / torch.where(present, self.weights, 1.0), 1.0)
        return (self.weights * (ratio - 1 - ratio.log())).sum(-1)
