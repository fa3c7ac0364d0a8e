"""Markets to send bills in: the training rule a payment is made for, and what lying against it is worth."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from mechanisms import DIVERGENCES, PAYMENT_RULES, Recipe
from mechanisms.base import Mechanism, TrainingRule
from mechanisms.deviation import deviation_utilities
from mechanisms.fine_tuners.exact import Exact
from mechanisms.reference import Reference
from mechanisms.training_rules.base import SocialChoice
from mechanisms.training_rules.sink import Sink
from mechanisms.valuation import EVERYONE, Profile, Reports, Valuation

ROUNDING = 1e-12  # of payments below 12 that are sums of a few dozen terms
SOLVED = 1e-9  # of an objective found by Newton's method, good to 1e-10
STEPWISE = {"early_stopped", "checkpoints"}  # payments that look at a training run on its way
SMOOTH = [name for name in DIVERGENCES if name != "total_variation"]


@dataclass(frozen=True)
class LinearPool(SocialChoice):
    """policy = sum_j w_j P_j / sum_j w_j, P_j what agent j's reward alone is fine-tuned to."""

    def __call__(self, reference: Reference, reports: Profile) -> torch.Tensor:
        tuned = self.fine_tuner(Reference(reference.policy[..., None, :, :], reference.prompt_weights), reports.rewards)
        whole = reports.weights.sum(-1)[..., None, None]
        pool = Valuation(tuned, reports.weights).total / torch.where(whole > 0, whole, 1.0)
        return torch.where(whole > 0, pool, reference.policy)


def rule_for(payment: str, beta: float, divergence: str = "kl") -> TrainingRule:
    """The training rule that a payment is made for."""
    exact = Exact(DIVERGENCES[divergence](), beta)
    if payment == "token_auction":
        return LinearPool(exact)
    if payment == "sink":
        return Sink(exact)
    fine_tuner = "mirror" if payment in STEPWISE else "exact"
    return Recipe(beta=beta, divergence=divergence, fine_tuner=fine_tuner).build().train


def paid(train: TrainingRule, payment: str, reference: Reference, reports: Reports) -> torch.Tensor:
    return Mechanism(train, PAYMENT_RULES[payment])(reference, reports).payments


def best_gain(mechanism: Mechanism, reference: Reference, truth: Valuation, lies: Valuation) -> torch.Tensor:
    """Ex-post regret among ``lies [M, n, ...]``: ``[n, ...]``."""
    honest = truth.payers()
    honest = Valuation(honest.rewards[None], honest.weights[None])
    told = deviation_utilities(mechanism, reference, truth, truth, EVERYONE, honest)
    return (deviation_utilities(mechanism, reference, truth, truth, EVERYONE, lies) - told).amax(0)


def market(n: int, responses: int, games: int, seed: int = 0) -> tuple[Reference, Valuation]:
    """Random games with rewards in [0, 1] and weight 1, the box of the default prior."""
    rng = torch.Generator().manual_seed(seed)
    reference = Reference.of(torch.softmax(torch.randn(1, responses, generator=rng).double(), -1))
    return reference, Valuation(
        torch.rand(games, n, 1, responses, generator=rng).double(), torch.ones(games, n).double()
    )
