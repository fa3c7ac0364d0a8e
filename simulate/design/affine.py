"""Affine maximizers as a family to search: every member is incentive compatible, whatever its parameters.

Influence a_i > 0 and boosts b(y) are fixed before the reports arrive (Roberts 1979; learned by gradient as in
AMenuNet, Duan et al., arXiv 2305.12162).  The divergence keeps its coefficient beta0: maximising
sum a_i w_i E[r_i] + E[b] - beta0 D is, divided by c, maximising with (a / c, b / c, beta0 / c), and the payments, which
are divided by the influence, stay what they are; so the scale of (a, b) is the mechanism's own beta (derived; checked
in tests/test_design.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from mechanisms.base import Outcome
from mechanisms.payments.affine_maximizer import affine_maximizer
from mechanisms.reference import Reference
from mechanisms.training_rules.social_welfare import SocialWelfare
from mechanisms.valuation import Valuation


@dataclass(frozen=True)
class AffineMaximizer:
    """One member: differentiable in both parameters."""

    train: SocialWelfare  # social welfare at beta0, nothing else in it
    log_influence: Tensor  # [n]
    boosts: Tensor  # [P, K]

    @classmethod
    def vcg(cls, train: SocialWelfare, reference: Reference, agents: int) -> AffineMaximizer:
        """Where the search starts: everybody counts the same, nothing is boosted."""
        zeros = torch.zeros(agents, dtype=reference.policy.dtype, device=reference.policy.device)
        return cls(train, zeros.requires_grad_(), torch.zeros_like(reference.policy).requires_grad_())

    def __call__(self, reference: Reference, truth: Valuation) -> Outcome:
        """VCG in a world where agent i's weight is a_i w_i, its bill divided by a_i."""
        influence = self.log_influence.exp()
        rule = SocialWelfare(self.train.fine_tuner, boosts=self.boosts)
        counted = truth.scaled(influence)
        policy = rule(reference, counted)
        return Outcome(policy, affine_maximizer(rule, reference, counted, policy) / influence)

    def recipe(self, reference: Reference) -> dict[str, Any]:
        """Training and beta as a scenario file says them: mean influence 1, boosts that start at 0."""
        with torch.no_grad():
            influence = self.log_influence.exp()
            scale = influence.mean()
            support = reference.policy > 0
            # a constant per prompt changes neither policy nor payments
            least = torch.where(support, self.boosts, torch.inf).amin(-1, keepdim=True)
            boosts = torch.where(support, self.boosts - least, 0.0) / scale
            training = {"name": "social_welfare", "influence": (influence / scale).tolist(), "boosts": boosts.tolist()}
            return {"training": training, "beta": self.train.beta / scale.item()}
