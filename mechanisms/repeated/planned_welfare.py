"""Social welfare planned ahead: this round's policy is where the next round's fine-tune starts.

    W_H(q) = max over pi_1, ..., pi_H of  sum_t discount^(t-1) (E_{pi_t}[S] - beta KL(pi_t, pi_{t-1})),   pi_0 = q

W_1(q) = beta log E_q exp(S/beta), and W_H(q) = max_pi E_pi[S] - beta KL(pi, q) + discount W_{H-1}(pi).  Since
log z = min_g (exp(g) z - g - 1), every further round adds one number g_k to a convex dual, whatever the number of
responses (derived; checked against cvxpy in tests/test_repeated.py), prompt by prompt:

    W_H(q) / beta = min over g of  log E_q exp(L_H) - sum_k discount^(H-k) (g_k + 1)
    L_1 = S / beta,   L_{k+1} = S / beta + discount exp(g_k + L_k)

At its minimum pi_1 is q exp(L_H), normalised, and exp(g_k + L_k) the likelihood ratio of the policies k - 1 and k
rounds from the end.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import torch
from torch import Tensor

from mechanisms.reference import Reference
from mechanisms.training_rules.base import EQUAL, FineTuned
from mechanisms.valuation import Profile

MAX_HORIZON = 20  # a Newton step keeps horizon^2 numbers for every response
LEAST_DISCOUNT = 0.1  # what is worth less is not worth planning, and badly conditioned
FORGOTTEN = 1e-18  # rounds that count less are not planned: they would vanish in rounding
DECREMENT = 1e-22  # aimed at; the last steps are quadratic, and rounding alone is about 1e-27
PROMISED = 1e-12  # of the dual, which is within the decrement of its minimum
MAX_STEPS = 500  # Newton steps; about ten as a rule; 318 the most seen, where the best are as rare as 1e-60
MAX_HALVINGS = 60
LONGEST = 2.0  # Newton's step is cut to this: beyond the minimum the dual grows like an exponential of exponentials
RIDGE = 1e-10  # of a coordinate's own scale: where the best response is very rare, curvature starts at nothing


@dataclass(frozen=True)
class PlannedWelfare(FineTuned):
    """objective = E_pi[S] - beta KL(pi, reference) + discount * W_{H-1}(pi), S = sum_i w_i r_i; its maximum is W_H."""

    horizon: int = 3
    discount: float = 0.9
    influence: ClassVar[Tensor] = EQUAL

    @staticmethod
    def require(horizon: int, discount: float) -> None:
        """Raises ValueError for a horizon or a discount that cannot be planned with."""
        if not 1 <= horizon <= MAX_HORIZON:
            raise ValueError(f"horizon is {horizon}; allowed is 1 to {MAX_HORIZON}")
        if not LEAST_DISCOUNT <= discount <= 1:
            raise ValueError(f"discount is {discount}; allowed is {LEAST_DISCOUNT} to 1")

    def __call__(self, reference: Reference, reports: Profile) -> Tensor:
        return planned(reference, reports.total / self.beta, self.horizon, self.discount)

    def objective(self, reference: Reference, reports: Profile, policy: Tensor) -> Tensor:
        now = reports.welfare(reference, policy) - self.beta * self.divergence(reference, policy)
        if self.horizon == 1:
            return now
        after = replace(reference, policy=policy)
        return now + self.discount * self._worth(after, reports, self.horizon - 1)

    def value(self, reference: Reference, reports: Profile) -> Tensor:
        return self._worth(reference, reports, self.horizon)

    def _worth(self, start: Reference, reports: Profile, rounds: int) -> Tensor:
        return start.mean(self.beta * worth(start, reports.total / self.beta, rounds, self.discount))


def worth(start: Reference, score: Tensor, rounds: int, discount: float) -> Tensor:
    """W_rounds(start) / beta of score = S / beta, per prompt: ``[..., P]``; differentiable in both (Danskin)."""
    kind = score.dtype
    dual = _Dual.of(start, score, rounds, discount)
    with torch.no_grad():
        at = dual.minimum()
    return dual.height(at).to(kind)


def planned(start: Reference, score: Tensor, rounds: int, discount: float) -> Tensor:
    """The first policy of the best plan: ``[..., P, K]``; differentiable in the score."""
    kind = score.dtype
    dual = _Dual.of(start, score, rounds, discount)
    with torch.no_grad():
        at = dual.minimum()
    if score.requires_grad and rounds > 1:
        slope, curvature = dual.slopes(at)  # the implicit derivative of the minimum: Newton's step, which is 0
        at = at - torch.linalg.solve(curvature.detach(), slope - slope.detach())
    return torch.softmax(dual.logs + dual.levels(at)[-1], -1).to(kind)


@dataclass(frozen=True)
class _Dual:
    start: Tensor  # [..., P, K]
    logs: Tensor  # [..., P, K], log start, minus infinity on the padding
    score: Tensor  # [..., P, K]
    discount: float
    share: Tensor  # [H - 1], discount^(H-k)

    @staticmethod
    def of(start: Reference, score: Tensor, rounds: int, discount: float) -> _Dual:
        policy, score = torch.broadcast_tensors(start.policy.double(), score.double())  # the decrement needs it
        exists = policy > 0
        top = torch.where(exists, score, -torch.inf).detach().amax(-1, keepdim=True)
        logs = torch.where(exists, torch.where(exists, policy, 1.0).log(), -torch.inf)
        rounds = 1 + sum(discount**k > FORGOTTEN for k in range(1, rounds))
        share = discount ** torch.arange(rounds - 1, 0, -1, dtype=score.dtype, device=score.device)
        return _Dual(policy, logs, torch.where(exists, score, top), discount, share)

    def levels(self, at: Tensor) -> list[Tensor]:
        """L_1 to L_H, each ``[..., P, K]``."""
        found = [self.score]
        for k in range(len(self.share)):
            found.append(self.score + self.discount * (at[..., k, None] + found[-1]).exp())
        return found

    def height(self, at: Tensor) -> Tensor:
        """The dual ``[..., P]``; infinite or not a number where it overflows."""
        last = self.levels(at)[-1]
        top = (self.logs + last).logsumexp(-1, keepdim=True).detach()
        # The start is not taken as a logarithm, whose derivative on the padding is not a number.
        mass = (self.start * torch.where(self.start > 0, last - top, 0.0).exp()).sum(-1)
        return top.squeeze(-1) + mass.log() - ((at + 1) * self.share).sum(-1)

    def slopes(self, at: Tensor) -> tuple[Tensor, Tensor]:
        """Gradient ``[..., P, H-1]`` and Hessian of the dual."""
        levels, size = self.levels(at), len(self.share)
        one = torch.eye(size, dtype=at.dtype, device=at.device)
        first = torch.zeros(*self.score.shape, size, dtype=at.dtype, device=at.device)  # of the level, by g
        second = torch.zeros(*self.score.shape, size, size, dtype=at.dtype, device=at.device)
        for k in range(size):
            rate = (self.discount * (at[..., k, None] + levels[k]).exp())[..., None]
            turn = first + one[k]
            first, second = rate * turn, rate[..., None] * (turn[..., None] * turn[..., None, :] + second)
        law = torch.softmax(self.logs + levels[-1], -1)
        mean = torch.einsum("...k,...kg->...g", law, first)
        about = first - mean[..., None, :]
        spread = second + about[..., None] * about[..., None, :]
        return mean - self.share, torch.einsum("...k,...kgh->...gh", law, spread)

    def minimum(self) -> Tensor:
        """The g that minimises the dual, by damped Newton steps: ``[..., P, H-1]``."""
        at, height = self._first()
        if not len(self.share):
            return at
        for _ in range(MAX_STEPS):
            slope, curvature = self.slopes(at)
            step = -torch.linalg.solve(curvature + torch.diag(RIDGE * self.share), slope)
            decrement = -(slope * step).sum(-1)
            done = decrement <= DECREMENT
            if bool(done.all()):
                return at
            step = step * (LONGEST / step.abs().amax(-1, keepdim=True).clamp(min=LONGEST))
            at, height = self._descended(at, height, step, slope, done)
        if bool((decrement > PROMISED).any()):
            raise ArithmeticError(f"dynamic_pivot: decrement {float(decrement.max()):.1e} after {MAX_STEPS} steps")
        return at

    def _first(self) -> tuple[Tensor, Tensor]:
        """A start from which nothing overflows: no level's ratio is above 1, and none of the minimum's is below it."""
        at = self.score.new_zeros(*self.score.shape[:-1], len(self.share))
        for k in range(len(self.share)):
            at[..., k] = -self.levels(at)[k].amax(-1)
        return at, self.height(at)

    def _descended(
        self, at: Tensor, height: Tensor, step: Tensor, slope: Tensor, done: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Halve the step until the dual falls by a tenth of what its slope promises."""
        promise, noise = (slope * step).sum(-1), 1e-14 * (1 + height.abs())  # below the noise, a change is rounding
        size = torch.where(done, 0.0, torch.ones_like(height))
        for _ in range(MAX_HALVINGS):
            landed = at + size[..., None] * step
            reached = self.height(landed)
            enough = reached <= height + 0.1 * size * promise + noise
            if bool(enough.all()):
                break
            size = torch.where(enough, size, size / 2)
        return landed, reached
