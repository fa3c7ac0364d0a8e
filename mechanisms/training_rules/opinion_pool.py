"""Pooling opinions: everybody's own fine-tune, averaged (Park et al., arXiv 2405.00254, section 5)."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from mechanisms.reference import Reference
from mechanisms.training_rules.base import EQUAL, FineTuned
from mechanisms.training_rules.presence import each_agents, if_anybody
from mechanisms.valuation import Profile

# An opinion is at least this on a response that exists.  Fine-tunes round to 0, or are 0 under divergences that
# clip; without a floor, opinions that have no response in common would have no pool for alpha <= 0.
FLOOR = 1e-30


@dataclass(frozen=True)
class OpinionPool(FineTuned):
    """policy(y) = (sum_i w_i P_i(y)^alpha)^(1/alpha) / Z, P_i the policy fine-tuned for agent i alone.

    alpha 1 is the linear pool, 0 the geometric one.  The pool minimises sum_i w_i D_alpha(P_i || policy), the
    alpha-divergence of `disagreement`, so objective = -sum_i w_i D_alpha(P_i || policy): charging what an agent's
    presence costs the others makes truth dominant for agents who want the pool close to their own opinion (derived;
    checked numerically in tests/test_training_rules.py), which is not the E[r_i] of `utility`.  Under KL and equal
    normalisers it is `generalized_mean` of rewards (arXiv 2405.00254).  alpha 1 with bids as weights is the linear
    aggregation of the token auction (Duetting et al., arXiv 2310.10826); ``relevance [n]``, which multiplies the
    weights, that of the segment auction (Hajiaghayi et al., arXiv 2406.09459).

    Raises ValueError unless alpha is from -10 to 10 and relevance above 0.
    """

    alpha: float = 1.0
    relevance: Tensor | None = None

    def __post_init__(self) -> None:
        if not -10 <= self.alpha <= 10:  # powers of FLOOR beyond these overflow
            raise ValueError(f"opinion_pool: alpha is {self.alpha}; allowed is -10 to 10")
        if self.relevance is not None and not bool((self.relevance > 0).all()):
            raise ValueError(f"opinion_pool: relevance is {self.relevance.tolist()}; allowed are numbers above 0")

    @property
    def influence(self) -> Tensor:
        """The relevances."""
        return EQUAL if self.relevance is None else self.relevance

    def opinions(self, reference: Reference, reports: Profile) -> Tensor:
        """log P_i, at least log `FLOOR`, and 0 on the padding: ``[..., n, P, K]``."""
        each = each_agents(reference)
        return torch.where(each.policy > 0, _log(self.fine_tuner(each, reports.rewards)), 0.0)

    def __call__(self, reference: Reference, reports: Profile) -> Tensor:
        weights = reports.weights * self.influence.to(reports.weights)
        anybody = (weights > 0).any(-1, keepdim=True)
        share = torch.where(anybody, weights / torch.where(anybody, weights.sum(-1, keepdim=True), 1.0), 1.0)
        logs = torch.where(reference.policy > 0, self._pooled(share, self.opinions(reference, reports)), -torch.inf)
        return if_anybody(reports, torch.softmax(logs, -1), reference)

    def objective(self, reference: Reference, reports: Profile, policy: Tensor) -> Tensor:
        opinions = self.opinions(reference, reports)
        logs = torch.where(reference.policy > 0, _log(policy), 0.0)[..., None, :, :]
        mask = (reference.policy > 0)[..., None, :, :]
        apart = reference.mean(disagreement(opinions, logs, mask, self.alpha))
        return -(reports.weights * self.influence.to(reports.weights) * apart).sum(-1)

    def value(self, reference: Reference, reports: Profile) -> Tensor:
        return self.objective(reference, reports, self(reference, reports))

    def _pooled(self, share: Tensor, opinions: Tensor) -> Tensor:
        """log (sum_i share_i P_i^alpha)^(1/alpha), or sum_i share_i log P_i: ``[..., P, K]``."""
        if self.alpha == 0:
            return (share[..., None, None] * opinions).sum(-3)
        present = share > 0
        log_share = torch.where(present, torch.where(present, share, 1.0).log(), -torch.inf)
        return torch.logsumexp(log_share[..., None, None] + self.alpha * opinions, -3) / self.alpha


def disagreement(opinion: Tensor, policy: Tensor, exists: Tensor, alpha: float) -> Tensor:
    """D_alpha(P || Q) = (1 - sum_y P^alpha Q^(1 - alpha)) / (alpha (1 - alpha)) of logs ``[..., K]``: ``[...]``.

    KL(P || Q) at alpha 1, KL(Q || P) at 0; twice the chi-squared's half at 2.
    """
    if alpha == 1:
        each = opinion.exp() * (opinion - policy)
    elif alpha == 0:
        each = policy.exp() * (policy - opinion)
    else:
        # Per response, so that terms near 0 are added, not subtracted from 1: P and Q both sum to one.
        mixed = alpha * opinion.exp() + (1 - alpha) * policy.exp() - (alpha * opinion + (1 - alpha) * policy).exp()
        each = mixed / (alpha * (1 - alpha))
    return torch.where(exists, each, 0.0).sum(-1)


def _log(policy: Tensor) -> Tensor:
    return policy.clamp(min=FLOOR).log()
