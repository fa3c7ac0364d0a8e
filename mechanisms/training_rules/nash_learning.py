"""Nash learning from human feedback (Munos et al., arXiv 2312.00886): the policy that no rival beats on balance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from mechanisms.reference import Reference
from mechanisms.training_rules.base import SocialChoice
from mechanisms.training_rules.comparisons import rivals, strict_shares, with_ties
from mechanisms.valuation import Profile

GOAL = 1e-10  # the largest residual in a logit; a policy's relative error is about as large
# Damped Newton steps grow in proportion to W / beta: ten at 10, a hundred at 300, under 3000 at 10000.
MAX_STEPS = 3000
MAX_HALVINGS = 40
DESCENT = 1e-4  # Armijo's: the share of the promised fall of the residual that a step has to deliver


@dataclass(frozen=True)
class NashLearning(SocialChoice):
    """policy = reference * exp(W P(. over policy) / beta) / Z, P(y over p) = sum_y' p(y') P(y over y').

    The symmetric equilibrium of the game in which two policies are paid W P(p over p') less beta times their KL, which
    is unique.  W = sum_i w_i, so that beta is in the same units as for other rules.  No slope for gradients.

    Raises ValueError where the divergence is not kl or beta is 0, ArithmeticError where Newton does not converge.
    """

    iterative: ClassVar[bool] = True

    def __post_init__(self) -> None:
        if self.fine_tuner.divergence.name != "kl" or not self.beta > 0:
            given = f"divergence {self.fine_tuner.divergence.name} and beta {self.beta}"
            raise ValueError(f"nash_learning: {given}; allowed are divergence kl and beta above 0")

    def __call__(self, reference: Reference, reports: Profile) -> Tensor:
        with torch.no_grad():
            lead = (with_ties(strict_shares(reports)) - 0.5) * rivals(reference)
            pull = lead * (reports.weights.sum(-1) / self.beta)[..., None, None, None]
            start = reference.log.expand(pull.shape[:-1])
            logits = _fixed_points(start.flatten(0, -2).double(), pull.flatten(0, -3).double())
            return torch.softmax(logits, -1).reshape(start.shape).to(start)


def _fixed_points(start: Tensor, pull: Tensor) -> Tensor:
    """Solve l = start + pull softmax(l), games ``[G, K]``, pull ``[G, K, K]`` antisymmetric, start -inf on padding.

    The Jacobian I - pull C, C = diag(p) - p p', is never singular: pull is antisymmetric and C has no negative
    eigenvalue, so the eigenvalues of their product are imaginary.  Hence the residual has no other stationary point.
    """
    logits, open_ = start.clone(), torch.arange(start.shape[0], device=start.device)
    for _ in range(MAX_STEPS):
        residual = _residual(logits[open_], start[open_], pull[open_])
        unsolved = residual.abs().amax(-1) > GOAL
        open_ = open_[unsolved]
        if len(open_) == 0:
            return logits
        logits[open_] = _step(logits[open_], start[open_], pull[open_], residual[unsolved])
    raise ArithmeticError(f"nash_learning: {len(open_)} games not solved after {MAX_STEPS} Newton steps")


def _residual(logits: Tensor, start: Tensor, pull: Tensor) -> Tensor:
    """0 on the padding."""
    ahead = (pull @ torch.softmax(logits, -1)[..., None]).squeeze(-1)
    return torch.where(start.isneginf(), 0.0, logits - start - ahead)


def _step(logits: Tensor, start: Tensor, pull: Tensor, residual: Tensor) -> Tensor:
    """Newton's step, halved until the residual falls."""
    policy = torch.softmax(logits, -1)
    ahead = pull @ policy[..., None]
    jacobian = torch.eye(pull.shape[-1]).to(pull) - pull * policy[:, None] + ahead * policy[:, None]
    step = torch.linalg.solve(jacobian, -residual)
    before, size = torch.linalg.vector_norm(residual, dim=-1), torch.ones_like(residual[:, :1])
    for _ in range(MAX_HALVINGS):
        after = torch.linalg.vector_norm(_residual(logits + size * step, start, pull), dim=-1)
        poor = (after > (1 - DESCENT * size.squeeze(-1)) * before)[:, None]
        if not bool(poor.any()):
            break
        size = torch.where(poor, size / 2, size)
    return logits + size * step
